"""The pictures behind a cell, from real files."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

import app.training.result.cell_loader as cell_loader
from app.training.result.result_view import ResultView
from ml.expressions import Expression
from tests.app.training.result.cell_steps import choose, names_shown
from tests.app.training.result.made_result import HAPPY, SAD

# The offscreen platform's own.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


def test_most_confident_mistakes_come_first(view: ResultView, qtbot: QtBot) -> None:
    note = choose(view, qtbot, HAPPY, SAD)
    assert "3 pictures of PublicTest" in note
    assert view._pictures.windowTitle() == "Happy classified as sad"
    assert names_shown(view) == ["PublicTest_2.png", "PublicTest_3.png", "PublicTest_1.png"]
    first = view._pictures.pictures.item(0)
    assert first.toolTip() == "test/happy/PublicTest_2.png, confidence 80.0 %"
    picture = first.data(Qt.ItemDataRole.DecorationRole).toImage()
    assert (picture.width(), picture.pixelColor(5, 5).red()) == (48, 40)


def test_cells_hold_what_the_switches_leave(view: ResultView, qtbot: QtBot) -> None:
    view.without.setChecked(True)
    choose(view, qtbot, HAPPY, SAD)
    assert names_shown(view) == ["PublicTest_3.png", "PublicTest_1.png"]
    view.flip.setChecked(True)
    choose(view, qtbot, HAPPY, SAD)
    assert names_shown(view) == ["PublicTest_3.png"]


def test_of_many_the_first_are_shown(
    view: ResultView, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cell_loader, "MOST", 2)
    assert "2 pictures and 1 more of PublicTest" in choose(view, qtbot, HAPPY, SAD)
    assert names_shown(view) == ["PublicTest_2.png", "PublicTest_3.png"]


def test_an_empty_cell_says_so(view: ResultView, qtbot: QtBot) -> None:
    assert "no such pictures" in choose(view, qtbot, HAPPY, Expression.FEAR)
    assert names_shown(view) == []


def test_the_cell_chosen_last_is_shown(view: ResultView, qtbot: QtBot) -> None:
    for predicted in (SAD, HAPPY, SAD, HAPPY):
        view.confusion.cell_chosen.emit(int(HAPPY), int(predicted))
    assert "2 pictures" in choose(view, qtbot, HAPPY, HAPPY)
    assert names_shown(view) == ["PublicTest_0.png", "PublicTest_4.png"]
