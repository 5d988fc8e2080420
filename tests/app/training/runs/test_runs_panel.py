"""The table of past runs, with real run folders."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QStandardPaths, Qt, QTimer
from PySide6.QtGui import QDesktopServices
from PySide6.QtTest import QSignalSpy
from PySide6.QtWidgets import QApplication, QLineEdit, QMessageBox
from pytestqt.qtbot import QtBot

import app.training.runs.runs_panel
import app.training.runs.runs_reader
from app.training.runs.runs_model import Column
from app.training.runs.runs_panel import RunsPanel
from ml.runs.events import Epoch, Failed, Finished, Started, Stopped
from ml.runs.folder import RunFolder
from ml.runs.summaries import RunState

_READING = 20_000


def add_epochs(folder: RunFolder, first: int, last: int, accuracy: float = 0.5) -> None:
    with folder.appending() as append:
        for number in range(first, last + 1):
            append(
                Epoch(
                    epoch=number,
                    train_loss=1.0,
                    train_accuracy=accuracy,
                    validation_loss=1.0,
                    validation_accuracy=accuracy,
                    validation_macro_f1=accuracy,
                    learning_rate=0.1,
                    seconds=30.0,
                    best=False,
                )
            )


def make(parent: Path, name: str, end: str, *, epochs: int = 4, accuracy: float = 0.5) -> Path:
    """A run that began in the order in which it was made."""
    folder = RunFolder.create(
        parent / name, {"data": "/data/faces.zip", "preset": "quick", "epochs": 8}
    )
    time = 1_700_000_000.0 + 3600 * len(list(parent.iterdir()))
    with folder.appending() as append:
        append(Started({}, {}, "", 1, "cpu", "32", 9, 8, 0, 0, 1, time=time))
    add_epochs(folder, 1, epochs, accuracy)
    single = {"accuracy": {"value": accuracy + 0.01}, "macro_f1": {"value": accuracy - 0.01}}
    ends = {
        "finished": Finished("w", {"splits": {"PrivateTest": {"full": {"single": single}}}}),
        "stopped": Stopped(epochs, 0),
        "failed": Failed("The disk is full.", "Free some space."),
    }
    if end in ends:
        with folder.appending() as append:
            append(ends[end])
    return folder.path


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


def refreshed(panel: RunsPanel, qtbot: QtBot) -> None:
    with qtbot.waitSignal(panel.listed, timeout=_READING):
        panel.refresh()


def column(panel: RunsPanel, which: Column) -> list[str]:
    model = panel.table.model()
    return [model.index(row, which).data() for row in range(model.rowCount())]


def row_of(panel: RunsPanel, name: str) -> int:
    return column(panel, Column.NAME).index(name)


def cell(panel: RunsPanel, name: str, which: Column) -> str:
    return column(panel, which)[row_of(panel, name)]


def tool_tip(panel: RunsPanel, name: str, which: Column) -> str:
    index = panel.table.model().index(row_of(panel, name), which)
    return str(index.data(Qt.ItemDataRole.ToolTipRole))


def select(panel: RunsPanel, *names: str) -> None:
    panel.table.clearSelection()
    model = panel.table.selectionModel()
    for name in names:
        index = panel.table.model().index(row_of(panel, name), 0)
        model.select(index, model.SelectionFlag.Select | model.SelectionFlag.Rows)


def editor(panel: RunsPanel) -> QLineEdit:
    (found,) = panel.table.findChildren(QLineEdit)
    return found


def enter(panel: RunsPanel, qtbot: QtBot, text: str) -> None:
    line = editor(panel)
    line.selectAll()
    line.insert(text)  # QTest types no letters but Latin ones
    finish(panel, qtbot)


def finish(panel: RunsPanel, qtbot: QtBot) -> None:
    qtbot.keyClick(editor(panel), Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: panel.table.state() is not panel.table.State.EditingState)


def centre(panel: RunsPanel, name: str, which: Column) -> QPoint:
    index = panel.table.model().index(row_of(panel, name), which)
    return panel.table.visualRect(index).center()


def double_click(panel: RunsPanel, qtbot: QtBot, name: str, which: Column) -> None:
    left, place = Qt.MouseButton.LeftButton, centre(panel, name, which)
    qtbot.mouseClick(panel.table.viewport(), left, pos=place)
    qtbot.mouseDClick(panel.table.viewport(), left, pos=place)


# What is shown


def test_every_run_is_listed_with_its_figures(panel: RunsPanel) -> None:
    assert column(panel, Column.NAME)[:4] == ["failed", "crashed", "finished", "stopped"]
    words = [cell(panel, "finished", which) for which in Column if which is not Column.STARTED]
    assert words == [
        "finished", "Finished", "faces.zip", "quick", "8 / 8", "70.0%", "71.0%", "0.690",
        "4 min 00 s", "",
    ]  # fmt: skip
    assert cell(panel, "finished", Column.STARTED)
    assert cell(panel, "crashed", Column.TEST) == ""
    assert panel.count.text() == "6 runs"


def test_each_state_has_a_word_and_a_mark(panel: RunsPanel) -> None:
    marks = set()
    for name, word in (
        ("finished", "Finished"), ("stopped", "Stopped"), ("crashed", "Crashed"),
        ("failed", "Failed"), ("half", "Damaged"),
    ):  # fmt: skip
        assert cell(panel, name, Column.STATE) == word
        icon = panel.table.model().index(row_of(panel, name), Column.STATE).data(
            Qt.ItemDataRole.DecorationRole
        )  # fmt: skip
        image = icon.pixmap(16).toImage()
        opaque = frozenset(
            (x, y)
            for x in range(image.width())
            for y in range(image.height())
            if image.pixelColor(x, y).alpha() > 99
        )
        marks.add(opaque)
    assert len(marks) == 5


def test_what_is_damaged_says_why_and_is_left_alone(panel: RunsPanel, runs: Path) -> None:
    assert "no run folder" in tool_tip(panel, "holiday", Column.STATE)
    assert "damaged" in tool_tip(panel, "half", Column.NAME)
    assert "disk is full" in tool_tip(panel, "failed", Column.STATE)
    for name in ("holiday", "half"):
        select(panel, name)
        assert not panel.resume.isEnabled()
        assert not panel.rename.isEnabled()
        assert not panel.write_note.isEnabled()
    assert [path.name for path in (runs / "holiday").iterdir()] == ["beach.jpg"]


@pytest.mark.parametrize("descending", [False, True])
def test_what_is_not_known_is_sorted_last(panel: RunsPanel, descending: bool) -> None:
    order = Qt.SortOrder.DescendingOrder if descending else Qt.SortOrder.AscendingOrder
    panel.table.sortByColumn(Column.VALIDATION, order)
    known = ["failed", "crashed", "stopped", "finished"]
    assert column(panel, Column.NAME)[:4] == (known[::-1] if descending else known)
    panel.table.sortByColumn(Column.TEST, order)
    assert column(panel, Column.NAME)[0] == "finished"


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
    qtbot.waitUntil(lambda: len(told) == 1, timeout=_READING)
    panel.refresh()
    qtbot.waitUntil(lambda: panel._reader.request == panel._wanted and panel._reader.isFinished())
    QApplication.processEvents()
    assert len(told) == 1  # said once, not every five seconds
    assert str(file) in told[0]
    assert panel.shut_down()


# Reading again


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
    qtbot.waitUntil(lambda: "later" in column(panel, Column.NAME), timeout=_READING)
    panel.hide()
    assert not panel._timer.isActive()
    assert panel.shut_down()


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
    with qtbot.waitSignal(panel.listed, timeout=_READING):
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
        ("../outside", "cannot name a run"),
        (".hidden", "cannot name a run"),
        ("a" * 101, "cannot name a run"),
        ("  ", "cannot name a run"),
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
    with qtbot.waitSignal(panel.listed, timeout=_READING):
        enter(panel, qtbot, "here")
    assert "no longer there" in told[0]
    assert "elsewhere" in column(panel, Column.NAME)
    assert not {"stopped", "here"} & set(column(panel, Column.NAME))


@pytest.mark.parametrize("what", ["resume", "open_folder", "delete"])
def test_what_is_asked_of_a_run_that_is_gone(
    panel: RunsPanel, qtbot: QtBot, runs: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(panel, "_confirmed", lambda _runs: True)
    told: list[str] = []
    panel.message.connect(told.append)
    select(panel, "stopped")
    shutil.rmtree(runs / "stopped")
    with qtbot.waitSignal(panel.listed, timeout=_READING):
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
    assert "being trained" in told[1]
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
    with qtbot.waitSignal(panel.listed, timeout=_READING):
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
    with qtbot.waitSignal(panel.listed, timeout=_READING):
        panel.delete.trigger()
    assert "link" not in column(panel, Column.NAME)
    assert (real / "config.json").exists()


def test_closing_while_it_reads(qtbot: QtBot, runs: Path) -> None:
    panel = RunsPanel(runs)
    qtbot.addWidget(panel)
    panel.refresh()
    panel.refresh()
    assert panel.shut_down()
    QApplication.processEvents()
    assert not panel._reader.isRunning()
