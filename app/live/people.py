"""Who was seen in this capture: the course of each person's answers, names and colours."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QColor

from app.live.stream import AnalysisStream, Began, Ended, Event, Gap, Observation
from app.theme import person_colour
from ml.people.history import History


class People(QObject):
    """Knows the people of the newest capture, also after its end, until the next begins."""

    changed = Signal()
    """Somebody was renamed, or all were forgotten."""

    def __init__(self, stream: AnalysisStream, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.history = History()
        self._names: dict[int, str] = {}
        stream.told.connect(self._on_event)

    def name(self, track: int) -> str:
        """The name that the user gave, or a number in words."""
        return self._names.get(track) or self.tr("Person {}").format(track)

    @property
    def names(self) -> dict[int, str]:
        """Those that the user gave, by track id."""
        return {track: name for track, name in self._names.items() if name}

    def is_named(self, track: int) -> bool:
        """Whether the user gave the person a name."""
        return bool(self._names.get(track))

    def rename(self, track: int, name: str) -> None:
        """For this capture; an empty ``name`` takes the name away."""
        self._names[track] = name.strip()
        self.changed.emit()

    def colour(self, track: int) -> QColor:
        return person_colour(track)

    @Slot(object)
    def _on_event(self, event: Event) -> None:
        if isinstance(event, Observation):
            self.history.add(event.time, event.faces)
        elif isinstance(event, Began):
            self.history = History()
            self._names.clear()
            self.changed.emit()
        elif isinstance(event, Gap | Ended):
            self.history.interrupt()
