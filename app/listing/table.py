"""A sorted table that fills a card, with columns as wide as their contents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from PySide6.QtCore import QAbstractItemModel, Qt
from PySide6.QtWidgets import QAbstractItemView, QFrame, QTableView

from app.theme import current_theme, table_style

_ROW_HEIGHT: Final = 30


class ListTable(QTableView):
    def __init__(
        self,
        model: QAbstractItemModel,
        sorted_by: int | None,
        widths: Mapping[int, str],
        padding: int,
    ) -> None:
        """The greatest first of the column ``sorted_by``, until another order is chosen.

        ``sorted_by`` is None for an order that is not by a column. Columns are as wide as the
        texts in ``widths``, and ``padding`` pixels.
        """
        super().__init__()
        self.setModel(model)
        if sorted_by is not None:
            self.setSortingEnabled(True)
            self.sortByColumn(sorted_by, Qt.SortOrder.DescendingOrder)
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
        for column, text in widths.items():
            header.resizeSection(column, self.fontMetrics().horizontalAdvance(text) + padding)

    def refresh_theme(self) -> None:
        self.setStyleSheet(table_style(current_theme()))
