"""The runs as a table, with columns as wide as their contents."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QAbstractItemModel, QSize, Qt
from PySide6.QtWidgets import QAbstractItemView, QFrame, QTableView

from app.theme import current_theme, table_style
from app.training.runs.runs_model import Column

_ROW_HEIGHT: Final = 30
_WIDTHS: Final = {  # as wide as this text
    Column.NAME: "standard 2025-11-24 10",
    Column.STATE: "Not started",
    Column.STARTED: "24/11/2025 10:24",
    Column.DATA: "fer2013.zip",
    Column.PRESET: "standard",
    Column.EPOCHS: "150 / 150",
    Column.VALIDATION: "Validation",
    Column.TEST: "100.0%",
    Column.MACRO_F1: "Macro-F1",
    Column.TIME: "59 min 59 s",
}


class RunsTable(QTableView):
    """The newest run first, until another order is chosen."""

    def __init__(self, model: QAbstractItemModel) -> None:
        super().__init__()
        self.setAccessibleName(self.tr("Training runs"))
        self.setModel(model)
        self.setSortingEnabled(True)
        self.sortByColumn(Column.STARTED, Qt.SortOrder.DescendingOrder)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setIconSize(QSize(16, 16))
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(_ROW_HEIGHT)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setStretchLastSection(True)
        header.setMinimumSectionSize(48)
        for column, text in _WIDTHS.items():
            mark = 22 if column is Column.STATE else 0
            header.resizeSection(column, self.fontMetrics().horizontalAdvance(text) + 20 + mark)

    def refresh_theme(self) -> None:
        self.setStyleSheet(table_style(current_theme()))
