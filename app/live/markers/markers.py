"""The markers of this capture: set, running, complete."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from PySide6.QtCore import QObject, Signal, Slot

from app.live.stream import AnalysisStream, Began, Ended, Event, Observation
from ml.recording.marker import Marker


class Markers(QObject):
    """Times are as ``Observation.time``. Kept until the next capture begins."""

    changed = Signal()
    completed = Signal(object)
    """A Marker that changes no more, to be recorded."""

    def __init__(self, stream: AnalysisStream, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.now: float | None = None
        """Time of the newest observation; None before the first."""
        self._complete: list[Marker] = []
        self.running: dict[str, Marker] = {}
        """Intervals that have begun, by their labels."""
        self.noted: Marker | None = None
        """A moment whose note is still being typed, with what has been."""
        stream.told.connect(self._on_event)

    @property
    def all(self) -> tuple[Marker, ...]:
        """In the order of time; a running interval lasts until now."""
        running = [replace(marker, until=self.now) for marker in self.running.values()]
        noted = [self.noted] if self.noted is not None else []
        return tuple(sorted([*self._complete, *running, *noted], key=lambda marker: marker.time))

    def mark(self, label: str = "") -> None:
        """A moment, now."""
        if self.now is not None:
            self._finish(Marker(self.now, None, label))

    def mark_to_note(self) -> None:
        """A moment, now, whose note comes later: see ``note``."""
        if self.now is not None:
            self.finish_note()
            self.noted = Marker(self.now, None)
            self.changed.emit()

    def note(self, text: str) -> None:
        """What has been typed so far of the note that is waited for, if one is."""
        if self.noted is not None:
            self.noted = replace(self.noted, note=text.strip())
            self.changed.emit()

    def finish_note(self) -> None:
        """Complete the moment that waits for its note, if there is one."""
        if self.noted is not None:
            marker, self.noted = self.noted, None
            self._finish(marker)

    def toggle(self, label: str) -> None:
        """Begin an interval of that label, or end it."""
        if self.now is None:
            return
        if label in self.running:
            self._finish(replace(self.running.pop(label), until=self.now))
        else:
            self.running[label] = Marker(self.now, None, label)
            self.changed.emit()

    def complete(self) -> None:
        """End now what still runs or waits."""
        self.finish_note()
        self.end_all_but(())

    def end_all_but(self, labels: Collection[str]) -> None:
        """End now the intervals of other labels."""
        for label in [label for label in self.running if label not in labels]:
            self.toggle(label)

    def _finish(self, marker: Marker) -> None:
        self._complete.append(marker)
        self.changed.emit()
        self.completed.emit(marker)

    @Slot(object)
    def _on_event(self, event: Event) -> None:
        if isinstance(event, Observation):
            self.now = event.time
        elif isinstance(event, Began):
            self.now = None
            self._complete, self.running, self.noted = [], {}, None
            self.changed.emit()
        elif isinstance(event, Ended):
            self.complete()
