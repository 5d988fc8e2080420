"""The data check as a child process: progress while it reads, then its result."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, Signal, Slot

from app.ml_process import MESSAGE_PREFIX, ml_process
from ml.runs.events import Loading, parse_line

_ENDING_MS: Final = 5000
_MOST_LINES: Final = 8
"""Lines of an error message that are shown."""


class DatasetCheck(QObject):
    """Owns the process of ``python -m ml data``; another start replaces it."""

    progressed = Signal(int, int)
    """Amount done and the total, in pictures or bytes."""
    done = Signal(object)
    """The ml.data.check.DataCheck as a mapping."""
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._process: QProcess | None = None
        self._half_line = b""
        self._said: list[str] = []
        """Lines on stderr that are not progress: why it failed."""

    @property
    def running(self) -> bool:
        return self._process is not None

    def start(self, path: Path) -> None:
        """Check ``path``; what cannot be used is listed, and is no reason to fail."""
        self.cancel()
        self._half_line, self._said = b"", []
        environment = QProcessEnvironment.systemEnvironment()
        environment.insert("PYTHONUTF8", "1")  # paths in messages, whatever the system's encoding
        options = ["--json", "--skip-bad", "--progress-events", "--", str(path)]
        process = ml_process(["data", *options], self)
        process.setProcessEnvironment(environment)
        process.readyReadStandardError.connect(self._read)
        process.finished.connect(self._on_finished)
        process.errorOccurred.connect(self._on_error)
        self._process = process
        process.start()

    def cancel(self) -> bool:
        """End the process, if there is one; returns whether it ended in time."""
        if self._process is None:
            return True
        process, self._process = self._process, None
        for signal in (process.readyReadStandardError, process.finished, process.errorOccurred):
            signal.disconnect()
        process.kill()
        ended = process.waitForFinished(_ENDING_MS)
        process.deleteLater()
        return ended

    @Slot()
    def _read(self) -> None:
        if self._process is None:
            return
        text = self._half_line + self._process.readAllStandardError().data()
        *lines, self._half_line = text.split(b"\n")
        event = None
        for line in lines:
            if isinstance(progress := parse_line(line), Loading):
                event = progress
            elif line.strip():
                self._said.append(line.decode("utf-8", "replace").rstrip())
        if event is not None:
            self.progressed.emit(event.done, event.total)

    @Slot(int, QProcess.ExitStatus)
    def _on_finished(self, code: int, status: QProcess.ExitStatus) -> None:
        if self._process is None:
            return
        self._read()
        process, self._process = self._process, None
        process.deleteLater()
        found = _mapping(bytes(process.readAllStandardOutput().data()))
        if status is QProcess.ExitStatus.NormalExit and code == 0 and found is not None:
            self.done.emit(found)
        elif self._said and self._said[0].startswith(MESSAGE_PREFIX):
            said = [self._said[0].removeprefix(MESSAGE_PREFIX), *self._said[1:]]
            self.failed.emit("\n".join(said[:_MOST_LINES]))
        else:
            what = self.tr("The data check ended unexpectedly (exit status {}).").format(code)
            self.failed.emit("\n".join([what, *self._said[-_MOST_LINES:]]))

    @Slot(QProcess.ProcessError)
    def _on_error(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart and self._process is not None:
            process, self._process = self._process, None
            process.deleteLater()
            self.failed.emit(
                self.tr("The data check could not be started: {}.").format(process.errorString())
            )


def _mapping(text: bytes) -> Mapping[str, Any] | None:
    try:
        values = json.loads(text)
    except ValueError:
        return None
    return values if isinstance(values, dict) and "counts" in values else None
