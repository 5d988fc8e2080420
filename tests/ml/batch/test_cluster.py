"""A real Dask cluster on this machine, one of whose workers is killed."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

import ml
from ml.batch import cluster, workers
from ml.batch.finding import find
from ml.batch.messages import Done, Failed, Job, Progress
from ml.batch.options import BatchOptions
from ml.recording.columns import FACES_FILE

pytest.importorskip("distributed")

_OPTIONS = BatchOptions(views=1, exact=True)
_CLUSTER = """
from distributed import LocalCluster

if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        print(cluster.scheduler_address, *(w.pid for w in cluster.workers.values()), flush=True)
        input()
"""


@pytest.fixture
def local(tmp_path: Path) -> Iterator[tuple[str, list[int]]]:
    """Its address, and the process numbers of its two workers."""
    script = tmp_path / "cluster.py"
    script.write_text(_CLUSTER)
    with subprocess.Popen(
        [sys.executable, script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
        cwd=Path(ml.__file__).parent.parent,
        env=os.environ | {"PYTHONPATH": str(Path(ml.__file__).parent.parent)},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        address, *pids = process.stdout.readline().split()
        yield address, [int(pid) for pid in pids]
        everybody = psutil.Process(process.pid).children(recursive=True)
        process.stdin.close()
        process.wait(30)
        psutil.wait_procs(everybody, 10)


@pytest.mark.timeout(180)
def test_a_job_whose_worker_is_killed_is_done_by_another(
    folder: Path, tmp_path: Path, local: tuple[str, list[int]]
) -> None:
    hurt = folder / "50 % #2" / "c.avi"
    hurt.write_bytes(b"\0" * 3000)
    items = find([folder]).items
    jobs = [Job(item, tmp_path / "cluster", _OPTIONS) for item in items]
    address, pids = local
    killed = threading.Event()

    def kill_when_it_works() -> None:
        while not any((tmp_path / "cluster").glob(".unfinished/*.lock")):
            time.sleep(0.01)
        psutil.Process(pids[0]).kill()
        killed.set()

    killer = threading.Thread(target=kill_when_it_works)
    killer.start()
    with closing(cluster.run(jobs, address)) as said:
        outcomes = {job.item.place: outcome for job, outcome in said}
    killer.join()
    assert killed.is_set()
    plain = [Job(item, tmp_path / "plain", _OPTIONS) for item in items]
    with closing(workers.run(plain, 1)) as messages:
        expected = {job.item.place: m for job, m in messages if not isinstance(m, Progress)}
    assert set(outcomes) == set(expected)
    for place, outcome in outcomes.items():
        assert type(outcome) is type(expected[place])
        if isinstance(outcome, Failed):
            assert outcome == expected[place]
            continue
        assert isinstance(outcome, Done)
        results = [
            folder / place / FACES_FILE for folder in (tmp_path / "cluster", tmp_path / "plain")
        ]
        assert results[0].read_bytes() == results[1].read_bytes()


def test_no_scheduler_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_PATIENCE", 1.0)
    with pytest.raises(ValueError, match=r"No Dask scheduler responds at tcp://127\.0\.0\.1:9"):
        next(cluster.run([], "tcp://127.0.0.1:9"))
