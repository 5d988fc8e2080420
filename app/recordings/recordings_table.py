"""The table of recordings, with columns as wide as their contents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView

from app.listing.table import ListTable
from app.recordings.recordings_model import Column, SortedRecordings
from ml.recording.found import Found

_PADDING: Final = 16
_WIDTHS: Final[Mapping[int, str]] = {  # as wide as this text
    Column.NAME: "2026-11-24 10.24.33",
    Column.BEGAN: "24 11 2026 10:24",
    Column.LENGTH: "59 min 59 s",
    Column.PEOPLE: "People",
    Column.SOURCE: "single_face.mp4",
    Column.VIDEO: "annotated",
    Column.SIZE: "999.9 MB",
}


class RecordingsTable(ListTable):
    def __init__(self, model: SortedRecordings) -> None:
        super().__init__(model, Column.BEGAN, _WIDTHS, _PADDING)
        self._recordings = model
        self.setAccessibleName(self.tr("Recordings"))
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        self.horizontalHeader().setDefaultAlignment(left)
        self.refresh_theme()

    @property
    def chosen(self) -> list[Found]:
        """The selected recordings, as sorted."""
        rows = sorted(self.selectionModel().selectedRows(), key=lambda index: index.row())
        return [self._recordings.item(index) for index in rows]

    def edit_cell(self, column: Column) -> None:
        """Of the first selected recording."""
        rows = self.selectionModel().selectedRows()
        if rows and self.state() is not QAbstractItemView.State.EditingState:
            index = self._recordings.index(rows[0].row(), column)
            self.setFocus()
            self.scrollTo(index)
            self.edit(index)
