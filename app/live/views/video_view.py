"""The picture, with a box, an expression and a confidence for every face."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.live.people import People
from app.live.views.face_marks import Mark, paint_marks
from app.live.views.overlay import Overlay
from app.live.views.quality_words import in_words
from app.theme import current_theme
from ml.vision.analysis import Analysis, Frame, TrackedFace

_KEEPS_PACE: Final = 1 / 15
"""Up to this many seconds apart, analyses are shown with their own frame, so that boxes fit."""
_SKIPS: Final = 1.3
"""Frames from one analysis to the next, up to which showing only the analysed ones is smooth."""
_STALE: Final = 0.3
"""Seconds without an analysis after which the newest frame is shown anyway."""
_CORNER: Final = 10.0


class VideoView(QWidget):
    """Shows frames as large as fits; a click on a face chooses it."""

    face_chosen = Signal(int)
    """The track id of the face that was clicked."""
    leave_requested = Signal()
    """Enter was pressed in the picture."""
    frame_shown = Signal()
    """Another frame is shown."""

    def __init__(self, people: People, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._people = people
        people.changed.connect(self.update)
        self.setAccessibleName(self.tr("Video with the detected faces"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(QSize(320, 204))
        self.mirrored = False
        self.invitation = ""
        """Shown in place of a picture."""
        self._frame: Frame | None = None
        self._analysis: Analysis | None = None
        self._chosen: int | None = None
        self._least_quality = 0.0
        self.overlay: Overlay | None = None
        self._pace = 0.0
        """Seconds between analyses, smoothed."""
        self._step = 1.0
        """Frames from one analysis to the next, smoothed."""

    @property
    def frame(self) -> Frame | None:
        """The one shown."""
        return self._frame

    def set_mirrored(self, mirrored: bool) -> None:
        self.mirrored = mirrored
        self.update()

    def set_invitation(self, text: str) -> None:
        self.invitation = text
        self.update()

    def set_chosen(self, track: int | None) -> None:
        if track != self._chosen:
            self._chosen = track
            self.update()

    def set_least_quality(self, quality: float) -> None:
        """Faces of less, 0 to 1, are painted faintly, with the reason."""
        self._least_quality = quality
        self.update()

    def set_overlay(self, overlay: Overlay | None) -> None:
        """Lay ``overlay`` over the face that it explains."""
        self.overlay = overlay
        self.update()

    def show_frame(self, frame: Frame) -> None:
        """Offer the source's newest frame; it is not shown while analyses keep pace."""
        if self._analysis is not None:
            age = frame.time - self._analysis.frame.time
            if self._keeps_pace and age <= _STALE:
                return
        self._show(frame)

    def show_analysis(self, analysis: Analysis) -> None:
        """Show the newest analysis, with its own frame if analyses keep pace."""
        if self._analysis is not None:
            apart = analysis.frame.time - self._analysis.frame.time
            self._pace += 0.2 * (min(max(apart, 0.0), 1.0) - self._pace)
            step = analysis.frame.index - self._analysis.frame.index
            self._step += 0.2 * (min(max(step, 1), 10) - self._step)
        self._analysis = analysis
        self.update()
        if self._frame is None or self._keeps_pace:
            self._show(analysis.frame)

    @property
    def _faces(self) -> tuple[TrackedFace, ...]:
        """What is painted on the frame: nothing of an analysis of one that was turned otherwise."""
        if self._frame is None or self._analysis is None:
            return ()
        return self._analysis.faces if self._analysis.frame.turn is self._frame.turn else ()

    @property
    def _keeps_pace(self) -> bool:
        return self._pace <= _KEEPS_PACE and self._step <= _SKIPS

    def _show(self, frame: Frame) -> None:
        self._frame = frame
        self.update()
        self.frame_shown.emit()

    def clear_faces(self) -> None:
        self._analysis = None
        self._pace, self._step = 0.0, 1.0
        self.update()

    def clear(self) -> None:
        self._frame = None
        self.clear_faces()

    def sizeHint(self) -> QSize:
        return QSize(800, 600)

    # Geometry

    def picture_rect(self) -> QRectF:
        """Where the picture is painted, in widget pixels."""
        room = QRectF(self.rect())
        if self._frame is None:
            return room
        height, width = self._frame.image.shape[:2]
        scale = min(room.width() / width, room.height() / height)
        size = (width * scale, height * scale)
        left_over = (room.width() - size[0]) / 2, (room.height() - size[1]) / 2
        return QRectF(*left_over, *size)

    def picture_area(self) -> QRect:
        """The whole pixels of the picture; empty while there is none."""
        return QRect() if self._frame is None else self.picture_rect().toAlignedRect()

    def face_rect(self, face: TrackedFace) -> QRectF:
        """Where a face's box is painted, in widget pixels: as far as it is in the picture."""
        return self._whole_box(face).intersected(self.picture_rect())

    def _whole_box(self, face: TrackedFace) -> QRectF:
        if self._frame is None or self._analysis is None:
            return QRectF()
        picture = self.picture_rect()
        width = self._frame.image.shape[1]
        scale = picture.width() / width
        dx, dy = face.offset_after(self._frame.time - self._analysis.frame.time)
        box = face.face
        x = box.x + dx
        if self.mirrored:
            x = width - x - box.width
        return QRectF(
            picture.x() + x * scale,
            picture.y() + (box.y + dy) * scale,
            box.width * scale,
            box.height * scale,
        )

    # Events

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus()
        hit = [face for face in self._faces if self.face_rect(face).contains(event.position())]
        if hit:
            # Of overlapping faces the smaller one is meant: the other can be clicked elsewhere.
            self.face_chosen.emit(min(hit, key=lambda face: face.face.width).track)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.leave_requested.emit()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - Qt's signature
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        outline = QPainterPath()
        outline.addRoundedRect(QRectF(self.rect()), _CORNER, _CORNER)
        if self._frame is None:
            painter.fillPath(outline, QColor(theme.raised))
            painter.setPen(QColor(theme.muted))
            font = QFont(self.font())
            font.setPointSizeF(font.pointSizeF() * 1.25)
            painter.setFont(font)
            margins = self.rect().adjusted(40, 40, -40, -40)
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(margins, flags, self.invitation)
            return
        painter.fillPath(outline, QColor("#0B0D11"))
        self.paint_picture(painter)
        if self.hasFocus():
            painter.setPen(QPen(QColor(theme.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), _CORNER, _CORNER)

    def paint_picture(self, painter: QPainter) -> None:
        """The frame and what is told of its faces, in widget pixels; nothing without a frame."""
        if self._frame is None:
            return
        self._paint_frame(painter, self._frame)
        self._paint_overlay(painter, self._faces)
        boxes = ((face, self.face_rect(face)) for face in self._faces)
        marks = [self.mark(face, box) for face, box in boxes if not box.isEmpty()]
        paint_marks(painter, marks, self.picture_rect(), self.font())

    def _paint_frame(self, painter: QPainter, frame: Frame) -> None:
        height, width = frame.image.shape[:2]
        # No copy: the frame keeps its array, and nobody writes to it any more. But converted at its
        # own size: QPainter would convert after scaling, which takes twice as long.
        image = QImage(
            frame.image.data, width, height, frame.image.strides[0], QImage.Format.Format_BGR888
        ).convertToFormat(QImage.Format.Format_RGB32)
        target = self.picture_rect()
        painter.save()
        if self.mirrored:
            painter.translate(2 * target.center().x(), 0)
            painter.scale(-1, 1)
        painter.drawImage(target, image)
        painter.restore()

    def _paint_overlay(self, painter: QPainter, faces: Sequence[TrackedFace]) -> None:
        overlay = self.overlay
        face = next((face for face in faces if overlay and face.track == overlay.track), None)
        if overlay is None or face is None:
            return
        box = self._whole_box(face)
        side = overlay.side_per_height * box.height()
        painter.save()
        painter.setClipRect(self.picture_rect())
        painter.translate(box.center())
        if self.mirrored:
            painter.scale(-1, 1)
        painter.rotate(math.degrees(overlay.radians))
        painter.drawImage(QRectF(-side / 2, -side / 2, side, side), overlay.image)
        painter.restore()

    def mark(self, face: TrackedFace, box: QRectF) -> Mark:
        """What is painted of ``face``, whose place is ``box``."""
        track, quality = face.track, face.quality
        doubt = None
        if quality is not None and quality.value < self._least_quality:
            doubt = in_words(quality.fault) if quality.fault is not None else ""
        return Mark(
            box,
            track,
            face.expression,
            face.confidence,
            self._people.name(track) if self._people.is_named(track) else "",
            doubt,
            chosen=track == self._chosen,
        )
