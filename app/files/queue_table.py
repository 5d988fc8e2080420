"""The table of the queue, whose rows can be dragged into another order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView

from app.files.delegates import ROW_HEIGHT, NameDelegate, StateDelegate
from app.files.entry import Entry
from app.files.previews import Previews
from app.files.queue_model import Column, QueueModel
from app.listing.table import ListTable
from ml.batch.items import Item

_PADDING: Final = 18
_WIDTHS: Final[Mapping[int, str]] = {  # as wide as this text
    Column.LENGTH: "999 pictures",
    Column.STATE: "99 %, 59 min 59 s left",
    Column.FACES: "100,000",
}


class QueueTable(ListTable):
    chosen_changed = Signal()
    """Other rows are selected."""

    def __init__(self, model: QueueModel, previews: Previews) -> None:
        super().__init__(model, None, _WIDTHS, _PADDING)
        self._queue = model
        self.setAccessibleName(self.tr("Files to analyse"))
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        header = self.horizontalHeader()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(Column.NAME, QHeaderView.ResizeMode.Stretch)
        header.setSectionsClickable(False)
        self.setItemDelegateForColumn(Column.NAME, NameDelegate(previews, self))
        self.setItemDelegateForColumn(Column.STATE, StateDelegate(self))
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setDragDropOverwriteMode(False)  # else the dragged rows would be emptied
        previews.pictured.connect(self._on_pictured)
        self.selectionModel().selectionChanged.connect(self.chosen_changed)
        self.refresh_theme()

    @property
    def rows(self) -> list[int]:
        """The numbers of the selected rows, rising."""
        blocks = self.selectionModel().selection().toList()
        return sorted({row for block in blocks for row in range(block.top(), block.bottom() + 1)})

    @property
    def chosen(self) -> Sequence[Entry]:
        """What is selected, in the order of the queue."""
        return [self._queue.items[row] for row in self.rows]

    @Slot(object)
    def _on_pictured(self, item: Item) -> None:
        if any(entry.item is item for entry in self._queue.items):
            self.viewport().update()

    # Files are dropped onto the tab, of which this is a part; rows are moved here.

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.source() is self:
            super().dragEnterEvent(event)
        else:
            event.ignore()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        if event.source() is self:
            super().dragMoveEvent(event)
        else:
            event.ignore()
