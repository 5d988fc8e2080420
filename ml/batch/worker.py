"""A process that does one job after the other: jobs in on stdin, what becomes of them on stdout.

Something that a file does to a decoder then ends this process, and not the one that hands out jobs.
"""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
from contextlib import suppress
from queue import SimpleQueue
from typing import Final

from ml.batch.engine import networks_for
from ml.batch.messages import Failed, Job, Message, Progress, job_from_line, message_to_line
from ml.batch.results import StoppedError
from ml.batch.work import do

STOP: Final = "stop"
"""A line on stdin that ends the process; so does the end of stdin."""


def serve(threads: int) -> int:
    """Until stdin ends; returns the exit status. ``threads`` are used at once."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C: who hands out the jobs ends this
    worker = _Worker(threads)
    while (line := worker.lines.get()) is not None:
        try:
            worker.say(worker.done(job_from_line(line)))
        except StoppedError:
            break
    return 0


class _Worker:
    def __init__(self, threads: int) -> None:
        self.lines: SimpleQueue[str | None] = SimpleQueue()
        """Jobs; None at the end."""
        self._threads = threads
        self._stopped = threading.Event()
        # What libraries print must not get between the lines.
        self._out = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        threading.Thread(target=self._read, name="jobs", daemon=True).start()

    def done(self, job: Job) -> Message:
        """Raises StoppedError."""
        try:
            networks = networks_for(job.options, self._threads)
        except (ValueError, OSError) as error:
            return Failed(str(error))
        return do(job, networks, self._tell)

    def say(self, message: Message) -> None:
        print(message_to_line(message), file=self._out, flush=True)

    def _read(self) -> None:
        # Unbuffered: a thread that waits in a buffered reader would keep the process from ending.
        with suppress(OSError), io.FileIO(0, closefd=False) as stdin:
            for line in stdin:
                if line.strip().decode() == STOP:
                    break
                self.lines.put(line.decode())
        self._stopped.set()
        self.lines.put(None)

    def _tell(self, progress: Progress) -> None:
        if self._stopped.is_set():
            raise StoppedError
        with suppress(BrokenPipeError):
            self.say(progress)
