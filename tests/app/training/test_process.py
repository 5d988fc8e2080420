"""The training tab's child process: real ones, killed, silent, talking rubbish."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from app.training import process as process_module
from app.training.process import RunFollower, TrainingProcess
from ml.runs.events import Batch, Epoch, Event, Failed, Finished, Loading, Started, Stopped, to_line
from ml.runs.folder import RunFolder
from ml.runs.summaries import RunState, summarise_run
from tests.app.conftest import TINY

_LONG = 60_000


class Heard:
    """What a process told, and how it ended."""

    def __init__(self, process: TrainingProcess | RunFollower) -> None:
        self.events: list[Event] = []
        self.ends: list[str] = []
        process.told.connect(self.events.append)
        process.ended.connect(self.ends.append)

    def of(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
def process() -> Iterator[TrainingProcess]:
    process = TrainingProcess()
    yield process
    process.kill()
    assert process.shut_down()


def child_that_runs(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.ml_process.ml_command", lambda: [sys.executable, "-c", code])


def test_a_run_from_start_to_end(
    qtbot: QtBot, process: TrainingProcess, tiny_data: Path, tmp_path: Path
) -> None:
    heard = Heard(process)
    process.start([str(tiny_data), "--run-dir", str(tmp_path / "run"), *TINY])
    qtbot.waitUntil(lambda: bool(heard.ends), timeout=_LONG)
    assert heard.ends == [""]
    assert len(heard.of(Started)) == 1
    assert [event.epoch for event in heard.of(Epoch)] == [1, 2]
    assert isinstance(heard.events[-1], Finished)
    assert RunFolder(tmp_path / "run").weights_file.is_file()
    assert not process.running


def test_stop_within_an_epoch_and_resume(
    qtbot: QtBot, process: TrainingProcess, tiny_data: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    heard = Heard(process)
    process.told.connect(lambda event: process.stop() if isinstance(event, Batch) else None)
    process.start([str(tiny_data), "--run-dir", str(run), *TINY, "--epochs", "400"])
    qtbot.waitUntil(lambda: bool(heard.ends), timeout=_LONG)
    assert heard.ends == [""]
    stopped = heard.of(Stopped)
    assert len(stopped) == 1
    assert summarise_run(RunFolder(run)).state is RunState.STOPPED

    again = TrainingProcess()
    heard = Heard(again)
    again.start(["--resume", str(run)])
    qtbot.waitUntil(lambda: bool(heard.of(Epoch)), timeout=_LONG)
    assert heard.of(Epoch)[0].epoch == stopped[0].epoch + 1
    again.stop()
    assert again.shut_down()


def test_a_killed_child_says_so_and_can_be_resumed(
    qtbot: QtBot, process: TrainingProcess, tiny_data: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    heard = Heard(process)
    process.start([str(tiny_data), "--run-dir", str(run), *TINY, "--epochs", "400"])
    qtbot.waitUntil(lambda: len(heard.of(Epoch)) > 1, timeout=_LONG)
    os.kill(heard.of(Started)[0].pid, signal.SIGKILL)
    qtbot.waitUntil(lambda: bool(heard.ends), timeout=_LONG)
    assert heard.ends[0].startswith("Training ended unexpectedly.")
    assert summarise_run(RunFolder(run)).state is RunState.CRASHED
    epochs = heard.of(Epoch)[-1].epoch

    again = TrainingProcess()
    heard = Heard(again)
    again.start(["--resume", str(run)])
    qtbot.waitUntil(lambda: bool(heard.of(Epoch)), timeout=_LONG)
    assert heard.of(Epoch)[0].epoch in (epochs, epochs + 1)
    assert again.shut_down()


@pytest.mark.parametrize("goes_on", [False, True])
def test_a_killed_window_stops_the_run_unless_it_was_to_go_on(
    tiny_data: Path, tmp_path: Path, goes_on: bool
) -> None:
    run = tmp_path / "run"
    code = f"""
import sys
from PySide6.QtCore import QCoreApplication
from app.training.process import TrainingProcess
from ml.runs.events import Epoch
application = QCoreApplication([])
process = TrainingProcess()
process.told.connect(lambda e: print("EPOCH", flush=True) if isinstance(e, Epoch) else None)
process.start(sys.argv[1:])
process.outlive_window({goes_on})
application.exec()
"""
    arguments = [str(tiny_data), "--run-dir", str(run), *TINY, "--epochs", "4000"]
    window = subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, text=True
    )
    assert window.stdout is not None
    with window:
        assert window.stdout.readline() == "EPOCH\n"
        window.kill()
    folder = RunFolder(run)
    if goes_on:
        seen = len(list(folder.read_events()))
        deadline = time.monotonic() + 30
        while len(list(folder.read_events())) <= seen and time.monotonic() < deadline:
            time.sleep(0.05)
        assert folder.is_running()
        folder.request_stop()
    deadline = time.monotonic() + 30
    while folder.is_running() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert summarise_run(folder).state is RunState.STOPPED
    assert folder.load_checkpoint() is not None


def test_rubbish_on_stdout_is_skipped(
    qtbot: QtBot, process: TrainingProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = to_line(Stopped(epoch=3, batch=1))
    rubbish = ["hello", "{", '{"schema": 99}', "\\x00\\xff", "[" * 5000, line[:-4]]
    code = f"for line in {[*rubbish, line]!r}: print(line)"
    child_that_runs(code, monkeypatch)
    heard = Heard(process)
    process.start([])
    qtbot.waitUntil(lambda: bool(heard.ends), timeout=_LONG)
    assert [event.epoch for event in heard.of(Stopped)] == [3]
    assert len(heard.events) == 1


def test_a_child_that_dies_at_start_shows_the_end_of_its_log(
    qtbot: QtBot, process: TrainingProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    child_that_runs("raise SystemExit('no such library: libfoo')", monkeypatch)
    heard = Heard(process)
    process.start([])
    qtbot.waitUntil(lambda: bool(heard.ends), timeout=_LONG)
    assert "no such library: libfoo" in heard.ends[0]


def test_a_program_that_is_not_there_is_told(
    qtbot: QtBot, process: TrainingProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.ml_process.ml_command", lambda: ["/nowhere/python"])
    heard = Heard(process)
    process.start([])
    qtbot.waitUntil(lambda: bool(heard.ends), timeout=_LONG)
    assert heard.ends[0].startswith("Training could not be started")
    assert not process.running


def test_a_child_that_stops_answering_is_told_and_can_be_ended(
    qtbot: QtBot, process: TrainingProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_module, "_SILENCE_SECONDS", 1)
    child_that_runs("import time; print('x', flush=True); time.sleep(1000)", monkeypatch)
    process = TrainingProcess()
    heard = Heard(process)
    silences: list[bool] = []
    process.silent.connect(silences.append)
    process.start([])
    qtbot.waitUntil(lambda: True in silences, timeout=_LONG)
    process.kill()
    qtbot.waitUntil(lambda: bool(heard.ends), timeout=_LONG)
    assert "Resume continues from its last checkpoint" in heard.ends[0]


def test_a_thousand_epochs_at_once_do_not_hold_the_window(
    qtbot: QtBot, process: TrainingProcess, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    epoch = Epoch(1, 1.0, 0.5, 1.0, 0.5, 0.5, 0.1, 1.0, False)
    lines = tmp_path / "lines"
    values = json.loads(to_line(epoch))
    lines.write_text("".join(json.dumps({**values, "epoch": n}) + "\n" for n in range(1, 1001)))
    child_that_runs(f"print(open({str(lines)!r}).read())", monkeypatch)
    monkeypatch.setattr(process_module, "_CHUNK_SECONDS", 0.001)
    heard = Heard(process)
    turns = 0
    seen_in: set[int] = set()
    process.told.connect(lambda _: seen_in.add(turns))

    def other_work() -> None:
        nonlocal turns
        turns += 1

    heart = QTimer()
    heart.timeout.connect(other_work)
    heart.start(0)
    process.start([])
    qtbot.waitUntil(lambda: bool(heard.ends), timeout=_LONG)
    heart.stop()
    assert [event.epoch for event in heard.of(Epoch)] == list(range(1, 1001))
    assert len(seen_in) > 5  # the window came to its other work again and again


def test_a_follower_shows_what_another_process_trains_and_can_stop_it(
    qtbot: QtBot, process: TrainingProcess, tiny_data: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    trained = Heard(process)
    process.start([str(tiny_data), "--run-dir", str(run), *TINY, "--epochs", "4000"])
    qtbot.waitUntil(lambda: bool(trained.of(Epoch)), timeout=_LONG)
    follower = RunFollower(run)
    heard = Heard(follower)
    follower.start()
    qtbot.waitUntil(lambda: len(heard.of(Epoch)) > 1, timeout=_LONG)
    follower.stop_run()
    qtbot.waitUntil(lambda: bool(heard.ends) and bool(trained.ends), timeout=_LONG)
    assert heard.ends == [""]
    assert isinstance(heard.events[-1], Stopped)
    assert follower.shut_down()


def test_a_follower_leaves_out_what_is_past(qtbot: QtBot, tmp_path: Path) -> None:
    """A run that failed, was resumed, and has told of very many batches since."""
    run = RunFolder.create(tmp_path / "run", {})
    batch = Batch(2, 1, 9, 1.0, 0.5, 0.1, 300.0, 1.0, 1.0)
    epochs = [Epoch(n, 1.0, 0.5, 1.0, 0.5, 0.5, 0.1, 1.0, False) for n in (1, 2)]
    started = Started({}, {}, "", 1, "cpu", "float32", 9, 5, 1, 0, 1)
    past = [started, batch, epochs[0], Failed("The disk is full.", ""), Loading(1, 1)]
    events = [*past, started, *[batch] * 1000, epochs[1], *[batch] * 1000]
    run.events_file.write_text("".join(f"{to_line(event)}\n" for event in events))
    follower = RunFollower(run.path)
    heard = Heard(follower)
    follower.start()
    qtbot.waitUntil(lambda: bool(heard.ends), timeout=_LONG)
    assert [type(event) for event in heard.events] == [Started, Epoch, Batch]
    assert heard.ends == ["Training ended unexpectedly."]
    assert follower.shut_down()


@pytest.mark.skipif(sys.platform == "win32", reason="sessions are Unix's")
def test_ctrl_c_in_the_terminal_does_not_reach_the_run(
    qtbot: QtBot, process: TrainingProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    child_that_runs("import time; time.sleep(60)", monkeypatch)
    process.start([])
    assert process._process is not None
    pid = process._process.processId
    qtbot.waitUntil(lambda: pid() > 0 and os.getsid(pid()) == pid(), timeout=_LONG)


def test_closing_leaves_no_process_behind(
    qtbot: QtBot, process: TrainingProcess, tiny_data: Path, tmp_path: Path
) -> None:
    heard = Heard(process)
    process.start([str(tiny_data), "--run-dir", str(tmp_path / "run"), *TINY, "--epochs", "4000"])
    qtbot.waitUntil(lambda: bool(heard.of(Batch)), timeout=_LONG)
    pid = heard.of(Started)[0].pid
    assert process.shut_down()
    assert not psutil.pid_exists(pid)
