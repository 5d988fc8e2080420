"""Hands out jobs to several worker processes, and tells what becomes of them."""

from __future__ import annotations

import subprocess
import threading
from collections import deque
from collections.abc import Generator, Sequence
from contextlib import suppress
from queue import SimpleQueue
from typing import Final

from ml.batch.messages import Failed, Job, Message, Progress, job_to_line, message_from_line
from ml.command import ml_command
from ml.processor import processors

_END_SECONDS: Final = 10.0
"""That a worker may take to end when it is asked to."""
DIED: Final = "The process that analysed it ended unexpectedly."


def run(jobs: Sequence[Job], workers: int) -> Generator[tuple[Job, Message]]:
    """What the workers say of their jobs, as it comes; of each job a Done or Failed comes last.

    Close the generator to stop them.
    """
    waiting = deque(jobs)
    said: _Said = SimpleQueue()
    threads = max(processors() // workers, 1)
    team = [_Worker(threads, said) for _ in range(min(workers, len(jobs)))]
    try:
        for worker in team:
            worker.give(waiting.popleft())
        while any(worker.job for worker in team):
            worker, process, message = said.get()
            if message is None:
                message = worker.lose(process)
            job = worker.job
            if job is None or message is None:
                continue
            yield job, message
            if not isinstance(message, Progress):
                worker.job = None
                if waiting:
                    worker.give(waiting.popleft())
    finally:
        for worker in team:
            worker.ask_to_end()
        for worker in team:
            worker.end()


class _Worker:
    """One process at a time; the next is started when a job has killed it."""

    def __init__(self, threads: int, said: _Said) -> None:
        self.job: Job | None = None
        """The one that it does."""
        self._threads, self._said = threads, said
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    def give(self, job: Job) -> None:
        self.job = job
        if self._process is not None and self._process.poll() is not None:
            self.end()  # somebody killed it while it was idle
        if self._process is None:
            command = [*ml_command(), "analyze", "--worker", "--threads", str(self._threads)]
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
            )
            self._reader = threading.Thread(target=self._read, args=(self._process,), name="worker")
            self._reader.start()
        assert self._process.stdin is not None
        with suppress(OSError):  # it has just died, which is about to be told
            print(job_to_line(job), file=self._process.stdin, flush=True)

    def lose(self, process: subprocess.Popen[str]) -> Message | None:
        """``process`` says no more; returns what that means for its job, if it has one."""
        if process is not self._process:
            return None
        self.end()
        return Failed(DIED) if self.job is not None else None

    def ask_to_end(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            with suppress(OSError):  # what was not written cannot be, for it is dead
                self._process.stdin.close()

    def end(self) -> None:
        """Wait for it, or kill it if it does not end."""
        if self._process is None or self._reader is None:
            return
        self.ask_to_end()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        self._process = None

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                message = message_from_line(line)
                if message is not None:
                    self._said.put((self, process, message))
        self._said.put((self, process, None))


_Said = SimpleQueue[tuple[_Worker, subprocess.Popen[str], Message | None]]
"""Who says it, by which process, and what; None at the end of all that this one says."""
