from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester

from app.files.entry import Entry
from app.files.queue_model import Column, QueueModel
from ml.batch.messages import Done, Failed, Job, Progress
from ml.batch.options import BatchOptions
from tests.app.files.made_items import FOLDER, pictures, video

_NAMES = "abcdefg"


def filled(names: str = _NAMES) -> QueueModel:
    model = QueueModel(None)
    model.add([Entry(video(name)) for name in names])
    return model


def order(model: QueueModel) -> str:
    return "".join(entry.item.name for entry in model.items)


rows = st.sets(st.integers(0, len(_NAMES) - 1))
places = st.integers(0, len(_NAMES))


@given(rows, places)
def test_moved_rows_come_together_and_keep_their_order(moved: set[int], before: int) -> None:
    model = filled()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Warning)
    model.move(moved, before)
    chosen = "".join(name for row, name in enumerate(_NAMES) if row in moved)
    head = "".join(n for row, n in enumerate(_NAMES) if row not in moved and row < before)
    tail = "".join(n for row, n in enumerate(_NAMES) if row not in moved and row >= before)
    assert order(model) == head + chosen + tail


@given(rows, st.integers(-1, len(_NAMES)))
def test_dropping_dragged_rows_moves_them(dragged: set[int], row: int) -> None:
    model, same = filled(), filled()
    data = model.mimeData([model.index(n, column) for n in dragged for column in Column])
    assert set(data.formats()) <= set(model.mimeTypes())
    assert model.dropMimeData(data, Qt.DropAction.MoveAction, row, 0, QModelIndex())
    same.move(dragged, row if row >= 0 else len(_NAMES))
    assert order(model) == order(same)


def test_nothing_is_dropped_onto_a_row() -> None:
    model = filled()
    assert not model.flags(model.index(0, 0)) & Qt.ItemFlag.ItemIsDropEnabled


@given(rows)
def test_removed_rows_are_gone(removed: set[int]) -> None:
    model = filled()
    model.remove([model.items[row] for row in removed])
    assert order(model) == "".join(n for row, n in enumerate(_NAMES) if row not in removed)


def _entry(name: str = "a.mp4", **values: object) -> Entry:
    item = video(name)
    return Entry(item, job=Job(item, FOLDER, BatchOptions()), **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("entry", "length", "state", "faces"),
    [
        (Entry(video("a")), "", "Waiting", ""),
        (Entry(video("a"), seconds=61.0), "1 min 01 s", "Waiting", ""),
        (Entry(pictures("a.jpg")), "1 picture", "Waiting", ""),
        (Entry(pictures("a.jpg", "b.jpg")), "2 pictures", "Waiting", ""),
        (_entry(), "", "Starting", ""),
        (_entry(progress=Progress(0.0, None, 0, 0)), "", "Analysing", "0"),
        (_entry(progress=Progress(2.0, 8.0, 9, 5), spent=1.0), "8 s", "25 %, 3 s left", "5"),
        (_entry(outcome=Done(8.0, 9, 234, 1)), "8 s", "Done", "234"),
        (
            _entry(outcome=Done(8.0, 9, 0, 0, problems={"x": "y"})),
            "8 s",
            "Done, with problems",
            "0",
        ),
        (_entry(outcome=Failed("It is empty.")), "", "Failed", ""),
    ],
)
def test_what_a_row_says(entry: Entry, length: str, state: str, faces: str) -> None:
    model = QueueModel(None)
    model.add([entry])
    columns = (Column.LENGTH, Column.STATE, Column.FACES)
    assert [model.index(0, column).data() for column in columns] == [length, state, faces]


def test_tool_tips_have_the_whole_path_and_the_reason_and_are_no_markup() -> None:
    model = QueueModel(None)
    model.add([_entry("<b>a.mp4", outcome=Failed("<i>It is empty."))])
    tip = Qt.ItemDataRole.ToolTipRole
    path = str(FOLDER / "a" / "&lt;b&gt;a.mp4")
    assert model.index(0, Column.NAME).data(tip) == f"<span>{path}</span>"
    assert model.index(0, Column.STATE).data(tip) == "<span>&lt;i&gt;It is empty.</span>"


def test_what_was_turned_is_said() -> None:
    model = QueueModel(None)
    model.add([_entry(outcome=Done(8.0, 9, 4, 1, turned=90))])
    assert "90°" in model.index(0, Column.STATE).data(Qt.ItemDataRole.ToolTipRole)
