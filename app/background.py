"""Work on files for a tab, one after the other, in a thread of its own."""

from __future__ import annotations

import logging
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Final

from PySide6.QtCore import QObject, QThread, Signal, Slot

_log = logging.getLogger(__name__)

Work = Callable[[], Any]
Then = Callable[[Any, str], None]
"""Given what the work returned, or None and why it failed."""
_STOP_MS: Final = 30_000
"""Longer than a slow disk takes for what waits."""


class Background(QThread):
    """Nothing that was asked for is left out when the window closes."""

    _done = Signal(object, object, str)
    """The Then, and what it is given."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("background")
        self._works: SimpleQueue[tuple[Work, Then] | None] = SimpleQueue()
        self._closed = False
        self._done.connect(self._on_done)

    def do(self, work: Work, then: Then) -> None:
        """``work`` in the thread, ``then`` in the caller's: the window's; neither after the end."""
        if self._closed:
            return
        self._works.put((work, then))
        if not self.isRunning():
            self.start()

    def shut_down(self) -> bool:
        """After what waits; returns whether it ended in time."""
        self._closed = True
        self._works.put(None)
        return not self.isRunning() or self.wait(_STOP_MS)

    def run(self) -> None:
        while (item := self._works.get()) is not None:
            work, then = item
            try:
                self._done.emit(then, work(), "")
            except (ValueError, OSError) as error:  # their messages are for users
                _log.warning("%s", error)
                self._done.emit(then, None, str(error))
            except Exception as error:  # what waits must be done all the same
                _log.exception("unexpected error")
                text = self.tr("Unexpected error: {}. See the log for details.")
                self._done.emit(then, None, text.format(error))

    @Slot(object, object, str)
    def _on_done(self, then: Then, result: object, failure: str) -> None:
        if not self._closed:
            then(result, failure)
