"""What of each frame belongs into a recording's video."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QRectF
from PySide6.QtGui import QFont, QImage, QPainter

from app.live.recording.plan import VideoKind
from app.live.views.face_marks import Mark, paint_marks
from ml.recording.blur import FaceBlur
from ml.vision.analysis import TrackedFace

Image = npt.NDArray[np.uint8]
"""BGR [height, width, 3]."""

_USUAL_HEIGHT: Final = 540
"""Of a frame, in pixels, for which lines and text have the size that they have on screen."""


class Pictures:
    """Frame after frame, in the order of their times; in the recorder's thread."""

    def __init__(self, kind: VideoKind, font: QFont) -> None:
        """``font`` is the window's."""
        self._kind, self._font = kind, font
        self._blur = FaceBlur()

    def of(
        self, image: Image, faces: Sequence[TrackedFace], names: Mapping[int, str], time: float
    ) -> Image:
        """``names`` are those that the user gave, by track id; ``time`` is in seconds."""
        match self._kind:
            case VideoKind.BLURRED:
                return self._blur.blurred(image, [face.face for face in faces], time)
            case VideoKind.ANNOTATED:
                return self._annotated(image, faces, names)
        return image

    def _annotated(
        self, image: Image, faces: Sequence[TrackedFace], names: Mapping[int, str]
    ) -> Image:
        picture = image.copy()
        height, width, _ = picture.shape
        canvas = QImage(
            picture.data, width, height, picture.strides[0], QImage.Format.Format_BGR888
        )
        scale = max(height / _USUAL_HEIGHT, 1.0)
        painter = QPainter(canvas)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.scale(scale, scale)
        marks = [_mark(face, scale, names.get(face.track, "")) for face in faces]
        whole = QRectF(0, 0, width / scale, height / scale)
        paint_marks(painter, marks, whole, self._font)
        painter.end()
        return picture


def _mark(tracked: TrackedFace, scale: float, name: str) -> Mark:
    face = tracked.face
    box = QRectF(face.x / scale, face.y / scale, face.width / scale, face.height / scale)
    return Mark(box, tracked.track, tracked.expression, tracked.confidence, name)
