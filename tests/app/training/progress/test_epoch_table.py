from __future__ import annotations

import math

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QGuiApplication
from pytestqt.qtbot import QtBot

from app.training.progress.epoch_table import EpochTable, best_epoch
from ml.runs.events import Epoch


def an_epoch(number: int, accuracy: float = 0.5, **values: float) -> Epoch:
    fields = {
        "train_loss": 1.25,
        "train_accuracy": 0.5,
        "validation_loss": 1.5,
        "validation_macro_f1": 0.4375,
        "learning_rate": 0.001,
        "seconds": 12.34,
    } | values
    return Epoch(number, validation_accuracy=accuracy, best=False, **fields)


@pytest.fixture
def table(qtbot: QtBot) -> EpochTable:
    table = EpochTable()
    qtbot.addWidget(table)
    table.resize(640, 240)
    table.show()
    return table


def shown(table: EpochTable, role: int = Qt.ItemDataRole.DisplayRole) -> list[list[str]]:
    model = table.model()
    return [
        [model.index(row, column).data(role) for column in range(model.columnCount())]
        for row in range(model.rowCount())
    ]


def test_every_field_is_written_as_people_read_it(table: EpochTable) -> None:
    table.set_epochs([an_epoch(1, 0.4), an_epoch(2, 0.3721)])
    assert shown(table)[1] == [
        "2",
        "1.2500",
        "1.5000",
        "50.00%",
        "37.21%",
        "0.438",
        "0.001",
        "12.3",
    ]


def test_the_best_is_bold_and_marked_and_said(table: EpochTable) -> None:
    table.set_epochs([an_epoch(1, 0.3), an_epoch(2, 0.6), an_epoch(3, 0.6)])
    assert [row[0] for row in shown(table)] == ["1", "★ 2", "3"]
    fonts = [row[3] for row in shown(table, Qt.ItemDataRole.FontRole)]
    assert [isinstance(font, QFont) and font.bold() for font in fonts] == [False, True, False]
    assert "best" in shown(table, Qt.ItemDataRole.AccessibleTextRole)[1][0]


def test_a_better_epoch_takes_the_mark(table: EpochTable) -> None:
    table.add_epoch(an_epoch(1, 0.3))
    assert shown(table)[0][0] == "★ 1"
    table.add_epoch(an_epoch(2, 0.4))
    assert [row[0] for row in shown(table)] == ["1", "★ 2"]


def test_an_epoch_that_comes_again_takes_its_place(table: EpochTable) -> None:
    table.set_epochs([an_epoch(1, 0.1), an_epoch(2, 0.9), an_epoch(3, 0.2)])
    table.add_epoch(an_epoch(2, 0.15))
    assert [row[4] for row in shown(table)] == ["10.00%", "15.00%", "20.00%"]
    assert shown(table)[2][0] == "★ 3"


def test_epochs_are_in_order_whatever_order_they_come_in(table: EpochTable) -> None:
    for number in (3, 1, 2):
        table.add_epoch(an_epoch(number, 0.1 * number))
    assert [row[0] for row in shown(table)] == ["1", "2", "★ 3"]
    table.set_epochs([an_epoch(5), an_epoch(4, 0.1), an_epoch(5, 0.7)])
    assert [row[4] for row in shown(table)] == ["10.00%", "70.00%"]


def test_what_is_no_number_is_a_dash(table: EpochTable) -> None:
    table.add_epoch(an_epoch(1, math.nan, train_loss=math.nan, validation_loss=math.inf))
    row = shown(table)[0]
    assert (row[0], row[1], row[2], row[4]) == ("1", "–", "–", "–")


def test_the_best_of_a_run_that_diverged_is_among_its_numbers() -> None:
    epochs = [an_epoch(1, math.nan), an_epoch(2, 0.3), an_epoch(3, math.nan)]
    assert best_epoch(epochs) is epochs[1]
    assert best_epoch([epochs[0]]) is None
    assert best_epoch([]) is None


def at_bottom(table: EpochTable) -> bool:
    bar = table.verticalScrollBar()
    return bar.maximum() > 0 and bar.value() == bar.maximum()


def test_the_newest_stays_visible(table: EpochTable, qtbot: QtBot) -> None:
    table.set_epochs([an_epoch(n) for n in range(1, 40)])
    qtbot.waitUntil(lambda: at_bottom(table))
    for n in range(40, 80):
        table.add_epoch(an_epoch(n))
    qtbot.waitUntil(lambda: table.rowAt(table.viewport().height() - 10) == 78)


def test_who_scrolled_up_is_left_there(table: EpochTable, qtbot: QtBot) -> None:
    table.set_epochs([an_epoch(n) for n in range(1, 40)])
    qtbot.waitUntil(lambda: at_bottom(table))
    table.verticalScrollBar().setValue(3)
    first = table.rowAt(0)
    table.add_epoch(an_epoch(40))
    qtbot.wait(50)
    assert table.rowAt(0) == first


def test_copying_takes_the_chosen_rows_as_a_spreadsheet_wants_them(
    table: EpochTable, qtbot: QtBot
) -> None:
    table.set_epochs([an_epoch(n, 0.1 * n) for n in (1, 2, 3)])
    table.selectRow(2)
    table.selectionModel().select(
        table.model().index(0, 0),
        table.selectionModel().SelectionFlag.Select | table.selectionModel().SelectionFlag.Rows,
    )
    qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    lines = [line.split("\t") for line in QGuiApplication.clipboard().text().split("\n")]
    assert [(line[0], line[4]) for line in lines] == [("1", "10.00%"), ("3", "30.00%")]
    assert {len(line) for line in lines} == {table.model().columnCount()}


def test_copying_nothing_keeps_the_clipboard(table: EpochTable, qtbot: QtBot) -> None:
    QGuiApplication.clipboard().setText("mine")
    table.set_epochs([an_epoch(1)])
    qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "mine"
