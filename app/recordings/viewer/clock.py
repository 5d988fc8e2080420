"""The time that the viewer shows, and its going on."""

from __future__ import annotations

import time
from typing import Final

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

SPEEDS: Final = (0.25, 0.5, 1.0, 2.0, 4.0)
_TICK_MS: Final = 15


class Clock(QObject):
    """Stands still, or runs until the end."""

    moved = Signal(float)
    """To another time, in seconds."""
    running_changed = Signal(bool)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.time = 0.0
        """Seconds since the recording's first frame."""
        self.end = 0.0
        self.speed = 1.0
        self._ticked = 0.0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._tick)

    @property
    def running(self) -> bool:
        return self._timer.isActive()

    def begin(self, end: float) -> None:
        """At the beginning of what lasts until ``end``."""
        self.pause()
        self.end = end
        self.go_to(0.0)

    def go_to(self, moment: float) -> None:
        self.time = min(max(moment, 0.0), self.end)
        self.moved.emit(self.time)

    @Slot()
    def toggle(self) -> None:
        if self.running:
            self.pause()
        else:
            self.play()

    def play(self) -> None:
        """From the beginning again if it is at the end."""
        if self.end <= 0 or self.running:
            return
        if self.time >= self.end:
            self.go_to(0.0)
        self._ticked = time.monotonic()
        self._timer.start()
        self.running_changed.emit(True)

    def pause(self) -> None:
        if self.running:
            self._timer.stop()
            self.running_changed.emit(False)

    @Slot()
    def _tick(self) -> None:
        now = time.monotonic()
        self.go_to(self.time + (now - self._ticked) * self.speed)
        self._ticked = now
        if self.time >= self.end:
            self.pause()
