"""The picture of the viewer: a frame of the video, or an empty one, with the faces in the data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.live.views.face_marks import Mark, paint_marks

_EMPTY: Final = QColor("#0B0D11")
_BEHIND_WORDS: Final = QColor(11, 13, 17, 170)


class Stage(QWidget):
    """Paints what it is given; a click on a face chooses it."""

    face_chosen = Signal(int)
    """The track id of the face that was clicked."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(self.tr("Picture with the recorded faces"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(QSize(280, 170))
        self.image: npt.NDArray[np.uint8] | None = None
        """The frame of the video that is shown."""
        self._picture = QImage()
        """The same, as it is painted fastest."""
        self.faces_drawn = True
        """On the video; without one they always are."""
        self._size = (640.0, 480.0)
        """Width and height of the frames, in pixels."""
        self._marks: tuple[Mark, ...] = ()
        """With boxes in pixels of the frame."""
        self.hint = ""
        """Told in the corner, of a picture that is empty."""

    def clear(self, size: tuple[float, float], hint: str) -> None:
        """Frames have ``size``, their width and height in pixels, until there is one."""
        self.image, self._marks, self._size, self.hint = None, (), size, hint
        self.update()

    def show_image(self, image: npt.NDArray[np.uint8]) -> None:
        """BGR [height, width, 3], contiguous."""
        height, width = image.shape[:2]
        self.image, self._size = image, (float(width), float(height))
        frame = QImage(image.data, width, height, image.strides[0], QImage.Format.Format_BGR888)
        self._picture = frame.convertToFormat(QImage.Format.Format_RGB32)
        self.update()

    def show_faces(self, marks: Sequence[Mark]) -> None:
        """The most important first, with boxes in pixels of the frame."""
        if tuple(marks) != self._marks:
            self._marks = tuple(marks)
            self.update()

    def show_hint(self, hint: str) -> None:
        """A line of text on the picture; empty for none."""
        if hint != self.hint:
            self.hint = hint
            self.update()

    def draw_faces(self, drawn: bool) -> None:
        """Or show the video without them; a click chooses them all the same."""
        self.faces_drawn = drawn
        self.update()

    @property
    def picture_rect(self) -> QRectF:
        """Where the picture is painted, in widget pixels."""
        width, height = self._size
        scale = min(self.width() / width, self.height() / height)
        left, top = (self.width() - width * scale) / 2, (self.height() - height * scale) / 2
        return QRectF(left, top, width * scale, height * scale)

    @property
    def marks(self) -> list[Mark]:
        """With boxes in widget pixels."""
        picture = self.picture_rect
        scale = picture.width() / self._size[0]
        placed = []
        for mark in self._marks:
            box = QRectF(mark.box.topLeft() * scale, mark.box.size() * scale)
            box.translate(picture.topLeft())
            box = box.intersected(picture)
            if not box.isEmpty():
                placed.append(mark.at(box))
        return placed

    def mousePressEvent(self, event: QMouseEvent) -> None:
        hit = [mark for mark in self.marks if mark.box.contains(event.position())]
        if hit:
            self.face_chosen.emit(min(hit, key=lambda mark: mark.box.width()).track)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - Qt's signature
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.fillRect(self.rect(), _EMPTY)
        picture = self.picture_rect
        if self.image is not None:
            painter.drawImage(picture, self._picture)
        else:
            painter.fillRect(picture, QColor("#20242C"))
        if self.faces_drawn or self.image is None:
            paint_marks(painter, self.marks, picture, self.font())
        if self.hint:
            place = picture.adjusted(10, 6, -10, -6)
            flags = Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignLeft
            words = painter.boundingRect(place, flags, self.hint).adjusted(-6, -3, 6, 3)
            painter.fillRect(words, _BEHIND_WORDS)
            painter.setPen(QColor("#D5DAE3"))
            painter.drawText(place, flags, self.hint)
