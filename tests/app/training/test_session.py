from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.training.session import State, TrainingSession
from ml.runs.events import Epoch, Event, Stopped
from ml.runs.folder import RunFolder
from ml.runs.summaries import RunState, history, summarise_run
from tests.app.conftest import TINY

_LONG = 60_000


@pytest.fixture
def session() -> Iterator[TrainingSession]:
    session = TrainingSession()
    yield session
    assert session.shut_down()


def wait_until(done: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_run_goes_on_without_the_window_and_is_found_again(
    qtbot: QtBot, session: TrainingSession, tiny_data: Path, tmp_path: Path
) -> None:
    path = tmp_path / "run"
    told: list[Event] = []
    session.told.connect(told.append)
    session.start(tiny_data, path, [*TINY, "--epochs", "4000"])
    assert session.state is State.TRAINING
    qtbot.waitUntil(lambda: any(isinstance(e, Epoch) for e in told), timeout=_LONG)
    assert session.owns_process
    assert session.go_on_without_window()
    assert not session.owns_process

    folder = RunFolder(path)
    before = len(history(folder.read_events()))
    wait_until(lambda: len(history(folder.read_events())) > before)
    assert folder.is_running()

    again = TrainingSession()
    seen: list[Event] = []
    again.told.connect(seen.append)
    again.follow(path)
    assert again.state is State.FOLLOWING
    assert not again.owns_process
    qtbot.waitUntil(lambda: any(isinstance(e, Epoch) for e in seen), timeout=_LONG)
    again.stop()
    qtbot.waitUntil(lambda: again.state is State.IDLE, timeout=_LONG)
    assert isinstance(seen[-1], Stopped)
    wait_until(lambda: not folder.is_running())
    epochs = history(folder.read_events())
    assert [epoch.epoch for epoch in epochs] == list(range(1, len(epochs) + 1))
    assert again.shut_down()


def test_closing_the_window_leaves_a_followed_run_alone(
    qtbot: QtBot, session: TrainingSession, tiny_data: Path, tmp_path: Path
) -> None:
    path = tmp_path / "run"
    session.start(tiny_data, path, [*TINY, "--epochs", "4000"])
    folder = RunFolder(path)
    qtbot.waitUntil(lambda: bool(history(folder.read_events())), timeout=_LONG)
    watcher = TrainingSession()
    watcher.follow(path)
    assert watcher.shut_down()
    assert folder.is_running()
    session.stop()
    assert session.state is State.STOPPING
    qtbot.waitUntil(lambda: session.state is State.IDLE, timeout=_LONG)
    assert summarise_run(folder).state is RunState.STOPPED


def test_a_name_that_is_taken_is_told_and_the_old_run_is_kept(
    qtbot: QtBot, session: TrainingSession, tiny_data: Path, tmp_path: Path
) -> None:
    path = tmp_path / "run"
    path.mkdir()
    (path / "precious.txt").write_text("mine")
    told: list[Event] = []
    session.told.connect(told.append)
    session.start(tiny_data, path, TINY)
    qtbot.waitUntil(lambda: session.state is State.IDLE, timeout=_LONG)
    assert "is not empty" in getattr(told[-1], "message", "")
    assert [file.name for file in path.iterdir()] == ["precious.txt"]
