from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from app import worker
from ml.command import BUNDLED, ml_command
from ml.runs.events import Epoch, Finished
from ml.runs.folder import RunFolder
from tests.app.conftest import TINY, WITHOUT_STREAMS, needs_posix_shell


def test_the_program_runs_the_command_line_without_a_window(tiny_data: Path) -> None:
    code = (
        "import sys; from app.__main__ import main; status = main(sys.argv[1:]);"
        "assert 'PySide6' not in sys.modules; sys.exit(status)"
    )
    command = [sys.executable, "-c", code, BUNDLED, "data", "--json", str(tiny_data)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["counts"]["Training"]["happy"] == 8

    command[-1] = "nowhere.csv"
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 1
    assert "nowhere.csv" in done.stderr


@needs_posix_shell
def test_without_standard_streams_the_run_is_told_in_its_folder(
    tiny_data: Path, tmp_path: Path
) -> None:
    """As in a windowed program on Windows, where all three are None."""
    path = tmp_path / "run"
    train = ["train", str(tiny_data), "--run-dir", str(path), *TINY]
    program = [sys.executable, "-m", "app", BUNDLED, *train]
    done = subprocess.run([*WITHOUT_STREAMS, *program], timeout=100, check=False)
    assert done.returncode == 0
    events = list(RunFolder(path).read_events())
    assert sum(isinstance(event, Epoch) for event in events) == 2
    assert isinstance(events[-1], Finished)


def test_the_built_program_is_its_own_child(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ml_command() == [sys.executable, "-m", "ml"]

    monkeypatch.setattr(sys, "frozen", True, raising=False)

    assert ml_command() == [sys.executable, BUNDLED]
    # As Lightning Fabric starts the processes of further devices: the program, then its script.
    link = tmp_path / "in-bin"
    link.symlink_to(sys.executable)
    for program in (sys.executable, str(link)):
        again = [program, *ml_command()[1:], "train", "x.zip"]
        assert worker.worker_arguments(again) == ["train", "x.zip"]


@pytest.mark.parametrize("arguments", [[], ["--start"], ["--source", BUNDLED]])
def test_other_arguments_open_the_window(arguments: list[str]) -> None:
    assert worker.worker_arguments(arguments) is None
