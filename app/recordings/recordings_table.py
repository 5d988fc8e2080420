"""The table of recordings, with columns as wide as their contents."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QFrame, QTableView

from app.recordings.recordings_model import Column, SortedRecordings
from app.theme import current_theme, table_style
from ml.recording.found import Found

_ROW_HEIGHT: Final = 30
_WIDTHS: Final = {  # as wide as this text
    Column.NAME: "2026-11-24 10.24.33",
    Column.BEGAN: "24 11 2026 10:24",
    Column.LENGTH: "59 min 59 s",
    Column.PEOPLE: "People",
    Column.SOURCE: "single_face.mp4",
    Column.VIDEO: "annotated",
    Column.SIZE: "999.9 MB",
}


class RecordingsTable(QTableView):
    """The newest first, until another order is chosen."""

    def __init__(self, model: SortedRecordings) -> None:
        super().__init__()
        self._recordings = model
        self.setAccessibleName(self.tr("Recordings"))
        self.setModel(model)
        self.setSortingEnabled(True)
        self.sortByColumn(Column.BEGAN, Qt.SortOrder.DescendingOrder)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(_ROW_HEIGHT)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setStretchLastSection(True)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for column, text in _WIDTHS.items():
            header.resizeSection(column, self.fontMetrics().horizontalAdvance(text) + 16)
        self.refresh_theme()

    @property
    def chosen(self) -> list[Found]:
        """The selected recordings, as sorted."""
        rows = sorted(self.selectionModel().selectedRows(), key=lambda index: index.row())
        return [self._recordings.found(index) for index in rows]

    def edit_cell(self, column: Column) -> None:
        """Of the first selected recording."""
        rows = self.selectionModel().selectedRows()
        if rows and self.state() is not QAbstractItemView.State.EditingState:
            index = self._recordings.index(rows[0].row(), column)
            self.setFocus()
            self.scrollTo(index)
            self.edit(index)

    def refresh_theme(self) -> None:
        self.setStyleSheet(table_style(current_theme()))
