"""Child processes of the training tab: events in, commands out, none left running unnoticed."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, QProcess, QThread, QTimer, Signal, Slot

from app.ml_process import ml_process
from ml.runs.events import Batch, Event, Failed, Finished, Started, Stopped, parse_line, tells
from ml.runs.folder import RunFolder

_CHUNK_SECONDS: Final = 0.008
"""How long lines are parsed before the window gets its turn."""
_SILENCE_SECONDS: Final = 90
_FOLLOW_SECONDS: Final = 0.5
_LOG_LINES: Final = 12


def all_but_one_processor() -> int:
    """Number of threads that leaves one processor to the live picture."""
    return max((os.cpu_count() or 2) - 1, 1)


class TrainingProcess(QObject):
    """Owns the process of one run."""

    told = Signal(object)
    """Each ml.runs.events.Event, in order."""
    ended = Signal(str)
    """Why, if the process ended without reporting it; empty otherwise."""
    silent = Signal(bool)
    """True after a while without output; false when there is output again."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._process: QProcess | None = None
        self._log = Path()
        self._half_line = b""
        self._lines: deque[bytes] = deque()
        self._last_event: Event | None = None
        self._killed = False
        self._exit_status: str | None = None
        self._drain_timer = QTimer(self)
        self._drain_timer.setInterval(0)
        self._drain_timer.timeout.connect(self._drain)
        self._silence = QTimer(self)
        self._silence.setInterval(_SILENCE_SECONDS * 1000)
        self._silence.timeout.connect(lambda: self.silent.emit(True))

    @property
    def running(self) -> bool:
        return self._process is not None

    def start(self, arguments: Sequence[str]) -> None:
        """Run ``python -m ml train ARGUMENTS`` and pass on its events."""
        assert self._process is None
        handle, name = tempfile.mkstemp(prefix="face-expression-training-", suffix=".log")
        # A file, not a pipe: a dying child's last output is not lost with the window.
        self._log = Path(name)
        os.close(handle)
        process = ml_process(["train", *arguments, "--background", "--events-stdout"], self)
        process.setStandardErrorFile(name)
        process.readyReadStandardOutput.connect(self._read)
        process.finished.connect(self._on_finished)
        process.errorOccurred.connect(self._on_error)
        self._process = process
        self._half_line, self._last_event = b"", None
        self._killed, self._exit_status = False, None
        self._silence.start()
        process.start()

    def stop(self) -> None:
        """Ask the run to save a checkpoint and stop at the next batch."""
        self._command({"command": "stop"})

    def use_threads(self, count: int) -> None:
        """Use ``count`` processor threads from the next batch on; 0: as configured."""
        self._command({"command": "threads", "count": count})

    def outlive_window(self, outlive: bool) -> None:
        """Whether the run continues if this program ends unexpectedly."""
        self._command({"command": "detach" if outlive else "attach"})

    def kill(self) -> None:
        """Kill a child that does not respond; its last checkpoint is kept."""
        if self._process is not None:
            self._killed = True
            self._process.kill()

    def shut_down(self, seconds: float = 30.0) -> bool:
        """Stop with a checkpoint and wait; kills a child that takes longer, and returns False."""
        if self._process is None:
            return True
        self.stop()
        in_time = self._process.waitForFinished(int(seconds * 1000))
        if not in_time:
            self._process.kill()
            self._process.waitForFinished(5000)
        return in_time

    def _command(self, command: dict[str, object]) -> None:
        if self._process is not None:
            self._process.write(json.dumps(command).encode() + b"\n")

    @Slot()
    def _read(self) -> None:
        if self._process is None:
            return
        *lines, self._half_line = (
            self._half_line + self._process.readAllStandardOutput().data()
        ).split(b"\n")
        self._lines.extend(lines)
        self._drain_timer.start()
        self._silence.start()
        self.silent.emit(False)

    @Slot()
    def _drain(self) -> None:
        """Parse waiting lines a few at a time: a thousand epochs must not block the window."""
        until = time.perf_counter() + _CHUNK_SECONDS
        while self._lines and time.perf_counter() < until:
            event = parse_line(self._lines.popleft())
            if event is not None:
                self._last_event = event
                self.told.emit(event)
        if not self._lines:
            self._drain_timer.stop()
            if self._exit_status is not None:
                said = isinstance(self._last_event, Finished | Stopped | Failed)
                why, self._exit_status = "" if said else self._exit_status, None
                self._log.unlink(missing_ok=True)
                self.ended.emit(why)

    @Slot(QProcess.ProcessError)
    def _on_error(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart and self._process is not None:
            self._end(
                self.tr("Training could not be started: {}.").format(self._process.errorString())
            )

    @Slot(int, QProcess.ExitStatus)
    def _on_finished(self, code: int, status: QProcess.ExitStatus) -> None:
        self._read()
        if self._killed:
            self._end(self.tr("The run was killed. Resume continues from its last checkpoint."))
        elif status is QProcess.ExitStatus.CrashExit or code != 0:
            self._end(self.tr("Training ended unexpectedly.") + "\n" + self._log_tail())
        else:
            self._end("")

    def _end(self, why: str) -> None:
        if self._process is None:
            return
        self._silence.stop()
        self._process.deleteLater()
        self._process = None
        self._exit_status = why
        self._drain_timer.start()

    def _log_tail(self) -> str:
        try:
            text = self._log.read_text(errors="replace")
        except OSError:
            return ""
        return "\n".join(text.strip().splitlines()[-_LOG_LINES:])


class RunFollower(QThread):
    """Follows a run that another process trains, through the file it writes."""

    told = Signal(object)
    ended = Signal(str)
    """Why, if the run ended without reporting it; empty otherwise."""

    def __init__(self, path: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("run follower")
        self.folder = RunFolder(path)

    def stop_run(self) -> None:
        """Ask the training process to save a checkpoint and stop."""
        self.folder.request_stop()

    def run(self) -> None:
        last: Event | None = None
        position = 0
        while not self.isInterruptionRequested():
            running = self.folder.is_running()
            try:
                with self.folder.events_file.open("rb") as file:
                    file.seek(position)
                    whole, newline, _ = file.read().rpartition(b"\n")
            except OSError as error:
                self.ended.emit(self.tr("The run cannot be monitored: {}.").format(error.strerror))
                return
            lines = whole.split(b"\n") if newline else []
            for event in map(parse_line, lines if position else _since_last_start(lines)):
                if event is not None:
                    last = event
                    self.told.emit(event)
            position += len(whole + newline)
            if not running:
                said = isinstance(last, Finished | Stopped | Failed)
                self.ended.emit("" if said else self.tr("Training ended unexpectedly."))
                return
            self.msleep(int(_FOLLOW_SECONDS * 1000))

    def shut_down(self) -> bool:
        self.requestInterruption()
        return self.wait(5000)


def _since_last_start(lines: list[bytes]) -> list[bytes]:
    """The lines since the run was last started; of its batches only the newest.

    A run of a day has written hundreds of thousands of batches.
    """
    started = max((n for n, line in enumerate(lines) if tells(line, Started)), default=0)
    *before, newest = lines[started:] or [b""]
    return [*(line for line in before if not tells(line, Batch)), newest]
