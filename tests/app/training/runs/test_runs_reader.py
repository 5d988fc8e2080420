"""Reading run folders again and again, with real ones."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QSignalSpy
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

import app.training.runs.runs_panel
import app.training.runs.runs_reader
from app.training.runs.runs_model import Column
from app.training.runs.runs_panel import RunsPanel
from ml.runs.folder import RunFolder
from tests.app.training.runs.made_runs import add_epochs, make
from tests.app.training.runs.panel_steps import READING, cell, column, refreshed, select


def test_no_runs_yet(qtbot: QtBot, tmp_path: Path) -> None:
    panel = RunsPanel(tmp_path / "not there")
    qtbot.addWidget(panel)
    panel.show()
    refreshed(panel, qtbot)
    assert panel.nothing.isVisible()
    assert not panel.table.isVisible()
    (tmp_path / "not there").mkdir()
    make(tmp_path / "not there", "first", "stopped")
    refreshed(panel, qtbot)
    assert column(panel, Column.NAME) == ["first"]
    assert panel.table.isVisible()
    assert panel.shut_down()


def test_a_folder_of_runs_that_cannot_be_listed(qtbot: QtBot, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("no folder")
    panel = RunsPanel(file)
    qtbot.addWidget(panel)
    told: list[str] = []
    panel.message.connect(told.append)
    qtbot.waitUntil(lambda: len(told) == 1, timeout=READING)
    panel.refresh()
    qtbot.waitUntil(lambda: panel._reader.request == panel._wanted and panel._reader.isFinished())
    QApplication.processEvents()
    assert len(told) == 1  # said once, not every five seconds
    assert str(file) in told[0]
    assert panel.shut_down()


def test_a_refresh_keeps_selection_sort_and_scroll(
    panel: RunsPanel, qtbot: QtBot, runs: Path
) -> None:
    for n in range(30):
        make(runs, f"run {n:02}", "stopped", accuracy=0.1 + n / 100)
    refreshed(panel, qtbot)
    panel.table.sortByColumn(Column.NAME, Qt.SortOrder.AscendingOrder)
    select(panel, "run 07", "run 09")
    scroll_bar = panel.table.verticalScrollBar()
    qtbot.waitUntil(lambda: scroll_bar.maximum() > 6)
    scroll_bar.setValue(6)
    spy = QSignalSpy(panel.selection_changed)
    add_epochs(RunFolder(runs / "run 03"), 5, 5)
    make(runs, "zzz", "stopped")
    refreshed(panel, qtbot)
    assert {run.name for run in panel.selected} == {"run 07", "run 09"}
    assert scroll_bar.value() == 6
    assert column(panel, Column.NAME) == sorted(column(panel, Column.NAME))
    assert cell(panel, "run 03", Column.EPOCHS) == "5 / 8"
    assert "zzz" in column(panel, Column.NAME)
    assert spy.count() == 0


def test_a_selected_run_that_goes_on_is_told(panel: RunsPanel, qtbot: QtBot, runs: Path) -> None:
    select(panel, "crashed")
    told: list[list[int]] = []
    panel.selection_changed.connect(lambda runs: told.append([run.epochs_done for run in runs]))
    add_epochs(RunFolder(runs / "crashed"), 5, 6)
    refreshed(panel, qtbot)
    assert told == [[6]]


def test_a_selected_run_that_vanishes_is_told(panel: RunsPanel, qtbot: QtBot, runs: Path) -> None:
    select(panel, "crashed", "stopped")
    told: list[list[str]] = []
    panel.selection_changed.connect(lambda runs: told.append([run.name for run in runs]))
    shutil.rmtree(runs / "crashed")
    refreshed(panel, qtbot)
    assert told[-1] == ["stopped"]


def test_runs_are_read_again_only_where_something_changed(
    panel: RunsPanel, qtbot: QtBot, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    summarise = app.training.runs.runs_reader.summarise_run

    def noted(folder: RunFolder) -> object:
        read.append(folder.path.name)
        return summarise(folder)

    monkeypatch.setattr(app.training.runs.runs_reader, "summarise_run", noted)
    refreshed(panel, qtbot)
    assert read == []
    add_epochs(RunFolder(runs / "stopped"), 5, 5)
    RunFolder(runs / "failed").write_note("from elsewhere")
    refreshed(panel, qtbot)
    assert read == ["failed", "stopped"]
    assert cell(panel, "failed", Column.NOTE) == "from elsewhere"


def test_reading_by_itself_while_it_is_seen(
    qtbot: QtBot, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.training.runs.runs_panel, "_REFRESH_MS", 50)
    panel = RunsPanel(runs)
    qtbot.addWidget(panel)
    panel.show()
    make(runs, "later", "stopped")
    qtbot.waitUntil(lambda: "later" in column(panel, Column.NAME), timeout=READING)
    panel.hide()
    assert not panel._timer.isActive()
    assert panel.shut_down()


def test_closing_while_it_reads(qtbot: QtBot, runs: Path) -> None:
    panel = RunsPanel(runs)
    qtbot.addWidget(panel)
    panel.refresh()
    panel.refresh()
    assert panel.shut_down()
    QApplication.processEvents()
    assert not panel._reader.isRunning()
