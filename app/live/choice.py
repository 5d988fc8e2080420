"""Which of the faces in view is highlighted, and shown in the face panel."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal, Slot

from ml.vision.analysis import TrackedFace


class FaceChoice(QObject):
    """The face that was clicked while it is in view, otherwise the largest."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._track: int | None = None

    @Slot(int)
    def choose(self, track: int) -> None:
        self._track = track
        self.changed.emit()

    def forget(self) -> None:
        """Forget the clicked face, for a new capture."""
        self._track = None
        self.changed.emit()

    def is_chosen(self, face: TrackedFace) -> bool:
        """Whether the user clicked ``face``."""
        return face.track == self._track

    def of(self, faces: Sequence[TrackedFace]) -> TrackedFace | None:
        """The one of ``faces``, largest first, to highlight; None if there are none."""
        chosen = (face for face in faces if self.is_chosen(face))
        return next(chosen, None) or next(iter(faces), None)
