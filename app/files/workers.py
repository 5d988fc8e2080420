"""The processes that analyse: each is handed one job after another, and none is left behind."""

from __future__ import annotations

import logging
import time
from typing import Final

from PySide6.QtCore import QObject, QProcess, QTimer, Signal, Slot

from app.ml_process import ml_process
from ml.batch.messages import Failed, Job, Message, Progress, job_to_line, message_from_line
from ml.processor import processors

_log = logging.getLogger(__name__)

_GRACE_MS: Final = 5000
"""For a process that was told to stop: it ends what it does with the present frame or picture."""
_LONGEST_LINE: Final = 1 << 24
"""Bytes without a line end that are kept: a folder's problems are long, what a library prints is
no message."""
_SAID: Final = 2000
"""Bytes of what a process said last that are logged if it dies."""


class Workers(QObject):
    told = Signal(object, object)
    """A Job and a Message about it. The last one of a job is Done or Failed, unless it is
    stopped."""
    freed = Signal()
    """There may be room for another job."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workers: list[_Worker] = []

    def has_room(self, most: int) -> bool:
        """Whether one of at most ``most`` processes can begin a job.

        None can while one stops: it may still be busy with the files of the next job.
        """
        busy = [worker for worker in self._workers if not worker.idle]
        return len(busy) < most and not any(worker.stopping for worker in busy)

    def start(self, job: Job, most: int) -> None:
        """Hand it to a process that has nothing to do, or to a new one of at most ``most``."""
        worker = next((worker for worker in self._workers if worker.idle), None)
        if worker is None:
            worker = _Worker(max(processors() // most, 1), self)
            worker.told.connect(self.told)
            worker.freed.connect(self.freed)
            worker.ended.connect(self._on_ended)
            self._workers.append(worker)
        worker.take(job)

    def stop(self, job: Job) -> None:
        """It has to be started again to be done. Nothing more is told of it."""
        for worker in self._workers:
            if worker.job is job:
                worker.stop()

    def stop_all(self) -> None:
        """Also the processes that have nothing to do."""
        for worker in self._workers:
            worker.stop()

    def shut_down(self) -> bool:
        """Stop all and wait; returns whether all ended."""
        workers, self._workers = self._workers, []
        for worker in workers:
            worker.stop()
        until = time.monotonic() + _GRACE_MS / 1000
        ended = [worker.wait(until) for worker in workers]
        return all(ended)

    @Slot()
    def _on_ended(self) -> None:
        worker = self.sender()
        self._workers = [other for other in self._workers if other is not worker]
        if isinstance(worker, _Worker):
            worker.deleteLater()
        self.freed.emit()


class _Worker(QObject):
    """One process."""

    told = Signal(object, object)
    freed = Signal()
    ended = Signal()

    def __init__(self, threads: int, parent: QObject) -> None:
        """``threads`` are used at once."""
        super().__init__(parent)
        self.job: Job | None = None
        """What it does at present."""
        self.stopping = False
        self._half_line = b""
        self._said = b""
        arguments = ["analyze", "--worker", "--background", "--threads", str(threads)]
        self._process = ml_process(arguments, self)
        self._process.readyReadStandardOutput.connect(self._read)
        self._process.readyReadStandardError.connect(self._listen)
        self._process.finished.connect(self._on_ended)
        self._process.errorOccurred.connect(self._on_error)
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(_GRACE_MS)
        self._patience.timeout.connect(self._process.kill)

    @property
    def idle(self) -> bool:
        return self.job is None and not self.stopping

    def take(self, job: Job) -> None:
        self.job = job
        if self._process.state() is QProcess.ProcessState.NotRunning:
            self._process.start()
        if self.job is job:  # else it could not be started
            self._process.write(job_to_line(job).encode() + b"\n")

    def stop(self) -> None:
        if self.stopping:
            return
        self.stopping = True
        self.job = None
        self._process.write(b"stop\n")
        self._process.closeWriteChannel()
        self._patience.start()

    def wait(self, until: float) -> bool:
        """Until it has ended, or has been killed; returns whether it has ended."""
        self.blockSignals(True)
        if self._process.state() is QProcess.ProcessState.NotRunning:
            return True
        left = max(until - time.monotonic(), 0)
        if not self._process.waitForFinished(int(left * 1000)):
            self._process.kill()
            return self._process.waitForFinished(5000)
        return True

    @Slot()
    def _read(self) -> None:
        data = self._half_line + self._process.readAllStandardOutput().data()
        *lines, self._half_line = data.split(b"\n")
        if len(self._half_line) > _LONGEST_LINE:
            self._half_line = b""
        for line in lines:
            message = message_from_line(line)
            if message is not None:
                self._tell(message)

    @Slot()
    def _listen(self) -> None:
        self._said = (self._said + self._process.readAllStandardError().data())[-_SAID:]

    def _tell(self, message: Message) -> None:
        job = self.job
        if job is None:
            return
        if isinstance(message, Progress):
            self.told.emit(job, message)
            return
        self.job = None
        self.told.emit(job, message)
        self.freed.emit()

    @Slot(QProcess.ProcessError)
    def _on_error(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart:
            why = self.tr("The process that analyses could not be started: {}.")
            self._end(why.format(self._process.errorString()))

    @Slot()
    def _on_ended(self) -> None:
        self._read()
        if not self.stopping:
            self._listen()
            _log.warning("a worker ended: %s", self._said.decode(errors="replace"))
        self._end(self.tr("The process that analysed it ended unexpectedly."))

    def _end(self, why: str) -> None:
        self._patience.stop()
        self.stopping = True  # it takes no other job
        job, self.job = self.job, None
        if job is not None:
            self.told.emit(job, Failed(why))
        self.ended.emit()
