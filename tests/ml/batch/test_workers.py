"""Real processes, some of which are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from ml.batch import workers
from ml.batch.finding import find
from ml.batch.messages import Done, Failed, Job, Message, Progress
from ml.batch.options import BatchOptions
from ml.batch.results import UNFINISHED

_OPTIONS = BatchOptions(views=1)


def _jobs(folder: Path, out: Path) -> list[Job]:
    return [Job(item, out, _OPTIONS) for item in find([folder]).items]


def _children() -> list[psutil.Process]:
    return [
        child
        for child in psutil.Process().children(recursive=True)
        if "--worker" in child.cmdline()
    ]


def _outcomes(said: list[tuple[Job, Message]]) -> dict[str, Message]:
    return {job.item.place.name: m for job, m in said if not isinstance(m, Progress)}


def test_two_processes_do_all_jobs(folder: Path, tmp_path: Path) -> None:
    jobs = _jobs(folder, tmp_path / "out")
    most = 0
    said: list[tuple[Job, Message]] = []
    with closing(workers.run(jobs, 2)) as messages:
        for message in messages:
            most = max(most, len(_children()))
            said.append(message)
    outcomes = _outcomes(said)
    assert len(outcomes) == len(jobs) == 3
    assert all(isinstance(outcome, Done) for outcome in outcomes.values())
    assert all((job.folder / "faces.csv").is_file() for job in jobs)
    assert most == 2
    assert not _children()


def test_a_job_whose_process_is_killed_fails_and_the_others_are_done(
    folder: Path, tmp_path: Path
) -> None:
    jobs = _jobs(folder, tmp_path / "out")
    hanging = folder / "hang.avi"
    os.mkfifo(hanging)  # to read from it waits for ever
    item = jobs[0].item
    stuck = Job(
        type(item)(item.kind, (hanging,), item.place.with_name("hang.avi")), jobs[0].out, _OPTIONS
    )
    killer = threading.Timer(2.5, lambda: [child.kill() for child in _children()])
    killer.start()
    with closing(workers.run([stuck, *jobs], 1)) as messages:
        outcomes = _outcomes(list(messages))
    killer.join()
    assert outcomes.pop("hang.avi") == Failed(workers.DIED)
    assert len(outcomes) == 3
    assert all(isinstance(outcome, Done) for outcome in outcomes.values())


def test_closing_ends_the_processes(folder: Path, tmp_path: Path) -> None:
    with closing(workers.run(_jobs(folder, tmp_path / "out"), 2)) as messages:
        next(messages)
    assert not _children()


def _analyze(folder: Path, out: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "ml", "analyze", str(folder), "--out", str(out), "--views=1"]
    return subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    )


@pytest.mark.timeout(180)
def test_a_killed_command_goes_on_where_it_was(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for n in range(3):
        (folder / f"c{n}.avi").write_bytes((folder / "a.avi").read_bytes() + bytes(n + 1))
    killed = _analyze(folder, out)
    first = _wait_for_a_result(out)
    children = psutil.Process(killed.pid).children(recursive=True)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    # Whom nobody hands out jobs any more ends by itself.
    psutil.wait_procs(children, timeout=20)
    assert not [child for child in children if child.is_running()]
    written = first.stat().st_mtime_ns
    half_written = [path for path in (out / "Día 1").iterdir() if not _is_whole(path)]
    assert not half_written

    process = _analyze(folder, out)
    told, complaints = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "broken.jpg" in complaints
    lines = {line.partition(": ")[0]: line for line in told.splitlines()}
    assert len(lines) == 6
    place = first.parent.relative_to(out).as_posix()
    assert "unchanged" in lines[place]
    assert first.stat().st_mtime_ns == written
    assert not [path for path in (out / UNFINISHED).iterdir() if path.is_dir()]


def _wait_for_a_result(out: Path) -> Path:
    """The recording.json of the first one."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        for path in out.glob("*/*/recording.json"):
            if UNFINISHED not in path.parts:
                return path
        time.sleep(0.01)
    raise AssertionError("nothing was analysed")


def _is_whole(result: Path) -> bool:
    return not result.is_dir() or any(result.rglob("recording.json"))


@pytest.mark.timeout(180)
def test_two_commands_on_one_folder_do_not_collide(folder: Path, tmp_path: Path) -> None:
    (folder / "broken.jpg").unlink()
    both = [_analyze(folder, tmp_path / "out") for _ in range(2)]
    told = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    lines = [line for out, _ in told for line in out.splitlines()]
    assert len(lines) == 6
    # Each was done by one of them, and found done by the other.
    assert sum("unchanged" in line for line in lines) == 3
