from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QStandardPaths, Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from app.recordings.recordings_model import Column
from app.recordings.tab import RecordingsTab
from ml.recording.columns import FACES_FILE
from ml.recording.corrections import read_corrections
from ml.recording.recording import read_recording
from ml.recording.writer import RecordingWriter
from tests.app.recordings.conftest import Record
from tests.app.recordings.list_steps import NO, YES, answer, cells, choose, listed, show
from tests.ml.recording.made_recordings import ABOUT, BEGAN


def test_recordings_are_listed_with_what_is_known(
    tab: RecordingsTab, record: Record, qtbot: QtBot
) -> None:
    record("first")
    record("second", "blurred", 3.0)
    page = show(tab, qtbot, "first", "second")
    by_name = {row[Column.NAME]: row for row in (cells(page, r) for r in range(2))}
    assert by_name["first"][Column.LENGTH] == "4 s"
    assert by_name["first"][Column.PEOPLE] == "2"
    assert by_name["first"][Column.SOURCE] == "Café camera"
    assert by_name["first"][Column.VIDEO] == "no"
    assert by_name["first"][Column.NOTE] == "Note of first"
    assert by_name["second"][Column.VIDEO] == "blurred"
    page.table.sortByColumn(Column.LENGTH, Qt.SortOrder.AscendingOrder)
    assert listed(page) == ["second", "first"]


def test_damaged_and_newer_ones_are_listed_with_what_is_wrong(
    tab: RecordingsTab, record: Record, qtbot: QtBot
) -> None:
    (record("damaged") / "recording.json").write_text("{")
    (record("newer") / "recording.json").write_text('{"schema": 99}')
    page = show(tab, qtbot, "damaged", "newer")
    choose(page, "newer")
    assert "newer version of this program" in page.problem.text()
    assert not page.open.isEnabled()
    choose(page, "damaged")
    assert "is damaged" in page.problem.text()
    assert page.delete.isEnabled()


def test_an_empty_folder_says_how_to_record(tab: RecordingsTab, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: "press Record" in tab.list.nothing.text(), timeout=30_000)
    assert tab.list.nothing.isVisible()
    assert not tab.list.table.isVisible()


def test_the_search_is_in_names_sources_and_notes(
    tab: RecordingsTab, record: Record, qtbot: QtBot
) -> None:
    record("first")
    record("second")
    page = show(tab, qtbot, "first", "second")
    qtbot.keyClicks(page.search, "OF SEC")
    assert listed(page) == ["second"]
    page.search.setText("café")
    assert len(listed(page)) == 2
    page.search.setText("nothing like it")
    assert "nothing like it" in page.nothing.text()
    assert page.nothing.isVisible()


def test_a_recording_is_renamed_on_the_disk(
    tab: RecordingsTab, record: Record, qtbot: QtBot, recordings: Path
) -> None:
    record("first")
    record("second")
    page = show(tab, qtbot, "first", "second")
    row = listed(page).index("first")
    index = page.table.model().index(row, Column.NAME)
    page.table.model().setData(index, "Übung 1")
    qtbot.waitUntil((recordings / "Übung 1" / FACES_FILE).exists, timeout=30_000)
    show(tab, qtbot, "Übung 1", "second")
    assert read_recording(recordings / "Übung 1").about.note == "Note of first"

    page.table.model().setData(page.table.model().index(0, Column.NAME), "a/b")
    qtbot.waitUntil(lambda: "cannot be the name" in tab.message.text(), timeout=30_000)
    show(tab, qtbot, "Übung 1", "second")


def test_a_note_is_kept_beside_the_data(tab: RecordingsTab, record: Record, qtbot: QtBot) -> None:
    folder = record("first")
    page = show(tab, qtbot, "first")
    before = (folder / "recording.json").read_bytes()
    page.table.model().setData(page.table.model().index(0, Column.NOTE), "Better light")
    qtbot.waitUntil(lambda: read_corrections(folder).note == "Better light", timeout=30_000)
    qtbot.waitUntil(lambda: cells(page, 0)[Column.NOTE] == "Better light", timeout=30_000)
    assert (folder / "recording.json").read_bytes() == before


def test_deleting_asks_and_uses_the_bin(
    tab: RecordingsTab, record: Record, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    record("first")
    page = show(tab, qtbot, "first")
    choose(page, "first")
    asked = answer(monkeypatch, NO, YES)
    page.delete.trigger()
    assert "bin?" in asked[0]
    assert "first" in asked[0]
    show(tab, qtbot, "first")
    page.delete.trigger()
    show(tab, qtbot)
    place = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.GenericDataLocation)
    assert not (page.folder / "first").exists()
    if sys.platform == "linux":
        assert list(Path(place).glob("Trash/files/first*/faces.csv"))


@pytest.mark.skipif(sys.platform != "linux", reason="takes away the bin as Linux has it")
def test_without_a_bin_it_asks_again_before_deleting_for_ever(
    tab: RecordingsTab,
    record: Record,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = record("first")
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    page = show(tab, qtbot, "first")
    choose(page, "first")
    asked = answer(monkeypatch, YES, NO, YES, YES)
    page.delete.trigger()
    qtbot.waitUntil(lambda: len(asked) == 2, timeout=30_000)
    assert "for ever" in asked[1]
    show(tab, qtbot, "first")
    page.delete.trigger()
    qtbot.waitUntil(lambda: len(asked) == 4, timeout=30_000)
    show(tab, qtbot)
    assert not folder.exists()


def test_what_is_being_recorded_says_so_and_is_left_alone(
    tab: RecordingsTab, recordings: Path, qtbot: QtBot
) -> None:
    writer = RecordingWriter(recordings / "first", ABOUT)
    writer.add(0, 5.0, BEGAN, [], {})
    writer.flush()
    page = show(tab, qtbot, "first")
    assert cells(page, 0)[Column.LENGTH] == "recording"
    choose(page, "first")
    assert not page.delete.isEnabled()
    assert not page.rename.isEnabled()
    assert not page.replay.isEnabled()
    writer.close("stopped")
    page.refresh()
    qtbot.waitUntil(page.delete.isEnabled, timeout=30_000)
    assert cells(page, 0)[Column.LENGTH] == "0 s"


def test_several_are_exported_at_once(
    tab: RecordingsTab,
    record: Record,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record("first")
    record("second")
    page = show(tab, qtbot, "first", "second")
    choose(page, "first", "second")
    (tmp_path / "out").mkdir()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "out"))
    titles = [action.text() for action in page.export.actions()]
    page.export.actions()[titles.index("ELAN (.eaf)")].trigger()
    qtbot.waitUntil(lambda: "Exported into" in tab.message.text(), timeout=30_000)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["first.eaf", "second.eaf"]


def test_five_hundred_are_listed_without_holding_up_the_window(
    tab: RecordingsTab, record: Record, recordings: Path, qtbot: QtBot
) -> None:
    import shutil

    first = record("r0", seconds=0.5)
    for n in range(1, 500):
        shutil.copytree(first, recordings / f"r{n}")
    tab.list.refresh()
    qtbot.waitUntil(lambda: len(listed(tab.list)) == 500, timeout=20_000)
