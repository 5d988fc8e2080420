"""Choosing a cell of the confusion matrix, and what is shown of its pictures."""

from __future__ import annotations

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.training.result.result_view import ResultView
from ml.expressions import Expression

_LOADING = 30_000


def choose(view: ResultView, qtbot: QtBot, true: Expression, predicted: Expression) -> str:
    """Click a cell; what the window then says, when it has finished loading."""
    place = view.confusion.cell_rect((true, predicted)).center().toPoint()
    qtbot.mouseClick(view.confusion, Qt.MouseButton.LeftButton, pos=place)
    note = view._pictures.note
    qtbot.waitUntil(lambda: note.text() != "Loading pictures…", timeout=_LOADING)
    assert view._pictures.isVisible()
    return note.text()


def names_shown(view: ResultView) -> list[str]:
    pictures = view._pictures.pictures
    return [pictures.item(row).text() for row in range(pictures.count())]
