from __future__ import annotations

import errno
import os

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.recordings.tab import RecordingsTab
from ml.recording.corrections import (
    CORRECTIONS_FILE,
    Corrections,
    Excluded,
    read_corrections,
    write_corrections,
)
from ml.recording.marker import Marker
from tests.app.recordings.conftest import Record
from tests.app.recordings.viewer.steps import key, opened, saved


def test_a_name_is_kept_beside_the_data(tab: RecordingsTab, record: Record, qtbot: QtBot) -> None:
    folder = record("r")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    viewer = opened(tab, qtbot, folder)
    viewer.shown.choose(2)
    viewer.person.name.setText("Anna")
    viewer.person.name.editingFinished.emit()
    qtbot.waitUntil(lambda: viewer.shown.name(2) == "Anna")
    saved(qtbot, folder)
    assert read_corrections(folder).names == {2: "Anna"}
    assert {mark.name for mark in viewer.stage.marks} == {"", "Anna"}
    assert {p.name: p.read_bytes() for p in folder.iterdir() if p.name in before} == before
    viewer = opened(tab, qtbot, record("other"))
    assert viewer.shown.name(2) == "Person 2"
    viewer = opened(tab, qtbot, folder)
    assert viewer.shown.name(2) == "Anna"


def test_people_are_put_together_and_apart_again(
    tab: RecordingsTab, record: Record, qtbot: QtBot
) -> None:
    viewer = opened(tab, qtbot, record("r"))
    viewer.shown.choose(2)
    same = viewer.person.same
    same.setCurrentIndex(same.findData(1))
    same.activated.emit(same.currentIndex())
    qtbot.waitUntil(lambda: viewer.shown.corrected.tracks == [1])  # type: ignore[union-attr]
    assert viewer.shown.person == 1
    apart = viewer.person.apart
    assert apart.isVisible()
    apart.setCurrentIndex(apart.findData(2))
    apart.activated.emit(apart.currentIndex())
    qtbot.waitUntil(lambda: viewer.shown.corrected.tracks == [1, 2])  # type: ignore[union-attr]


def test_corrections_are_taken_back_and_made_again(
    tab: RecordingsTab, record: Record, qtbot: QtBot
) -> None:
    folder = record("r")
    viewer = opened(tab, qtbot, folder)
    assert not viewer.undo.isEnabled()
    viewer.edits.edit(names={1: "Ben"})
    qtbot.waitUntil(lambda: viewer.shown.name(1) == "Ben")
    key(viewer, qtbot, Qt.Key.Key_A)  # no shortcut
    qtbot.keyClick(viewer.transport.play, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: viewer.shown.name(1) == "Person 1")
    qtbot.waitUntil(lambda: read_corrections(folder).names == {})
    viewer.redo.click()
    qtbot.waitUntil(lambda: viewer.shown.name(1) == "Ben")
    qtbot.waitUntil(lambda: read_corrections(folder).names == {1: "Ben"})


def test_markers_are_added_named_and_deleted(
    tab: RecordingsTab, record: Record, qtbot: QtBot
) -> None:
    folder = record("r")
    viewer = opened(tab, qtbot, folder)
    viewer.clock.go_to(3.0)
    key(viewer, qtbot, Qt.Key.Key_M)
    table = viewer.markers.table
    assert table.rowCount() == 3
    editor = table.focusWidget()
    assert editor is not None
    qtbot.keyClicks(editor, "Smile 1 m")  # no shortcuts while a label is typed
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert table.rowCount() == 3
    qtbot.waitUntil(lambda: viewer.edits.markers[-1] == Marker(3.0, None, "Smile 1 m"))
    qtbot.waitUntil(lambda: viewer.course.plot.markers == viewer.edits.markers)
    saved(qtbot, folder)
    table.selectRow(0)
    viewer.markers.delete.click()
    qtbot.waitUntil(
        lambda: [m.label for m in read_corrections(folder).markers or ()] == ["task", "Smile 1 m"]
    )


def test_an_excluded_time_is_not_counted(tab: RecordingsTab, record: Record, qtbot: QtBot) -> None:
    folder = record("r")
    viewer = opened(tab, qtbot, folder)
    viewer.panel.setCurrentWidget(viewer.markers)
    viewer.shown.choose(1)
    viewer.clock.go_to(0.0)
    key(viewer, qtbot, Qt.Key.Key_I)
    viewer.clock.go_to(1.95)
    viewer.markers.exclude.click()
    qtbot.waitUntil(lambda: viewer.course.plot.excluded == (Excluded(0.0, 1.95),))
    viewer.panel.setCurrentWidget(viewer.summary)
    summary = viewer.summary.table.summary
    assert summary is not None
    assert summary.shares[4] == pytest.approx(1.0), "the happy half is left out"
    assert summary.seconds == pytest.approx(2.0)
    viewer.markers.table.selectRow(0)
    viewer.markers.delete.click()
    qtbot.waitUntil(lambda: viewer.course.plot.excluded == ())
    qtbot.waitUntil(lambda: viewer.summary.table.summary.seconds == pytest.approx(4.0))  # type: ignore[union-attr]


def test_corrections_that_cannot_be_saved_are_told_and_stay(
    tab: RecordingsTab, record: Record, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer = opened(tab, qtbot, record("r"))

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.fsync", full)
    viewer.edits.edit(names={1: "Ben"})
    qtbot.waitUntil(lambda: "cannot be written" in tab.message.text(), timeout=30_000)
    qtbot.waitUntil(lambda: viewer.shown.name(1) == "Ben")


def test_what_is_corrected_belongs_to_the_recording_that_is_shown(
    tab: RecordingsTab, record: Record, qtbot: QtBot
) -> None:
    first, second = record("first"), record("second", seconds=3.0)
    write_corrections(second, Corrections(names={2: "Bob"}))
    viewer = opened(tab, qtbot, first)
    viewer.edits.edit(names={1: "Ada"})
    qtbot.waitUntil(lambda: viewer.shown.name(1) == "Ada")
    viewer = opened(tab, qtbot, second)
    qtbot.wait(200)
    assert viewer.shown.clock.end == pytest.approx(3.0)
    assert (viewer.shown.name(1), viewer.shown.name(2)) == ("Person 1", "Bob")
    assert read_corrections(first).names == {1: "Ada"}
    assert read_corrections(second).names == {2: "Bob"}


def test_corrections_that_cannot_be_read_are_kept_under_another_name(
    tab: RecordingsTab, record: Record, qtbot: QtBot
) -> None:
    folder = record("r")
    (folder / CORRECTIONS_FILE).write_text('{"schema": 99}')
    viewer = opened(tab, qtbot, folder)
    assert "newer version" in tab.message.text()
    viewer.edits.edit(names={1: "Ada"})
    qtbot.waitUntil(lambda: viewer.shown.name(1) == "Ada")
    qtbot.waitUntil((folder / "corrections.json.unusable-1").exists, timeout=30_000)
    assert (folder / "corrections.json.unusable-1").read_text() == '{"schema": 99}'


def test_a_time_that_was_begun_is_forgotten_with_its_recording(
    tab: RecordingsTab, record: Record, qtbot: QtBot
) -> None:
    viewer = opened(tab, qtbot, record("first"))
    viewer.markers.begin_time()
    viewer.clock.go_to(1.0)
    assert viewer.markers.exclude.isEnabled()
    viewer = opened(tab, qtbot, record("second"))
    viewer.clock.go_to(2.0)
    assert not viewer.markers.exclude.isEnabled()


def test_excluded_times_follow_their_person_into_another(
    tab: RecordingsTab, record: Record, qtbot: QtBot
) -> None:
    viewer = opened(tab, qtbot, record("r"))
    viewer.edits.edit(excluded=(Excluded(0.0, 1.0, 2),), merged={2: 1})
    qtbot.waitUntil(lambda: viewer.course.plot.excluded == (Excluded(0.0, 1.0, 1),))
    assert viewer.markers.table.item(0, 2).text() == "Person 1"  # type: ignore[union-attr]
