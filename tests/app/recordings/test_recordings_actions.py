from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QDesktopServices, QTextDocument
from PySide6.QtWidgets import QFileDialog, QLineEdit, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from app.recordings.recordings_list import RecordingsList
from app.recordings.recordings_model import Column
from app.recordings.tab import RecordingsTab
from ml.recording.about import ABOUT_FILE
from ml.recording.columns import FACES_FILE
from ml.recording.corrections import (
    CORRECTIONS_FILE,
    Corrections,
    read_corrections,
    write_corrections,
)
from tests.app.recordings.conftest import Record
from tests.app.recordings.list_steps import cells, choose, listed, show


def editor(page: RecordingsList) -> QLineEdit:
    (line,) = page.table.findChildren(QLineEdit)
    return line


def enter(page: RecordingsList, qtbot: QtBot, text: str) -> None:
    line = editor(page)
    line.selectAll()
    line.insert(text)
    qtbot.keyClick(line, Qt.Key.Key_Return)


def export(page: RecordingsList, title: str) -> None:
    (action,) = (one for one in page.export.actions() if one.text() == title)
    action.trigger()


def test_enter_opens_but_not_while_a_name_is_entered(
    tab: RecordingsTab, record: Record, qtbot: QtBot
) -> None:
    record("first")
    page = show(tab, qtbot, "first")
    choose(page, "first")
    opened: list[Path] = []
    page.open_requested.disconnect()
    page.open_requested.connect(opened.append)
    page.rename.trigger()
    enter(page, qtbot, "Übung 你好")
    show(tab, qtbot, "Übung 你好")
    assert opened == []
    qtbot.keyClick(page.table, Qt.Key.Key_Return)
    assert opened == [page.folder / "Übung 你好"], "the renamed one is still selected"


@pytest.mark.parametrize(
    ("name", "why"), [("second", "named second already"), ("nul.txt", "cannot be the name")]
)
def test_a_name_that_cannot_be_is_told(
    tab: RecordingsTab, record: Record, qtbot: QtBot, name: str, why: str
) -> None:
    record("first")
    record("second")
    page = show(tab, qtbot, "first", "second")
    choose(page, "first")
    page.rename.trigger()
    enter(page, qtbot, name)
    qtbot.waitUntil(lambda: why in tab.message.text(), timeout=30_000)
    show(tab, qtbot, "first", "second")


def test_a_note_being_written_survives_a_refresh(
    tab: RecordingsTab, record: Record, qtbot: QtBot
) -> None:
    first = record("first")
    page = show(tab, qtbot, "first")
    choose(page, "first")
    page.write_note.trigger()
    editor(page).setText("half a thou")
    record("second")
    show(tab, qtbot, "first", "second")
    assert editor(page).text() == "half a thou"
    enter(page, qtbot, "a thought")
    qtbot.waitUntil(lambda: read_corrections(first).note == "a thought", timeout=30_000)


def test_a_note_that_cannot_be_saved_is_told(
    tab: RecordingsTab, record: Record, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    record("first")
    page = show(tab, qtbot, "first")
    choose(page, "first")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    # As in a folder that is read-only, which nothing is for the superuser.
    monkeypatch.setattr("ml.files.tempfile.mkstemp", refuse)
    page.write_note.trigger()
    enter(page, qtbot, "lost")
    qtbot.waitUntil(lambda: "are not saved" in tab.message.text(), timeout=30_000)
    assert cells(page, 0)[Column.NOTE] == "Note of first"


def test_what_is_damaged_is_listed_muted_and_says_why(
    tab: RecordingsTab, record: Record, qtbot: QtBot
) -> None:
    record("good")
    (record("foreign") / FACES_FILE).write_text("frame,FaceRectX\n1,2\n")
    (record("corrected wrongly") / CORRECTIONS_FILE).write_text("{")
    (record("untold") / ABOUT_FILE).unlink()
    page = show(tab, qtbot, "good", "foreign", "corrected wrongly", "untold")
    for name, why in (
        ("good", ""),
        ("foreign", "is not of a recording"),
        ("corrected wrongly", "corrections.json is damaged"),
        ("untold", "has no recording.json"),
    ):
        choose(page, name)
        assert why in page.problem.text()
        index = page.table.model().index(listed(page).index(name), Column.NAME)
        assert why in index.data(Qt.ItemDataRole.ToolTipRole)
        muted = index.data(Qt.ItemDataRole.ForegroundRole)
        assert (muted is not None) == bool(why) == page.problem.isVisible()
        assert page.write_note.isEnabled() == (not why)


def test_a_folder_that_cannot_be_read_is_told(
    tab: RecordingsTab,
    record: Record,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record("first")
    page = show(tab, qtbot, "first")
    (tmp_path / "file").touch()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "file"))
    (button,) = (b for b in page.findChildren(QPushButton) if "Choose" in b.text())
    button.click()
    qtbot.waitUntil(lambda: "cannot be read" in page.nothing.text(), timeout=30_000)
    assert page.nothing.isVisible()
    assert listed(page) == []


def test_the_video_is_used_as_source(tab: RecordingsTab, record: Record, qtbot: QtBot) -> None:
    record("data only")
    folder = record("filmed", "plain", 1.0)
    page = show(tab, qtbot, "data only", "filmed")
    choose(page, "data only")
    assert not page.replay.isEnabled()
    choose(page, "filmed")
    with qtbot.waitSignal(tab.replay_requested, timeout=30_000) as asked:
        page.replay.trigger()
    assert asked.args == [folder / "video.webm"]

    (folder / "video.webm").unlink()
    page.replay.trigger()
    qtbot.waitUntil(lambda: "no video any more" in tab.message.text(), timeout=30_000)


def test_two_are_compared(tab: RecordingsTab, record: Record, qtbot: QtBot) -> None:
    for name in "abc":
        record(name, seconds=1.0)
    page = show(tab, qtbot, *"abc")
    for chosen in ("", "a", "abc"):
        choose(page, *chosen)
        assert not page.compare.isEnabled()
    choose(page, "c", "a")
    page.compare.trigger()
    assert tab.comparison.isVisible()


def test_exports_replace_nothing_and_go_on_after_one_that_fails(
    tab: RecordingsTab,
    record: Record,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record("first")
    (record("second") / FACES_FILE).write_text("frame,FaceRectX\n1,2\n")
    record("third")
    page = show(tab, qtbot, "first", "second", "third")
    choose(page, "first", "second", "third")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    (tmp_path / "third.eaf").write_text("annotated by hand")
    export(page, "ELAN (.eaf)")
    qtbot.waitUntil(lambda: "Exported into" in tab.message.text(), timeout=30_000)
    assert "is not of a recording" in tab.message.text()
    assert sorted(path.name for path in tmp_path.glob("*.eaf")) == [
        "first.eaf",
        "third (2).eaf",
        "third.eaf",
    ]
    assert (tmp_path / "third.eaf").read_text() == "annotated by hand"

    shown: list[str] = []
    monkeypatch.setattr(
        QDesktopServices, "openUrl", lambda url: bool(shown.append(url.toLocalFile())) or True
    )
    assert tab.show_exported.isVisible()
    tab.show_exported.click()
    assert [Path(path) for path in shown] == [tmp_path]
    page.message.emit("Something else", False)
    assert not tab.show_exported.isVisible()


def test_names_are_not_markup(
    tab: RecordingsTab, record: Record, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = record("Anna's & mine")
    write_corrections(folder, Corrections(note="<img src='file:///dev/zero'> & more"))
    page = show(tab, qtbot, folder.name)
    for column, text in ((Column.NAME, "Anna's & mine"), (Column.NOTE, "dev/zero'> & more")):
        tip = page.table.model().index(0, column).data(Qt.ItemDataRole.ToolTipRole)
        shown = QTextDocument()
        shown.setHtml(tip)
        assert text in shown.toPlainText()
    choose(page, folder.name)
    formats: list[Qt.TextFormat] = []
    monkeypatch.setattr(QMessageBox, "exec", lambda box: formats.append(box.textFormat()))
    page.delete.trigger()
    assert formats == [Qt.TextFormat.PlainText]


def test_after_closing_nothing_begins_again(
    tab: RecordingsTab, record: Record, qtbot: QtBot
) -> None:
    folder = record("first")
    page = show(tab, qtbot, "first")
    page.table.model().setData(page.table.model().index(0, Column.NOTE), "the last words")
    assert tab.shut_down()
    qtbot.wait(100)
    assert read_corrections(folder).note == "the last words"


def test_without_a_file_manager_the_folder_is_told(
    tab: RecordingsTab, record: Record, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = record("first")
    page = show(tab, qtbot, "first")
    choose(page, "first")
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda _: False)
    page.open_folder.trigger()
    assert str(folder) in tab.message.text()
