from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.app.conftest import WITHOUT_STREAMS, needs_posix_shell


def run(
    report: Path, *arguments: str | Path, through: Sequence[str] = ()
) -> tuple[int, dict[str, Any]]:
    """Exit status and report of the whole program, started by the command ``through``."""
    program = [sys.executable, "-m", "app", *map(str, arguments), "--report", str(report)]
    done = subprocess.run(
        [*through, *program],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        timeout=110,
        check=False,
    )
    return done.returncode, json.loads(report.read_bytes())


def test_a_clip_and_a_training(tmp_path: Path, clip: Path, tiny_data: Path) -> None:
    live = ["--source", clip, "--interval", "0", "--start"]
    status, found = run(tmp_path / "report.json", *live, "--train", tiny_data, "--epochs", "1")

    assert found["problems"] == []
    assert status == 0
    assert found["platform"] == "offscreen"
    assert 0 < found["faces"] <= found["frames"] <= 30
    assert found["expressions"].keys() == {"happy"}
    assert found["engines"] == ["OpenVINO", "OpenVINO"]
    assert found["epochs"] == 1


@pytest.mark.parametrize("option", ["--source", "--train"])
def test_what_goes_wrong_is_told(tmp_path: Path, option: str) -> None:
    start = ["--start"] if option == "--source" else []
    status, found = run(tmp_path / "report.json", option, tmp_path / "nowhere.zip", *start)

    assert status == 1
    assert len(found["problems"]) == 1
    assert "nowhere.zip" in found["problems"][0]


@needs_posix_shell
def test_without_standard_streams_it_trains_all_the_same(tmp_path: Path, tiny_data: Path) -> None:
    """As a windowed program on Windows is, whose children get pipes even so."""
    training = ["--train", tiny_data, "--epochs", "1"]
    status, found = run(tmp_path / "report.json", *training, through=WITHOUT_STREAMS)

    assert found["problems"] == []
    assert status == 0
    assert found["epochs"] == 1


def test_weights_that_cannot_be_used_are_a_problem(tmp_path: Path, clip: Path) -> None:
    """Though the window goes on with the bundled ones."""
    wrong = tmp_path / "wrong.safetensors"
    wrong.write_bytes(b"nothing")
    live = ["--source", clip, "--interval", "0", "--start"]
    status, found = run(tmp_path / "report.json", *live, "--weights", wrong)

    assert status == 1
    assert any("wrong.safetensors" in problem for problem in found["problems"])
    assert found["frames"]
