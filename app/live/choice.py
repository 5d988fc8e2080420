"""Which person is looked at, and at which moment: in the picture, the panel, the timeline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QObject, Signal, Slot

from app.live.stream import AnalysisStream, Began, Event, Observation
from ml.vision.analysis import TrackedFace

_PATIENCE: Final = 1.0
"""Seconds for which somebody who is not found is still looked at."""


class Choice(QObject):
    """The person is the one whom the user chose, else whoever was looked at before.

    When that person leaves, the one with the largest face, until the chosen one is back. The moment
    is now until the user chooses another.
    """

    person_changed = Signal()
    moment_changed = Signal()

    def __init__(self, stream: AnalysisStream, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.track: int | None = None
        """The track id of the person looked at, in view or not; None before anybody was seen."""
        self.moment: float | None = None
        """Seconds since the source was opened; None is now."""
        self._chosen: int | None = None
        """The track id of the person whom the user chose."""
        self._in_view: list[int] = []
        """The track ids, from left to right in the frame."""
        self._seen: float | None = None
        """When the person looked at was seen last; None for somebody of the past, who stays."""
        self._now = 0.0
        stream.told.connect(self._on_event)

    @Slot(int)
    def choose(self, track: int) -> None:
        self._chosen = self.track = track
        self._seen = self._now if track in self._in_view else None
        self.person_changed.emit()

    def choose_next(self, step: int = 1) -> None:
        """Choose the next person in view, left to right in the frame; with ``step`` -1 the last."""
        if self.track in self._in_view:
            place = self._in_view.index(self.track) + step
            self.choose(self._in_view[place % len(self._in_view)])
        elif self._in_view:
            self.choose(self._in_view[0 if step > 0 else -1])

    @Slot(object)
    def choose_moment(self, moment: float | None) -> None:
        if moment != self.moment:
            self.moment = moment
            self.moment_changed.emit()

    def of(self, faces: Sequence[TrackedFace]) -> TrackedFace | None:
        """The face of the person looked at; None if it is not among ``faces``."""
        return next((face for face in faces if face.track == self.track), None)

    @Slot(object)
    def _on_event(self, event: Event) -> None:
        if isinstance(event, Observation):
            self._now = event.time
            self._follow(event.faces)
        elif isinstance(event, Began):
            self._chosen, self._in_view = None, []
            self._look_at(None)
            self.choose_moment(None)

    def _follow(self, faces: Sequence[TrackedFace]) -> None:
        in_order = sorted(faces, key=lambda face: face.face.centre)
        self._in_view = [face.track for face in in_order]
        if self._chosen in self._in_view:
            self._look_at(self._chosen)
        elif self.track in self._in_view:
            self._look_at(self.track)
        elif faces and (self.track is None or self._is_gone):
            self._look_at(faces[0].track)

    @property
    def _is_gone(self) -> bool:
        return self._seen is not None and self._now - self._seen > _PATIENCE

    def _look_at(self, track: int | None) -> None:
        self._seen = self._now
        if track != self.track:
            self.track = track
            self.person_changed.emit()
