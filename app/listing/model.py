"""A table model of things on disk, a row each, and its sort order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from pathlib import PurePath
from typing import Any, Final, Generic, TypeVar

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    Signal,
)

Index = QModelIndex | QPersistentModelIndex
Item = TypeVar("Item")
_EDIT: Final = Qt.ItemDataRole.EditRole


class ListModel(QAbstractTableModel, Generic[Item]):
    """Unsorted: SortedList sorts it."""

    edited = Signal(object, int, str)
    """An item, the column, and the text entered in it."""

    def __init__(
        self, titles: Mapping[IntEnum, str], numbers: Sequence[IntEnum], parent: QObject | None
    ) -> None:
        """``titles`` has every column, in their order; those in ``numbers`` stand at the right."""
        super().__init__(parent)
        self.items: list[Item] = []
        self._titles, self._numbers = titles, numbers

    # Of each kind of list

    def path(self, item: Item) -> PurePath:
        """By which it is known again."""
        raise NotImplementedError

    def text(self, item: Item, column: int) -> str:
        raise NotImplementedError

    def sort_key(self, item: Item, column: int) -> Any:  # noqa: ANN401 - numbers with numbers, text with text
        """None if it is not known."""
        return self.text(item, column).casefold() or None

    # The rows

    def show(self, items: Sequence[Item]) -> None:
        """Show ``items``; rows that stay keep their selection, and what is entered in them."""
        wanted = {self.path(item): item for item in items}
        if not any(self.path(item) in wanted for item in self.items):
            self.beginResetModel()
            self.items = list(items)
            self.endResetModel()
            return
        for row in reversed(range(len(self.items))):
            if self.path(self.items[row]) not in wanted:
                self.beginRemoveRows(QModelIndex(), row, row)
                del self.items[row]
                self.endRemoveRows()
        for row, old in enumerate(self.items):
            self._replace(row, wanted.pop(self.path(old)))
        if wanted:
            first = len(self.items)
            self.beginInsertRows(QModelIndex(), first, first + len(wanted) - 1)
            self.items += wanted.values()
            self.endInsertRows()

    def replace(self, old: Item, new: Item) -> None:
        """Show ``new`` in the row of ``old``, if there still is one."""
        if old in self.items:
            self._replace(self.items.index(old), new)

    def _replace(self, row: int, new: Item) -> None:
        """Emit only cells that differ, otherwise a note being entered would be overwritten."""
        old = self.items[row]
        if old == new:
            return
        self.items[row] = new
        for column in self._titles:
            if self.text(old, column) != self.text(new, column):
                self.dataChanged.emit(self.index(row, column), self.index(row, column))

    # The table model

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - as Qt's
        return 0 if parent.isValid() else len(self.items)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - as Qt's
        return 0 if parent.isValid() else len(self._titles)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:  # noqa: ANN401 - as Qt's
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return list(self._titles.values())[section]
        return self._alignment(section) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def data(self, index: Index, role: int = 0) -> Any:  # noqa: ANN401 - as Qt's
        if role in (Qt.ItemDataRole.DisplayRole, _EDIT):
            return self.text(self.items[index.row()], index.column())
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._alignment(index.column())
        return None

    def setData(self, index: Index, value: object, role: int = _EDIT) -> bool:
        text = str(value).strip()
        if text != self.data(index, role):
            self.edited.emit(self.items[index.row()], index.column(), text)
        return True

    def _alignment(self, column: int) -> Qt.AlignmentFlag:
        right = column in self._numbers
        side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
        return side | Qt.AlignmentFlag.AlignVCenter


class SortedList(QSortFilterProxyModel, Generic[Item]):
    """Sorts by value, not by text; unknown values come last in either order."""

    def __init__(self, model: ListModel[Item], parent: QObject) -> None:
        super().__init__(parent)
        self.setSourceModel(model)
        self._model = model

    def lessThan(self, left: Index, right: Index) -> bool:
        first, second = self._key(left), self._key(right)
        if first is None or second is None:
            last = first if self.sortOrder() is Qt.SortOrder.DescendingOrder else second
            return last is None and first is not second
        return bool(first < second)

    def item(self, index: Index) -> Item:
        """The one in the row of ``index``, an index of this model."""
        return self._model.items[self.mapToSource(index).row()]

    def _key(self, index: Index) -> Any:  # noqa: ANN401 - as ListModel.sort_key
        return self._model.sort_key(self._model.items[index.row()], index.column())
