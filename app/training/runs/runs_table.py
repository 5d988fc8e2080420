"""The runs as a table, with columns as wide as their contents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from PySide6.QtCore import QAbstractItemModel, QSize

from app.listing.table import ListTable
from app.training.runs.runs_model import Column

_PADDING: Final = 20
_ICON: Final = 16
"""Side of a state's icon, in pixels."""
_WIDTHS: Final[Mapping[int, str]] = {  # as wide as this text
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


class RunsTable(ListTable):
    def __init__(self, model: QAbstractItemModel) -> None:
        super().__init__(model, Column.STARTED, _WIDTHS, _PADDING)
        self.setAccessibleName(self.tr("Training runs"))
        self.setIconSize(QSize(_ICON, _ICON))
        header = self.horizontalHeader()
        header.setMinimumSectionSize(48)
        header.resizeSection(Column.STATE, header.sectionSize(Column.STATE) + _ICON + 6)
