from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.training.runs.runs_panel import RunsPanel
from tests.app.training.runs.made_runs import make
from tests.app.training.runs.panel_steps import refreshed


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """One run of each kind, and two folders that are none."""
    parent = tmp_path / "runs"
    parent.mkdir()
    make(parent, "stopped", "stopped", accuracy=0.6)
    make(parent, "finished", "finished", epochs=8, accuracy=0.7)
    make(parent, "crashed", "crashed", accuracy=0.4)
    make(parent, "failed", "failed", accuracy=0.3)
    (parent / "holiday").mkdir()
    (parent / "holiday" / "beach.jpg").write_bytes(b"a picture")
    (parent / "half").mkdir()
    (parent / "half" / "config.json").write_text('{"schema"')
    return parent


@pytest.fixture
def panel(qtbot: QtBot, runs: Path) -> Iterator[RunsPanel]:
    panel = RunsPanel(runs)
    qtbot.addWidget(panel)
    panel.resize(1100, 260)
    panel.show()
    refreshed(panel, qtbot)
    yield panel
    assert panel.shut_down()
