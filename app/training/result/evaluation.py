"""Evaluates weights on a data set in a child process: its progress, result and errors."""

from __future__ import annotations

import json
import tempfile
from collections import deque
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Signal, Slot

from app.ml_process import MESSAGE_PREFIX, ml_process
from app.training.process import all_but_one_processor
from ml.runs.events import Loading, parse_line

_GRACE_MS: Final = 3000
_LONGEST_LINE: Final = 1 << 16
_LAST_LINES: Final = 12


class EvaluationProcess(QObject):
    """Owns the process of one evaluation at a time; it ends with exactly one of the last three."""

    progress = Signal(int, int)
    """Pictures done and their total; not emitted while the data set is read."""
    finished = Signal(object, object)
    """The Evaluation, and the path of the predictions."""
    failed = Signal(str)
    cancelled = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._process: QProcess | None = None
        self._folder = Path()
        self._cancelling = False
        self._last_lines: deque[str] = deque(maxlen=_LAST_LINES)
        self._kill = QTimer(self)
        self._kill.setSingleShot(True)
        self._kill.setInterval(_GRACE_MS)

    @property
    def running(self) -> bool:
        return self._process is not None

    def start(self, weights: Path, data: Path, folder: Path, *, skip_bad: bool = False) -> None:
        """Evaluate ``weights`` on ``data``; the result is written to ``folder``.

        ``skip_bad`` leaves out pictures that cannot be used.
        """
        assert self._process is None, "one at a time"
        self._folder = folder
        self._cancelling = False
        self._last_lines.clear()
        try:  # now, not after minutes of work
            folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
        except OSError as error:
            self.failed.emit(
                self.tr("{} cannot be written to: {}.").format(folder, error.strerror or error)
            )
            return
        arguments = ["evaluate", str(weights), str(data), "--background", "--progress-events"]
        arguments += ["--json", str(self._evaluation), "--predictions", str(self._predictions)]
        if skip_bad:
            arguments.append("--skip-bad")
        process = ml_process(arguments, self)
        process.setProcessEnvironment(_polite_environment())
        process.setStandardOutputFile(QProcess.nullDevice())  # the same figures, for a terminal
        process.readyReadStandardError.connect(self._read)
        process.finished.connect(self._on_finished)
        process.errorOccurred.connect(self._on_error)
        self._kill.timeout.connect(process.kill)
        self._process = process
        process.start()

    def cancel(self) -> None:
        """Terminate the process, or kill it if need be; ``cancelled`` follows when it has ended."""
        if self._process is not None and not self._cancelling:
            self._cancelling = True
            self._kill.start()
            self._process.terminate()

    def shut_down(self) -> bool:
        """Cancel, and wait for the process; returns whether it ended in time."""
        process = self._process
        if process is None:
            return True
        self.cancel()
        if process.waitForFinished(_GRACE_MS):
            return True
        process.kill()
        return process.waitForFinished(_GRACE_MS)

    @property
    def _evaluation(self) -> Path:
        return self._folder / "evaluation.json"

    @property
    def _predictions(self) -> Path:
        return self._folder / "predictions.npz"

    @Slot()
    def _read(self) -> None:
        if self._process is None:
            return
        channel = self._process
        channel.setReadChannel(QProcess.ProcessChannel.StandardError)
        while channel.canReadLine() or channel.bytesAvailable() > _LONGEST_LINE:
            self._take(bytes(channel.readLine(_LONGEST_LINE).data()))

    def _take(self, line: bytes) -> None:
        event = parse_line(line)
        if isinstance(event, Loading):
            if not self._cancelling:
                self.progress.emit(event.done, event.total)
        elif text := line.decode(errors="replace").rstrip():
            self._last_lines.append(text)

    @Slot(QProcess.ProcessError)
    def _on_error(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart and self._process is not None:
            why = self._process.errorString()
            self._forget()
            self.failed.emit(self.tr("The evaluation could not be started: {}.").format(why))

    @Slot(int, QProcess.ExitStatus)
    def _on_finished(self, code: int, status: QProcess.ExitStatus) -> None:
        if self._process is None:
            return
        self._read()
        self._take(bytes(self._process.readAllStandardError().data()))  # an unterminated last line
        self._forget()
        if self._cancelling:
            self.cancelled.emit()
        elif status is QProcess.ExitStatus.CrashExit or code != 0:
            self.failed.emit(self._what_went_wrong())
        else:
            self._tell_result()

    def _forget(self) -> None:
        assert self._process is not None
        self._kill.stop()
        self._kill.timeout.disconnect()
        self._process.deleteLater()
        self._process = None

    def _tell_result(self) -> None:
        from ml.evaluation.results import from_json

        try:
            evaluation = from_json(json.loads(self._evaluation.read_bytes()))
        except (OSError, ValueError) as error:
            self.failed.emit(self.tr("The evaluation wrote no readable result: {}").format(error))
        else:
            self.finished.emit(evaluation, self._predictions)

    def _what_went_wrong(self) -> str:
        """The process's own error message if there is one, otherwise its last output."""
        said = "\n".join(self._last_lines)
        _, found, message = said.rpartition(MESSAGE_PREFIX)
        if found:
            return message
        why = self.tr("The evaluation ended unexpectedly.")
        return f"{why}\n{said}" if said else why


def _polite_environment() -> QProcessEnvironment:
    """Leave a processor free and let idle threads sleep, so that the live picture keeps running."""
    environment = QProcessEnvironment.systemEnvironment()
    if not environment.contains("OMP_NUM_THREADS"):
        environment.insert("OMP_NUM_THREADS", str(all_but_one_processor()))
    environment.insert("OMP_WAIT_POLICY", "PASSIVE")
    return environment
