"""How long a run would take on this machine: a short measurement in a child process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, QProcess, QTimer, Signal, Slot

from app.ml_process import ml_process
from ml.runs import events

_WAIT_MS: Final = 600
"""Changes that follow each other this quickly are measured once."""


class Estimate(QObject):
    """Owns the measuring process; the last choice wins."""

    measured = Signal(float)
    """Seconds for the whole run."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._known: dict[tuple[str, ...], float] = {}
        self._wanted: tuple[str, ...] = ()
        self._process: QProcess | None = None
        self._delay = QTimer(self)
        self._delay.setSingleShot(True)
        self._delay.setInterval(_WAIT_MS)
        self._delay.timeout.connect(self._start)

    def measure(self, data: Path, options: Sequence[str]) -> None:
        """Estimate a run on ``data`` with ``options`` of ``python -m ml train``."""
        self.cancel()
        self._wanted = (str(data), *options)
        if self._wanted in self._known:
            self.measured.emit(self._known[self._wanted])
        else:
            self._delay.start()

    def cancel(self) -> None:
        self._delay.stop()
        if self._process is not None:
            process, self._process = self._process, None
            process.finished.disconnect()
            process.kill()
            process.waitForFinished(1000)  # a killed process is gone at once
            process.deleteLater()

    def shut_down(self) -> bool:
        self.cancel()
        return True

    @Slot()
    def _start(self) -> None:
        arguments = ["train", *self._wanted, "--estimate", "--events-stdout", "--background"]
        self._process = ml_process(arguments, self)
        self._process.setStandardErrorFile(QProcess.nullDevice())
        self._process.finished.connect(self._on_finished)
        self._process.start()

    @Slot()
    def _on_finished(self) -> None:
        if self._process is None:
            return
        lines = bytes(self._process.readAllStandardOutput().data()).splitlines()
        self._process.deleteLater()
        self._process = None
        for line in lines:
            event = events.parse_line(line)
            # Errors in the options are reported when training is started.
            if isinstance(event, events.Estimate):
                self._known[self._wanted] = event.run_seconds
                self.measured.emit(event.run_seconds)
