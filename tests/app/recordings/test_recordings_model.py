from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.recordings.recordings_model import Column, RecordingsModel, SortedRecordings
from ml.recording.about import Video
from ml.recording.found import Found
from tests.ml.recording.made_recordings import ABOUT, BEGAN

SMALL = Found(
    Path("b"), replace(ABOUT, source="Webcam", video=None), "", 2000, 9.0, 3, "first try", False
)
LARGE = Found(
    Path("A"),
    replace(ABOUT, source="clip.mp4", began=BEGAN + 60, video=Video("video.webm", "plain")),
    "",
    10_000,
    70.0,
    12,
    "Zweiter Versuch",
    False,
)
DAMAGED = Found(Path("x"), None, "It is damaged.", 5000, None, None, "", False)


@pytest.fixture
def model(qapp: object) -> RecordingsModel:
    return RecordingsModel(None)


def names(rows: SortedRecordings) -> list[str]:
    return [str(rows.index(row, Column.NAME).data()) for row in range(rows.rowCount())]


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (Column.NAME, "A b x"),
        (Column.BEGAN, "b A x"),
        (Column.LENGTH, "b A x"),
        (Column.PEOPLE, "b A x"),
        (Column.SOURCE, "A b x"),
        (Column.VIDEO, "b A x"),
        (Column.SIZE, "b x A"),
        (Column.NOTE, "b x A"),
    ],
)
def test_values_are_sorted_and_unknown_ones_come_last(
    model: RecordingsModel, column: Column, expected: str
) -> None:
    rows = SortedRecordings(model, model)
    model.show([DAMAGED, LARGE, SMALL])
    rows.sort(column, Qt.SortOrder.AscendingOrder)
    assert names(rows) == expected.split()
    rows.sort(column, Qt.SortOrder.DescendingOrder)
    unknown = column not in (Column.NAME, Column.SIZE, Column.NOTE)
    backwards = expected.split()[::-1]
    assert names(rows) == ([*backwards[1:], "x"] if unknown else backwards)


@pytest.mark.parametrize(
    ("text", "expected"), [("", "Abx"), ("webc", "b"), ("VERSUCH", "A"), ("yes", ""), ("damag", "")]
)
def test_the_search_is_in_names_sources_and_notes_only(
    model: RecordingsModel, text: str, expected: str
) -> None:
    rows = SortedRecordings(model, model)
    model.show([SMALL, LARGE, DAMAGED])
    rows.setFilterFixedString(text)
    assert sorted(names(rows)) == list(expected)


numbers = st.lists(st.integers(0, 9), unique=True)


@given(numbers, numbers, st.booleans())
def test_what_is_shown_is_what_was_found(
    qapp: object,
    before: list[int],
    after: list[int],
    changed: bool,
) -> None:
    model = RecordingsModel(None)
    rows = SortedRecordings(model, model)
    rows.sort(Column.SIZE, Qt.SortOrder.AscendingOrder)

    def found(n: int, note: str) -> Found:
        return replace(SMALL, folder=Path(f"{n}"), bytes=1000 + n, note=note)

    model.show([found(n, "old") for n in before])
    model.show([found(n, "new" if changed else "old") for n in after])
    assert names(rows) == [f"{n}" for n in sorted(after)]
    notes = {rows.index(row, Column.NOTE).data() for row in range(rows.rowCount())}
    assert notes <= {"new"} if changed else notes <= {"old"}


def test_rows_that_stay_are_not_told_anew(model: RecordingsModel, qtbot: QtBot) -> None:
    model.show([SMALL, LARGE])
    with qtbot.assertNotEmitted(model.dataChanged), qtbot.assertNotEmitted(model.modelReset):
        model.show([SMALL, LARGE, DAMAGED])
    with qtbot.waitSignal(model.dataChanged) as told:
        model.show([replace(SMALL, note="changed"), LARGE, DAMAGED])
    assert (told.args[0].row(), told.args[0].column()) == (0, Column.NOTE)
