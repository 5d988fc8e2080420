"""Choosing past runs and what is done with them, with real run folders."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QStandardPaths, Qt, QTimer
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from app.training.runs.runs_model import Column
from app.training.runs.runs_panel import RunsPanel
from ml.runs.summaries import RunState
from tests.app.training.runs.panel_steps import (
    READING,
    cell,
    column,
    double_click,
    enter,
    refreshed,
    select,
)

# Choosing


def test_selection_and_what_can_be_done_with_it(panel: RunsPanel) -> None:
    assert not panel.resume.isEnabled()
    assert not panel.delete.isEnabled()
    for name, resumable in (
        ("stopped", True), ("crashed", True), ("failed", True), ("finished", False),
    ):  # fmt: skip
        select(panel, name)
        assert panel.resume.isEnabled() is resumable
        assert panel.delete.isEnabled()
    told: list[set[str]] = []
    panel.selection_changed.connect(lambda runs: told.append({run.name for run in runs}))
    select(panel, "stopped", "crashed")
    assert told[-1] == {"stopped", "crashed"}
    assert not panel.resume.isEnabled()
    assert not panel.rename.isEnabled()
    assert panel.delete.isEnabled()


def test_resume(panel: RunsPanel, runs: Path) -> None:
    told: list[Path] = []
    panel.resume_requested.connect(told.append)
    select(panel, "crashed")
    panel.resume.trigger()
    assert told == [runs / "crashed"]


def test_double_click_and_return_open(panel: RunsPanel, qtbot: QtBot, runs: Path) -> None:
    told: list[Path] = []
    panel.opened.connect(told.append)
    double_click(panel, qtbot, "finished", Column.NAME)
    double_click(panel, qtbot, "stopped", Column.TEST)
    qtbot.keyClick(panel.table, Qt.Key.Key_Return)
    assert told == [runs / "finished", runs / "stopped", runs / "stopped"]


def test_open_folder(panel: RunsPanel, runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    told: list[str] = []
    panel.message.connect(told.append)
    monkeypatch.setattr(
        QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()) or False
    )
    select(panel, "finished")
    panel.open_folder.trigger()
    assert opened == [str(runs / "finished")]
    assert str(runs / "finished") in told[0]


# Runs that others have changed


@pytest.mark.parametrize("what", ["resume", "open_folder", "delete"])
def test_what_is_asked_of_a_run_that_is_gone(
    panel: RunsPanel, qtbot: QtBot, runs: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(panel, "_confirmed", lambda _runs: True)
    told: list[str] = []
    panel.message.connect(told.append)
    select(panel, "stopped")
    shutil.rmtree(runs / "stopped")
    with qtbot.waitSignal(panel.listed, timeout=READING):
        getattr(panel, what).trigger()
    assert told == ["stopped is no longer there."]
    assert "stopped" not in column(panel, Column.NAME)


@pytest.fixture
def training(runs: Path) -> Iterator[None]:
    """Another process trains the run ``crashed``."""
    code = (
        "import sys; from pathlib import Path; from ml.runs.folder import RunFolder\n"
        "with RunFolder(Path(sys.argv[1])).locked(): print('held', flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(runs / "crashed")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    yield
    process.communicate()


@pytest.mark.usefixtures("training")
def test_a_run_that_is_being_trained(panel: RunsPanel, qtbot: QtBot, runs: Path) -> None:
    refreshed(panel, qtbot)
    select(panel, "crashed")
    assert panel.selected[0].state is RunState.RUNNING
    assert cell(panel, "crashed", Column.STATE) == "Running"
    assert not panel.rename.isEnabled()
    assert not panel.delete.isEnabled()
    assert not panel.resume.isEnabled()
    assert panel.write_note.isEnabled()
    select(panel, "crashed", "stopped")
    assert not panel.delete.isEnabled()


def test_a_run_that_another_window_resumed_meanwhile(
    panel: RunsPanel, qtbot: QtBot, runs: Path, request: pytest.FixtureRequest
) -> None:
    told: list[str] = []
    panel.message.connect(told.append)
    select(panel, "crashed")
    request.getfixturevalue("training")
    panel._to_bin(panel.selected[0])
    panel.rename.trigger()
    enter(panel, qtbot, "other")
    assert "was not deleted" in told[0]
    assert "is training" in told[1]
    assert (runs / "crashed").is_dir()


# Deleting


def answer(qtbot: QtBot, role: QMessageBox.ButtonRole, seen: list[str]) -> None:
    """Click the button with ``role`` as soon as the question is there."""

    def click() -> None:
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        seen.append(box.text())
        (button,) = (b for b in box.buttons() if box.buttonRole(b) is role)
        button.click()

    QTimer.singleShot(0, click)


def bin_folder() -> Path:
    place = QStandardPaths.StandardLocation.GenericDataLocation
    return Path(QStandardPaths.writableLocation(place)) / "Trash" / "files"


@pytest.mark.skipif(sys.platform != "linux", reason="the bin is elsewhere on other systems")
def test_runs_are_moved_to_the_bin(panel: RunsPanel, qtbot: QtBot, runs: Path) -> None:
    select(panel, "stopped", "half")
    seen: list[str] = []
    answer(qtbot, QMessageBox.ButtonRole.DestructiveRole, seen)
    with qtbot.waitSignal(panel.listed, timeout=READING):
        panel.delete.trigger()
    assert seen == ["Move 2 runs to the bin?"]
    assert not (runs / "stopped").exists()
    assert (bin_folder() / "stopped" / "config.json").exists()
    assert (bin_folder() / "half").is_dir()
    assert column(panel, Column.NAME)[:3] == ["failed", "crashed", "finished"]


def test_nothing_is_deleted_without_consent(panel: RunsPanel, qtbot: QtBot, runs: Path) -> None:
    select(panel, "stopped")
    seen: list[str] = []
    answer(qtbot, QMessageBox.ButtonRole.RejectRole, seen)
    panel.delete.trigger()
    assert seen == ["Move stopped to the bin?"]
    assert (runs / "stopped").is_dir()


@pytest.mark.skipif(sys.platform != "linux", reason="takes away the bin as Linux has it")
def test_a_system_without_a_bin(
    panel: RunsPanel, runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    monkeypatch.setenv("XDG_DATA_HOME", str(in_the_way))
    monkeypatch.setattr(panel, "_confirmed", lambda _runs: True)
    told: list[str] = []
    panel.message.connect(told.append)
    select(panel, "stopped")
    panel.delete.trigger()
    assert "Nothing was deleted" in told[0]
    assert (runs / "stopped" / "config.json").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_the_runs_behind_a_link_stay(
    panel: RunsPanel, qtbot: QtBot, runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(panel, "_confirmed", lambda _runs: True)
    real = tmp_path / "real"
    (runs / "stopped").rename(real)
    (runs / "link").symlink_to(real)
    refreshed(panel, qtbot)
    select(panel, "link")
    with qtbot.waitSignal(panel.listed, timeout=READING):
        panel.delete.trigger()
    assert "link" not in column(panel, Column.NAME)
    assert (real / "config.json").exists()
