from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def run(report: Path, *arguments: str | Path) -> tuple[int, dict[str, Any]]:
    """Exit status and report of the whole program."""
    done = subprocess.run(
        [sys.executable, "-m", "app", *map(str, arguments), "--report", str(report)],
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
    assert found["epochs"] == 1


@pytest.mark.parametrize("option", ["--source", "--train"])
def test_what_goes_wrong_is_told(tmp_path: Path, option: str) -> None:
    start = ["--start"] if option == "--source" else []
    status, found = run(tmp_path / "report.json", option, tmp_path / "nowhere.zip", *start)

    assert status == 1
    assert len(found["problems"]) == 1
    assert "nowhere.zip" in found["problems"][0]
