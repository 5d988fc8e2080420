"""Notes and names of past runs, changed in the table."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.training.runs.runs_model import Column
from app.training.runs.runs_panel import RunsPanel
from ml.runs.folder import RunFolder
from tests.app.training.runs.made_runs import add_epochs
from tests.app.training.runs.panel_steps import (
    READING,
    cell,
    column,
    double_click,
    editor,
    enter,
    finish,
    refreshed,
    select,
)

# Notes


def test_a_note_is_written_by_double_click(panel: RunsPanel, qtbot: QtBot, runs: Path) -> None:
    opened: list[Path] = []
    panel.opened.connect(opened.append)
    double_click(panel, qtbot, "stopped", Column.NOTE)
    enter(panel, qtbot, "  schmale Öffnung ☂ ")
    assert (runs / "stopped" / "note.txt").read_text(encoding="utf-8") == "schmale Öffnung ☂"
    assert cell(panel, "stopped", Column.NOTE) == "schmale Öffnung ☂"
    refreshed(panel, qtbot)
    assert cell(panel, "stopped", Column.NOTE) == "schmale Öffnung ☂"
    assert opened == []

    select(panel, "stopped")
    panel.write_note.trigger()
    qtbot.keyClick(editor(panel), Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(editor(panel), Qt.Key.Key_Delete)
    finish(panel, qtbot)
    assert not (runs / "stopped" / "note.txt").exists()


def test_a_refresh_leaves_a_note_alone_that_is_being_written(
    panel: RunsPanel, qtbot: QtBot, runs: Path
) -> None:
    select(panel, "crashed")
    panel.write_note.trigger()
    qtbot.keyClicks(editor(panel), "half a thou")
    add_epochs(RunFolder(runs / "crashed"), 5, 5)
    refreshed(panel, qtbot)
    assert cell(panel, "crashed", Column.EPOCHS) == "5 / 8"
    assert editor(panel).text() == "half a thou"
    qtbot.keyClicks(editor(panel), "ght")
    finish(panel, qtbot)
    assert RunFolder(runs / "crashed").note() == "half a thought"


def test_a_note_on_a_run_deleted_elsewhere(panel: RunsPanel, qtbot: QtBot, runs: Path) -> None:
    told: list[str] = []
    panel.message.connect(told.append)
    select(panel, "stopped")
    panel.write_note.trigger()
    shutil.rmtree(runs / "stopped")
    with qtbot.waitSignal(panel.listed, timeout=READING):
        enter(panel, qtbot, "too late")
    assert "no longer there" in told[0]
    assert not (runs / "stopped").exists()
    assert "stopped" not in column(panel, Column.NAME)


# Renaming


def test_rename_with_f2(panel: RunsPanel, qtbot: QtBot, runs: Path) -> None:
    select(panel, "stopped")
    panel.table.setFocus()
    qtbot.keyClick(panel.table, Qt.Key.Key_F2)
    enter(panel, qtbot, "wide network")
    assert not (runs / "stopped").exists()
    assert RunFolder(runs / "wide network").config()["preset"] == "quick"
    assert [run.path for run in panel.selected] == [runs / "wide network"]
    refreshed(panel, qtbot)
    assert [run.path for run in panel.selected] == [runs / "wide network"]
    assert cell(panel, "wide network", Column.EPOCHS) == "4 / 8"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("finished", "already a run named finished"),
        ("../outside", "not a valid run name"),
        (".hidden", "not a valid run name"),
        ("a" * 101, "not a valid run name"),
        ("  ", "not a valid run name"),
    ],
)
def test_names_that_are_refused(
    panel: RunsPanel, qtbot: QtBot, runs: Path, name: str, told: str
) -> None:
    before = sorted(runs.parent.rglob("*"))
    messages: list[str] = []
    panel.message.connect(messages.append)
    select(panel, "stopped")
    panel.rename.trigger()
    enter(panel, qtbot, name)
    assert told in messages[0]
    assert sorted(runs.parent.rglob("*")) == before
    assert "stopped" in column(panel, Column.NAME)


def test_renaming_a_run_that_was_renamed_elsewhere(
    panel: RunsPanel, qtbot: QtBot, runs: Path
) -> None:
    told: list[str] = []
    panel.message.connect(told.append)
    select(panel, "stopped")
    panel.rename.trigger()
    (runs / "stopped").rename(runs / "elsewhere")
    with qtbot.waitSignal(panel.listed, timeout=READING):
        enter(panel, qtbot, "here")
    assert "no longer there" in told[0]
    assert "elsewhere" in column(panel, Column.NAME)
    assert not {"stopped", "here"} & set(column(panel, Column.NAME))
