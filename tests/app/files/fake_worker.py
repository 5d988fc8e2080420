"""Speaks the protocol of ``python -m ml analyze --worker``; what it does, file names decide.

Each job is noted in the results folder: a line with the process, the name and the interval.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from queue import SimpleQueue

from ml.batch.messages import Done, Failed, Job, Message, Progress, job_from_line, message_to_line

stopped = threading.Event()


def main() -> None:
    lines: SimpleQueue[str] = SimpleQueue()
    threading.Thread(target=_listen, args=(lines,), daemon=True).start()
    while line := lines.get():
        job = job_from_line(line)
        _note(job)
        _work(job)
        if stopped.is_set():
            break
    sys.stdout.flush()
    os._exit(0)  # the other thread waits for a line


def _listen(lines: SimpleQueue[str]) -> None:
    for line in sys.stdin:
        if line == "stop\n":
            stopped.set()
            break
        lines.put(line)
    lines.put("")


def _note(job: Job) -> None:
    job.out.mkdir(parents=True, exist_ok=True)
    with (job.out / "jobs").open("a") as file:
        file.write(f"{os.getpid()} {job.item.name} {job.options.interval}\n")


def _work(job: Job) -> None:
    name = job.item.name
    if name.startswith("dying"):
        print("no such library: libfoo", file=sys.stderr, flush=True)
        os._exit(3)
    if name.startswith("failing"):
        _tell(Failed(f"{name} is empty."))
        return
    if name.startswith("noisy"):
        sys.stdout.buffer.write(b"\xff\x00\n{\n[]\n" + b"loading" * 10_000 + b"\nnull\n")
    n = 0
    while name.startswith(("slow", "stubborn")) and (
        not stopped.is_set() or name.startswith("stubborn")
    ):
        n += 1
        _tell(Progress(min(n / 10, 9.0), 10.0, n, n))
        time.sleep(0.05)
    if not stopped.is_set():
        _tell(Progress(1.0, 2.0, 10, 4))
        problems = {"a.jpg": "is empty"} if name.startswith("partly") else {}
        _tell(Done(2.0, 20, 8, 1, problems=problems))


def _tell(message: Message) -> None:
    print(message_to_line(message), flush=True)


if __name__ == "__main__":
    main()
