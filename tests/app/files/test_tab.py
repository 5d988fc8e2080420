"""The Files tab as a person works it, with real files and real processes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from PySide6.QtCore import QMimeData, QModelIndex, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from app import theme
from app.files import delegates
from app.files.entry import State
from app.files.left_out import LeftOutDialog
from app.files.queue_model import Column
from app.files.tab import FilesTab
from app.settings import FILES_FOLDER, RECORDINGS_FOLDER, WEIGHTS, Settings

_LONG = 20_000
_COPY = Qt.DropAction.CopyAction


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(tmp_path / "settings.ini")
    settings.set(RECORDINGS_FOLDER, str(tmp_path / "recordings"))
    return settings


@pytest.fixture
def tab(qtbot: QtBot, settings: Settings) -> Iterator[FilesTab]:
    tab = shown(settings, qtbot)
    yield tab
    assert tab.shut_down()


@pytest.fixture
def folder(tmp_path: Path, clip: Path, portrait: npt.NDArray[np.uint8]) -> Path:
    """Two videos, two pictures and a text, in folders."""
    folder = tmp_path / "Größe %20 #1"
    inner = folder / "inner"
    inner.mkdir(parents=True)
    shutil.copy(clip, inner / "one.avi")
    shutil.copy(clip, inner / "slow.avi")
    picture = cv2.imencode(".jpg", portrait)[1]
    for name in ("a.jpg", "b.jpg"):
        picture.tofile(folder / name)
    (folder / "notes.txt").write_text("Hello")
    return folder


def shown(settings: Settings, qtbot: QtBot) -> FilesTab:
    tab = FilesTab(settings)
    qtbot.addWidget(tab)
    tab.resize(860, 520)
    tab.show()
    return tab


def listed(tab: FilesTab) -> list[str]:
    return [entry.item.name for entry in tab.queue.entries]


def add(tab: FilesTab, qtbot: QtBot, *paths: Path) -> None:
    before = len(listed(tab))
    tab.add(paths)
    qtbot.waitUntil(lambda: len(listed(tab)) > before, timeout=_LONG)


def state_of(tab: FilesTab, name: str) -> State:
    return tab.queue.entries[listed(tab).index(name)].state


def drag(over: QWidget, data: QMimeData) -> QDragEnterEvent:
    event = QDragEnterEvent(
        QPoint(9, 9), _COPY, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(over, event)
    return event


def drop(over: QWidget, *paths: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    assert drag(over, data).isAccepted()
    event = QDropEvent(
        QPointF(9, 9), _COPY, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(over, event)
    assert event.isAccepted()


def test_a_dropped_folder_is_searched(qtbot: QtBot, tab: FilesTab, folder: Path) -> None:
    assert tab.drop.isVisible()
    drop(tab.drop, folder)
    qtbot.waitUntil(tab.panel.isVisible, timeout=_LONG)
    assert sorted(listed(tab)) == sorted(["one.avi", "slow.avi", folder.name])
    assert tab.message.isVisible()
    assert tab.message.text() == "notes.txt is neither a picture nor a video."
    assert tab.summary.text() == "3 to analyse"
    lengths = {tab.queue.model.index(row, Column.LENGTH) for row in range(3)}
    qtbot.waitUntil(lambda: {i.data() for i in lengths} == {"2 pictures", "1 s"}, timeout=_LONG)


def test_what_was_left_out_is_told_in_a_line_and_listed(
    qtbot: QtBot, tab: FilesTab, folder: Path
) -> None:
    (folder / "table.csv").touch()
    add(tab, qtbot, folder, folder.parent / "nowhere.mp4")
    text = "3 files left out: 1 cannot be analysed, the rest are not pictures or videos."
    assert tab.message.text() == text
    tab.details.click()
    (dialog,) = tab.findChildren(LeftOutDialog)
    first, *rest = dialog.text.toPlainText().splitlines()
    assert first == f"{folder.parent / 'nowhere.mp4'} does not exist."
    assert sorted(line.split()[-1] for line in rest) == ["video.", "video."]
    dialog.close()


def test_only_files_can_be_dropped_also_onto_the_filled_queue(
    qtbot: QtBot, tab: FilesTab, folder: Path
) -> None:
    files, text, address = QMimeData(), QMimeData(), QMimeData()
    files.setUrls([QUrl.fromLocalFile(str(folder))])
    text.setText("Hello")
    address.setUrls([QUrl("https://example.org/a.mp4")])
    assert drag(tab, files).isAccepted()
    assert tab.drop.property("dragged")
    QApplication.sendEvent(tab, QDragLeaveEvent())
    assert not tab.drop.property("dragged")
    assert not drag(tab, text).isAccepted()
    assert not drag(tab, address).isAccepted()
    add(tab, qtbot, folder / "inner")
    viewport = tab.panel.table.viewport()
    assert not drag(viewport, text).isAccepted()
    drop(viewport, folder)
    qtbot.waitUntil(lambda: len(listed(tab)) == 3, timeout=_LONG)
    assert not tab.drop.property("dragged")


def test_files_and_folders_are_added_with_buttons(
    qtbot: QtBot, tab: FilesTab, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = [str(folder / "inner" / "one.avi")]
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_, **__: (chosen, ""))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(folder / "inner"))
    tab.add_files.click()
    qtbot.waitUntil(lambda: listed(tab) == ["one.avi"], timeout=_LONG)
    tab.add_folder.click()
    qtbot.waitUntil(lambda: listed(tab) == ["one.avi", "slow.avi"], timeout=_LONG)


def test_only_the_kinds_that_are_wanted_are_added(
    qtbot: QtBot, tab: FilesTab, folder: Path
) -> None:
    tab.options.kinds.setCurrentText("Pictures only")
    add(tab, qtbot, folder)
    assert listed(tab) == [folder.name]


def test_start_stop_and_go_on(qtbot: QtBot, tab: FilesTab, folder: Path) -> None:
    assert not tab.button.isEnabled()
    add(tab, qtbot, folder / "inner")
    qtbot.waitUntil(lambda: tab.button.isEnabled(), timeout=_LONG)
    assert tab.button.text() == "Start"
    tab.button.click()
    assert tab.button.text() == "Stop"
    qtbot.waitUntil(lambda: "left" in tab.summary.text(), timeout=_LONG)
    assert tab.summary.text().startswith("1 of 2 analysed · ")
    assert 500 < tab.progress.value() < 1000
    tab.button.click()
    assert tab.button.text() == "Go on"
    assert state_of(tab, "one.avi") is State.DONE
    assert state_of(tab, "slow.avi") is State.WAITING


def test_a_finished_one_is_opened(qtbot: QtBot, tab: FilesTab, folder: Path) -> None:
    add(tab, qtbot, folder / "inner" / "one.avi")
    table = tab.panel.table
    table.selectRow(0)
    assert not tab.panel.open.isEnabled()
    tab.button.click()
    qtbot.waitUntil(tab.panel.open.isEnabled, timeout=_LONG)
    opened: list[tuple[Path, float, int]] = []
    tab.open_requested.connect(lambda *what: opened.append(what))
    tab.panel.open.trigger()
    table.setFocus()
    qtbot.keyClick(table, Qt.Key.Key_Return)
    place = table.visualRect(tab.queue.model.index(0, Column.NAME)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.mouseDClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert opened == [(tab.options.out / "one.avi", 0.0, 0)] * 3


def test_rows_are_moved_and_removed_with_keys(qtbot: QtBot, tab: FilesTab, folder: Path) -> None:
    add(tab, qtbot, folder)
    first, second, third = listed(tab)
    table = tab.panel.table
    table.selectRow(2)
    table.setFocus()
    alt = Qt.KeyboardModifier.AltModifier
    for key, order in (
        (Qt.Key.Key_Up, [first, third, second]),
        (Qt.Key.Key_Up, [third, first, second]),
        (Qt.Key.Key_Up, [third, first, second]),
        (Qt.Key.Key_Down, [first, third, second]),
    ):
        qtbot.keyClick(table, key, alt)
        assert listed(tab) == order
    assert [entry.item.name for entry in table.chosen] == [third]
    qtbot.keyClick(table, Qt.Key.Key_Delete)
    assert listed(tab) == [first, second]
    table.selectAll()
    qtbot.keyClick(table, Qt.Key.Key_Delete)
    assert tab.drop.isVisible()


def test_why_one_failed_is_told_below_and_it_can_be_tried_again(
    qtbot: QtBot, tab: FilesTab, folder: Path
) -> None:
    failing = folder / "failing.avi"
    shutil.copy(folder / "inner" / "one.avi", failing)
    add(tab, qtbot, failing)
    tab.panel.table.selectRow(0)
    tab.button.click()
    qtbot.waitUntil(tab.panel.reason.isVisible, timeout=_LONG)
    assert tab.panel.reason.text() == "failing.avi is empty."
    tab.panel.again.trigger()
    assert state_of(tab, "failing.avi") is State.WAITING
    qtbot.waitUntil(lambda: not tab.panel.reason.isVisible(), timeout=_LONG)


def test_options_are_remembered_and_used(
    qtbot: QtBot, tab: FilesTab, settings: Settings, tmp_path: Path
) -> None:
    card = tab.options
    card.interval.setValue(2.5)
    card.smoothing.setValue(0.5)
    card.min_size.setValue(60)
    card.workers.setValue(card.workers.maximum())
    for box, name in ((card.views, "1"), (card.video, "Video, faces covered")):
        box.setCurrentText(name)
        box.activated.emit(box.currentIndex())
    settings.set(WEIGHTS, "/my.safetensors")
    settings.set(FILES_FOLDER, str(tmp_path / "results"))
    settings.save()
    again = shown(Settings(settings.path), qtbot)
    plan = again.options.plan
    assert plan == card.plan
    options = plan.options
    assert (options.interval, options.smoothing, options.min_size) == (2.5, 0.5, 60)
    assert (options.views, options.video, options.weights) == (1, "blurred", "/my.safetensors")
    assert plan.out == tmp_path / "results"
    assert plan.workers == card.workers.maximum()
    assert again.shut_down()


def test_results_are_put_where_recordings_are(tab: FilesTab, tmp_path: Path) -> None:
    assert tab.options.plan.out == tmp_path / "recordings"


def test_a_queue_that_is_not_done_is_there_again(
    qtbot: QtBot, tab: FilesTab, settings: Settings, folder: Path
) -> None:
    add(tab, qtbot, folder)
    tab.panel.table.selectRow(2)
    tab.panel.up.trigger()
    order = listed(tab)
    tab.button.click()
    assert tab.shut_down()
    again = shown(settings, qtbot)
    qtbot.waitUntil(lambda: listed(again) == order, timeout=_LONG)
    assert {entry.state for entry in again.queue.entries} == {State.WAITING}
    assert not again.queue.running
    again.panel.table.selectAll()
    again.panel.remove.trigger()
    assert again.shut_down()
    assert not settings.path.with_name("queue.json").exists()


def test_a_killed_program_has_saved_the_queue(
    qtbot: QtBot, tab: FilesTab, settings: Settings, folder: Path
) -> None:
    add(tab, qtbot, folder / "inner")
    file = settings.path.with_name("queue.json")
    qtbot.waitUntil(file.exists, timeout=_LONG)
    assert len(json.loads(file.read_bytes())) == 2
    tab.button.click()
    tab.queue.remove([tab.queue.entries[1]])  # the slow one
    qtbot.waitUntil(lambda: not tab.queue.running, timeout=_LONG)
    qtbot.waitUntil(lambda: not file.exists(), timeout=_LONG)  # all is done


@pytest.mark.parametrize("colours", [theme.LIGHT, theme.DARK])
def test_the_bar_of_a_running_one_grows(
    qtbot: QtBot,
    tab: FilesTab,
    folder: Path,
    colours: theme.Theme,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(delegates, "current_theme", lambda: colours)
    add(tab, qtbot, folder / "inner" / "slow.avi")

    def accented() -> int:
        """Pixels of the bar."""
        table = tab.panel.table
        area = table.visualRect(tab.queue.model.index(0, Column.STATE))
        image = table.viewport().grab(area).toImage()
        return sum(
            image.pixelColor(x, y).name().upper() == colours.accent.upper()
            for x in range(image.width())
            for y in range(image.height())
        )

    assert accented() == 0
    tab.button.click()
    qtbot.waitUntil(lambda: tab.queue.entries[0].fraction > 0.1, timeout=_LONG)
    early = accented()
    assert early > 0
    qtbot.waitUntil(lambda: tab.queue.entries[0].fraction > 0.5, timeout=_LONG)
    assert accented() > 2 * early


def test_names_are_no_markup(qtbot: QtBot, tab: FilesTab, folder: Path) -> None:
    bold = folder / "<b>failing.avi"
    shutil.copy(folder / "inner" / "one.avi", bold)
    add(tab, qtbot, bold)
    tip = tab.queue.model.index(0, Column.NAME).data(Qt.ItemDataRole.ToolTipRole)
    assert "&lt;b&gt;" in tip
    assert tab.panel.reason.textFormat() is Qt.TextFormat.PlainText
    assert tab.queue.model.rowCount(QModelIndex()) == 1
