"""The panel of runs as a person reads and works it."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from app.training.runs.runs_model import Column
from app.training.runs.runs_panel import RunsPanel

READING = 20_000
"""Milliseconds that reading the folders may take."""


def refreshed(panel: RunsPanel, qtbot: QtBot) -> None:
    with qtbot.waitSignal(panel.listed, timeout=READING):
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
