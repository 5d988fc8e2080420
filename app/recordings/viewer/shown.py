"""What the viewer shows: a recording as corrected, the person and the moment looked at."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor

from app.recordings.viewer.clock import Clock
from app.theme import person_colour
from ml.recording.corrected import Corrected


class Shown(QObject):
    """One of it for each recording on the screen."""

    changed = Signal()
    """Another recording, or its corrections."""
    person_changed = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.clock = Clock(self)
        self.corrected: Corrected | None = None
        self.person: int | None = None
        """The track id of the one looked at; None if nobody was seen."""

    def show(self, corrected: Corrected) -> None:
        """Another recording, or the same with other corrections."""
        another = self.corrected is None or self.corrected.recording is not corrected.recording
        self.corrected = corrected
        tracks = corrected.tracks
        if self.person is not None and not another:
            self.person = corrected.corrections.person(self.person)
        if another or self.person not in tracks:
            # Who was there longest, not somebody who passed by.
            self.person = max(tracks, key=corrected.seconds, default=None)
        if another:
            self.clock.begin(corrected.end)
        self.changed.emit()
        self.person_changed.emit()

    def choose(self, track: int) -> None:
        if track != self.person:
            self.person = track
            self.person_changed.emit()

    # As the timeline asks for names

    def name(self, track: int) -> str:
        """The name that the user gave, or a number in words."""
        given = self.corrected.names.get(track) if self.corrected is not None else None
        return given or self.tr("Person {}").format(track)

    def colour(self, track: int) -> QColor:
        return person_colour(track)
