"""The command as the window and the terminal start it: real child processes, really killed."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ml.cli import main
from ml.runs.events import Checkpoint, Epoch, Event, Failed, Finished, Started, Stopped, parse_line
from ml.runs.folder import RunFolder
from ml.runs.summaries import RunState, history, summarise_run
from ml.training.train import train
from tests.ml.training.tiny_runs import make_pictures, measured, options, state_of, tiny_config

ROOT = Path(__file__).parents[3]
ENDLESS = 5000  # epochs

Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts ``python -m ml train`` with some arguments; kills what a failed test leaves."""
    children = []

    def start_child(*arguments: object) -> subprocess.Popen[bytes]:
        child = subprocess.Popen(
            [sys.executable, "-m", "ml", "train", *map(str, arguments)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        children.append(child)
        return child

    yield start_child
    for child in children:
        child.kill()
        child.wait()
        for stream in (child.stdin, child.stdout, child.stderr):
            assert stream is not None
            with contextlib.suppress(BrokenPipeError):
                stream.close()


def read_until(child: subprocess.Popen[bytes], kind: type[Event]) -> Event:
    assert child.stdout is not None
    for line in child.stdout:
        event = parse_line(line)
        if isinstance(event, kind):
            return event
    assert child.stderr is not None
    raise AssertionError(f"no {kind.__name__}: {child.stderr.read().decode()}")


def rest(child: subprocess.Popen[bytes]) -> list[Event]:
    """What else a child that is about to end tells; it must end well."""
    assert child.stdout is not None
    assert child.stderr is not None
    events = [parse_line(line) for line in child.stdout]
    errors = child.stderr.read().decode()
    assert (child.wait(60), errors) == (0, "")
    assert None not in events
    return [event for event in events if event]


def tell(child: subprocess.Popen[bytes], *lines: bytes | dict[str, Any]) -> None:
    assert child.stdin is not None
    for line in lines:
        child.stdin.write(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n")
    child.stdin.flush()


def test_a_run_that_was_killed_goes_on_bit_for_bit(
    data: Path, tmp_path: Path, start: Start
) -> None:
    folder, other = RunFolder(tmp_path / "killed"), RunFolder(tmp_path / "undisturbed")
    child = start(data, "--run-dir", folder.path, "--events-stdout", *options(epochs=12))
    read_until(child, Checkpoint)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert summarise_run(folder).state is RunState.CRASHED
    assert len(history(folder.read_events())) < 12

    config = tiny_config(data, epochs=12)
    assert train(config, folder, lambda _: None, resume=True)
    assert train(config, other, lambda _: None)
    assert measured(list(folder.read_events())) == measured(list(other.read_events()))
    found, expected = state_of(folder), state_of(other)
    assert [name for name in expected if not found[name].equal(expected[name])] == []


def test_it_obeys_its_stdin_and_stops_with_it(data: Path, tmp_path: Path, start: Start) -> None:
    folder = RunFolder(tmp_path / "run")
    child = start(data, "--run-dir", folder.path, "--events-stdout", *options(epochs=ENDLESS))
    read_until(child, Epoch)
    assert summarise_run(folder).state is RunState.RUNNING
    tell(child, b"rubbish\n", b"\xff\n", b"[" * 100_000 + b"\n", {"command": ["stop"]})
    tell(child, {"command": "threads", "count": 2}, {"command": "threads", "count": -1})
    read_until(child, Epoch)
    tell(child, {"command": "stop"})
    *_, checkpoint, stopped = rest(child)
    assert isinstance(checkpoint, Checkpoint)
    assert isinstance(stopped, Stopped)
    assert summarise_run(folder).state is RunState.STOPPED

    child = start("--resume", folder.path, "--events-stdout")
    started = read_until(child, Started)
    assert isinstance(started, Started)
    assert (started.epoch, started.batch) == (stopped.epoch, stopped.batch)
    assert child.stdin is not None
    child.stdin.close()  # the window has died
    assert isinstance(rest(child)[-1], Stopped)
    assert summarise_run(folder).state is RunState.STOPPED


def test_a_detached_run_outlives_its_window(data: Path, tmp_path: Path, start: Start) -> None:
    folder = RunFolder(tmp_path / "run")
    child = start(data, "--run-dir", folder.path, "--events-stdout", *options(epochs=12))
    tell(child, {"command": "detach"})
    read_until(child, Started)
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.close()
    child.stdout.close()
    assert child.wait(60) == 0
    assert summarise_run(folder).state is RunState.FINISHED
    assert child.stderr is not None
    assert child.stderr.read() == b""


def test_on_a_terminal_ctrl_c_saves_a_checkpoint(data: Path, tmp_path: Path, start: Start) -> None:
    name = "my run"
    child = start(data, "--runs-dir", tmp_path, "--name", name, *options(epochs=ENDLESS))
    assert child.stdout is not None
    lines = iter(child.stdout.readline, b"")
    assert any(b"epoch 1" in line for line in lines)
    child.send_signal(signal.SIGINT)
    assert b"--resume" in child.stdout.read()
    assert child.wait(60) == 0
    assert summarise_run(RunFolder(tmp_path / name)).state is RunState.STOPPED


def test_a_start_that_fails_is_told_to_the_window(tmp_path: Path, start: Start) -> None:
    child = start(tmp_path / "nowhere", "--run-dir", tmp_path / "run", "--events-stdout")
    failed = read_until(child, Failed)
    assert isinstance(failed, Failed)
    assert "nowhere" in failed.message
    assert child.wait(60) == 1


def test_two_processes_learn_what_one_does(data: Path, tmp_path: Path, start: Start) -> None:
    """With half of each batch. Rounding differs, and training makes small differences grow."""
    same = {"mixup": 0.0, "head_dropout": 0.0, "learning_rate": 0.02, "warmup_epochs": 0.0}
    one, two = RunFolder(tmp_path / "one"), RunFolder(tmp_path / "two")
    child = start(data, "--run-dir", two.path, "--events-stdout", "--devices", 2, *options(**same))
    train(tiny_config(data, **same), one, lambda _: None)
    read_until(child, Finished)
    assert child.wait(60) == 0
    epochs = [history(folder.read_events()) for folder in (one, two)]
    assert len(epochs[1]) == 3
    tolerances = (5e-4, 1e-2, 1e-2)  # with norms of each process's own it is 4e-3, 2e-2, 3e-2
    for alone, shared, tolerance in zip(*epochs, tolerances, strict=True):
        assert shared.train_loss == pytest.approx(alone.train_loss, abs=tolerance)
        assert shared.validation_loss == pytest.approx(alone.validation_loss, abs=tolerance)


# The command line


def mistake(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """What is said about it."""
    with pytest.raises(SystemExit) as raised:
        raise SystemExit(main(["train", *arguments]))
    assert raised.value.code in (1, 2)
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.zip"], "nowhere.zip does not exist"),
        ([], "Name a folder, a zip or a csv"),
        ([__file__, "--name", "../x"], "not a valid run name"),
        ([__file__, "--epochs", "0"], "epochs must be between 1 and"),
        ([__file__, "--preset", "slow"], "slow"),
        ([__file__, "--channels", "1", "2"], "expected 6 arguments"),
        (["--resume", "nowhere"], "nowhere is not a run folder"),
        (["--resume"], "Which run"),
        ([__file__, "--device", "tpu"], "tpu"),
    ],
)
def test_mistakes_are_explained(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert message in mistake(arguments, capsys)


def test_a_resumed_run_goes_on_with_what_it_began_with(
    tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begun = RunFolder.create(tmp_path / "run", vars(tiny_config(data, epochs=1)))
    resume = ["--resume", str(begun.path)]
    said = mistake([*resume, "--epochs", "9"], capsys)
    assert "began with epochs 1 and cannot continue with 9" in said
    assert main(["train", *resume, *options(epochs=1, threads=2)]) == 0
    assert summarise_run(begun).state is RunState.FINISHED


def test_a_run_refused_for_bad_pictures_goes_on_without_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = make_pictures(tmp_path / "data")
    (data / "train" / "sad" / "Training_99.png").write_bytes(b"")
    run = str(tmp_path / "run")
    assert "--skip-bad" in mistake([str(data), "--run-dir", run, *options(epochs=1)], capsys)
    assert main(["train", "--resume", run, "--skip-bad"]) == 0


def test_a_run_may_be_resumed_from_another_folder(
    tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(tiny_config(data, epochs=1), RunFolder(tmp_path / "first"), lambda _: None)
    monkeypatch.chdir(tmp_path)
    weights = "first/best.safetensors"
    more = ["--start-from", weights, "--teacher", weights]
    assert main(["train", str(data), "--run-dir", "second", *more, *options(epochs=1)]) == 0
    config = RunFolder(tmp_path / "second").config()
    assert config["start_from"] == [str(tmp_path / weights)]
    assert config["teacher"] == [str(tmp_path / weights)]


def test_data_taken_for_a_weights_file_is_missed(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = mistake(["--start-from", "some.safetensors", str(data)], capsys)
    assert "before --start-from" in said


def test_runs_are_listed(tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train(tiny_config(data, epochs=1), RunFolder(tmp_path / "first"), lambda _: None)
    assert "nothing to resume" in mistake(["--resume", str(tmp_path / "first")], capsys)
    (tmp_path / "holiday").mkdir()
    assert main(["runs", "--runs-dir", str(tmp_path)]) == 0
    table = capsys.readouterr().out
    assert "finished" in table
    assert "damaged" in table
    assert main(["runs", "--runs-dir", str(tmp_path), "--json"]) == 0
    runs = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {run["name"]: run["state"] for run in runs} == {
        "first": "finished",
        "holiday": "damaged",
    }
