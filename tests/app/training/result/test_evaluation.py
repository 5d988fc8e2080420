"""Evaluation in the real child process, and in children that misbehave."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import SignalInstance
from pytestqt.qtbot import QtBot

from app.training.result import evaluation as module
from app.training.result.evaluation import EvaluationProcess
from ml.evaluation.results import Evaluation, load_predictions
from ml.expressions import EXPRESSIONS
from ml.network.architecture import Architecture
from ml.network.model import ResEmoteNet, state_of
from ml.network.weights import Weights
from ml.network.weights_files import save_weights

_LONG = 60_000


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    architecture = Architecture(
        channels=(4, 4, 16, 8, 8, 8), head=(8, 8, 8), in_channels=1, input_size=48
    )
    state = state_of(ResEmoteNet(architecture))
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    save_weights(Weights(architecture, state, mean=(0.5,), std=(0.25,), classes=EXPRESSIONS), path)
    return path


class Watched(EvaluationProcess):
    """Keeps what was told."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[tuple[int, int]] = []
        self.ends: list[tuple[object, ...]] = []
        self.progress.connect(lambda *step: self.steps.append(step))
        for signal_ in (self.finished, self.failed, self.cancelled):
            self._keep(signal_)

    def _keep(self, signal_: SignalInstance) -> None:
        signal_.connect(lambda *what: self.ends.append(what))


@pytest.fixture
def process(qtbot: QtBot) -> Iterator[Watched]:
    process = Watched()
    yield process
    assert process.shut_down()


def ended(process: Watched, qtbot: QtBot) -> object:
    qtbot.waitUntil(lambda: bool(process.ends), timeout=_LONG)
    qtbot.wait(50)
    assert len(process.ends) == 1
    assert not process.running
    return process.ends[0][0] if process.ends[0] else "cancelled"


def instead(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Run ``code`` in place of python -m ml."""
    command = [sys.executable, "-c", textwrap.dedent(code)]
    monkeypatch.setattr("app.ml_process.ml_command", lambda: command)


# The real child


@pytest.fixture
def data_with_a_bad_row(tiny_data: Path, tmp_path: Path) -> Path:
    data = tmp_path / "fer2013.csv"
    data.write_text(tiny_data.read_text() + "3,1 2 3,PublicTest\n")
    return data


def test_weights_are_measured_and_bad_pictures_skipped(
    process: Watched, qtbot: QtBot, weights: Path, data_with_a_bad_row: Path, tmp_path: Path
) -> None:
    process.start(weights, data_with_a_bad_row, tmp_path / "new" / "folder", skip_bad=True)
    assert process.running
    evaluation = ended(process, qtbot)
    assert isinstance(evaluation, Evaluation)
    assert set(evaluation.splits) == {"PublicTest", "PrivateTest"}
    assert evaluation.splits["PublicTest"].full.single.pictures == 14
    assert process.steps[0] == (0, 28)
    assert process.steps[-1] == (28, 28)
    predictions = process.ends[0][1]
    assert isinstance(predictions, Path)
    assert len(load_predictions(predictions)["PrivateTest"].names) == 14


def test_bad_pictures_are_named(
    process: Watched, qtbot: QtBot, weights: Path, data_with_a_bad_row: Path, tmp_path: Path
) -> None:
    process.start(weights, data_with_a_bad_row, tmp_path)
    why = str(ended(process, qtbot))
    assert why.startswith(str(data_with_a_bad_row))
    assert "row 86" in why or "row 85" in why


def test_missing_weights_are_named(
    process: Watched, qtbot: QtBot, tiny_data: Path, tmp_path: Path
) -> None:
    process.start(tmp_path / "gone.safetensors", tiny_data, tmp_path)
    why = str(ended(process, qtbot))
    assert str(tmp_path / "gone.safetensors") in why
    assert "python -m ml" not in why
    assert len(why.splitlines()) == 1


def test_a_folder_that_takes_nothing_is_told_before_the_work(
    process: Watched, weights: Path, tiny_data: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    process.start(weights, tiny_data, tmp_path / "file")
    assert not process.running
    assert str(tmp_path / "file") in str(process.ends)


def test_cancelling_ends_the_child(
    process: Watched, qtbot: QtBot, weights: Path, tiny_data: Path, tmp_path: Path
) -> None:
    process.start(weights, tiny_data, tmp_path)
    process.cancel()
    process.cancel()
    assert ended(process, qtbot) == "cancelled"
    assert list(tmp_path.iterdir()) == []


def test_closing_ends_the_child(
    process: Watched, weights: Path, tiny_data: Path, tmp_path: Path
) -> None:
    process.start(weights, tiny_data, tmp_path)
    assert process.shut_down()
    assert not process.running
    assert process.shut_down()


def test_a_child_whose_window_was_killed_ends_without_a_result(
    weights: Path, tiny_data: Path, tmp_path: Path
) -> None:
    arguments = ["evaluate", str(weights), str(tiny_data), "--background", "--progress-events"]
    child = subprocess.Popen(
        [sys.executable, "-m", "ml", *arguments, "--json", str(tmp_path / "e.json")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert child.stderr is not None
    child.stderr.close()
    assert child.wait(60) != 0
    assert list(tmp_path.iterdir()) == []


# Others


def test_a_child_that_cannot_start_is_told(
    process: Watched, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("app.ml_process.ml_command", lambda: [str(tmp_path / "no such program")])
    process.start(tmp_path / "w", tmp_path / "d", tmp_path)
    assert "could not be started" in str(ended(process, qtbot))


def test_a_child_that_dies_at_start_is_told_with_its_last_lines(
    process: Watched, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    instead(
        monkeypatch,
        """
        import sys
        for n in range(100): print("line", n, file=sys.stderr)
        sys.stderr.write("no memory ÿ"); sys.exit(3)
        """,
    )
    process.start(tmp_path / "w", tmp_path / "d", tmp_path)
    why = str(ended(process, qtbot))
    assert "ended unexpectedly" in why
    assert why.endswith("line 99\nno memory ÿ")
    assert "line 50" not in why


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_child_that_is_killed_is_told(
    process: Watched, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    instead(monkeypatch, "import time; time.sleep(60)")
    process.start(tmp_path / "w", tmp_path / "d", tmp_path)
    assert process._process is not None
    os.kill(process._process.processId(), signal.SIGKILL)
    assert "ended unexpectedly" in str(ended(process, qtbot))


def test_rubbish_is_passed_over(
    process: Watched, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Bytes of no encoding, lines without end, events of others, and no result at the end."""
    instead(
        monkeypatch,
        r"""
        import sys
        from ml.runs.events import Loading, Stopped, to_line
        out = sys.stderr.buffer
        out.write(b"\xff\xfe\x00\n" * 1000 + b"x" * 3_000_000 + b"\n{}\n[1]\n{\"done\": 3}\n")
        out.write(to_line(Loading(3, 7)).encode() + b"\n")
        sys.stdout.write("y" * 1_000_000)
        """,
    )
    process.start(tmp_path / "w", tmp_path / "d", tmp_path)
    assert "no readable result" in str(ended(process, qtbot))
    assert process.steps == [(3, 7)]


@pytest.mark.parametrize("left", ["", "[1, 2]", '{"version": 1}', "\x00"])
def test_a_result_that_is_none_is_told(
    process: Watched, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, left: str
) -> None:
    instead(
        monkeypatch,
        f"""
        import pathlib, sys
        pathlib.Path(sys.argv[sys.argv.index("--json") + 1]).write_text({left!r})
        """,
    )
    process.start(tmp_path / "w", tmp_path / "d", tmp_path)
    assert "no readable result" in str(ended(process, qtbot))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to ignore")
@pytest.mark.parametrize("closing", [False, True])
def test_a_child_that_will_not_end_is_killed(
    process: Watched,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    closing: bool,
) -> None:
    monkeypatch.setattr(module, "_GRACE_MS", 300)
    process._kill.setInterval(300)
    instead(
        monkeypatch,
        """
        import signal, sys, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        from ml.runs.events import Loading, to_line
        print(to_line(Loading(0, 1)), file=sys.stderr, flush=True)
        time.sleep(600)
        """,
    )
    process.start(tmp_path / "w", tmp_path / "d", tmp_path)
    qtbot.waitUntil(lambda: bool(process.steps), timeout=_LONG)
    if closing:
        assert process.shut_down()
    else:
        process.cancel()
    assert ended(process, qtbot) == "cancelled"
