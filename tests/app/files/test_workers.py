"""The processes that analyse: real ones, dying, stubborn, talking rubbish."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from pytestqt.qtbot import QtBot

from app.files import workers as workers_module
from app.files.workers import Workers
from ml.batch.messages import Done, Failed, Job, Message, Progress
from ml.batch.options import BatchOptions
from tests.app.files.made_items import video

_LONG = 20_000


class Heard:
    def __init__(self, workers: Workers) -> None:
        self.messages: list[tuple[str, Message]] = []
        workers.told.connect(lambda job, message: self.messages.append((job.item.name, message)))

    @property
    def ends(self) -> dict[str, Message]:
        return {name: m for name, m in self.messages if not isinstance(m, Progress)}


@pytest.fixture
def workers() -> Iterator[Workers]:
    workers = Workers()
    yield workers
    assert workers.shut_down()


def job(name: str, out: Path) -> Job:
    return Job(video(name), out, BatchOptions())


def children() -> list[psutil.Process]:
    return [
        child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE
    ]


def processes(out: Path) -> list[str]:
    """That did the jobs, in their order."""
    return [line.split()[0] for line in (out / "jobs").read_text().splitlines()]


def test_a_process_does_one_job_after_another(
    qtbot: QtBot, workers: Workers, tmp_path: Path
) -> None:
    heard = Heard(workers)
    for name in ("one", "two"):
        workers.start(job(name, tmp_path), 2)
        assert not workers.has_room(1)
        qtbot.waitUntil(lambda name=name: name in heard.ends, timeout=_LONG)
        assert workers.has_room(1)
    assert [type(message) for _, message in heard.messages] == [Progress, Done, Progress, Done]
    assert len(set(processes(tmp_path))) == 1


def test_jobs_at_once_are_done_by_several_processes(
    qtbot: QtBot, workers: Workers, tmp_path: Path
) -> None:
    heard = Heard(workers)
    workers.start(job("slow 1", tmp_path), 2)
    workers.start(job("slow 2", tmp_path), 2)
    assert not workers.has_room(2)
    assert workers.has_room(3)
    qtbot.waitUntil(
        lambda: {name for name, _ in heard.messages} == {"slow 1", "slow 2"}, timeout=_LONG
    )
    assert len(set(processes(tmp_path))) == 2


def test_a_process_that_dies_fails_its_job_only(
    qtbot: QtBot, workers: Workers, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    heard = Heard(workers)
    workers.start(job("dying", tmp_path), 2)
    with qtbot.waitSignal(workers.freed, timeout=_LONG):
        pass
    assert heard.ends == {"dying": Failed("The process that analysed it ended unexpectedly.")}
    assert "no such library: libfoo" in caplog.text
    qtbot.waitUntil(lambda: workers.has_room(1), timeout=_LONG)
    workers.start(job("fine", tmp_path), 2)
    qtbot.waitUntil(lambda: "fine" in heard.ends, timeout=_LONG)
    assert isinstance(heard.ends["fine"], Done)


def test_what_is_no_message_is_passed_over(qtbot: QtBot, workers: Workers, tmp_path: Path) -> None:
    heard = Heard(workers)
    workers.start(job("noisy", tmp_path), 2)
    qtbot.waitUntil(lambda: "noisy" in heard.ends, timeout=_LONG)
    assert [type(message) for _, message in heard.messages] == [Progress, Done]


def test_a_stopped_job_is_told_of_no_more(qtbot: QtBot, workers: Workers, tmp_path: Path) -> None:
    heard = Heard(workers)
    slow = job("slow", tmp_path)
    workers.start(slow, 2)
    qtbot.waitUntil(lambda: len(heard.messages) > 1, timeout=_LONG)
    workers.stop(slow)
    told = len(heard.messages)
    assert not workers.has_room(5)  # its files may still be in use
    qtbot.waitUntil(lambda: workers.has_room(1), timeout=_LONG)
    assert len(heard.messages) == told
    assert not children()


def test_a_process_that_does_not_stop_is_killed(
    qtbot: QtBot, workers: Workers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers_module, "_GRACE_MS", 300)
    heard = Heard(workers)
    stubborn = job("stubborn", tmp_path)
    workers.start(stubborn, 2)
    qtbot.waitUntil(lambda: bool(heard.messages), timeout=_LONG)
    workers.stop(stubborn)
    qtbot.waitUntil(lambda: workers.has_room(1), timeout=_LONG)
    assert not heard.ends
    assert not children()


@pytest.mark.parametrize("name", ["slow", "stubborn", "fine"])
def test_nothing_is_left_behind(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Whether it is busy, does not listen, or has nothing to do."""
    monkeypatch.setattr(workers_module, "_GRACE_MS", 500)
    workers = Workers()
    heard = Heard(workers)
    workers.start(job(name, tmp_path), 2)
    qtbot.waitUntil(lambda: bool(heard.messages), timeout=_LONG)
    began = time.monotonic()
    assert workers.shut_down()
    assert not children()
    assert time.monotonic() - began < 10
    if name != "fine":
        assert not heard.ends


def test_a_process_that_cannot_be_started(
    qtbot: QtBot, workers: Workers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.ml_process.ml_command", lambda: ["/nowhere/python"])
    heard = Heard(workers)
    workers.start(job("one", tmp_path), 2)
    qtbot.waitUntil(lambda: "one" in heard.ends, timeout=_LONG)
    failure = heard.ends["one"]
    assert isinstance(failure, Failed)
    assert "could not be started" in failure.reason
