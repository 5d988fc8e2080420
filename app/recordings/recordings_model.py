"""The table model of recordings: their texts, and their sort order."""

from __future__ import annotations

import os
from collections.abc import Sequence
from enum import IntEnum
from typing import Any, Final

from PySide6.QtCore import (
    QAbstractTableModel,
    QDateTime,
    QLocale,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor

from app.duration import duration
from app.theme import current_theme
from app.tool_tip import tool_tip
from ml.recording.found import Found

_SEARCHED: Final = Qt.ItemDataRole.UserRole
"""What the search looks through."""

Index = QModelIndex | QPersistentModelIndex


class Column(IntEnum):
    NAME = 0
    BEGAN = 1
    LENGTH = 2
    PEOPLE = 3
    SOURCE = 4
    VIDEO = 5
    SIZE = 6
    NOTE = 7


_NUMBERS: Final = (Column.LENGTH, Column.PEOPLE, Column.SIZE)


class RecordingsModel(QAbstractTableModel):
    """A row for each recording, unsorted: SortedRecordings sorts them."""

    edited = Signal(object, int, str)
    """A Found, the column, and the text entered in it."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.recordings: list[Found] = []
        self._titles = {
            Column.NAME: self.tr("Name"),
            Column.BEGAN: self.tr("Began"),
            Column.LENGTH: self.tr("Length"),
            Column.PEOPLE: self.tr("People"),
            Column.SOURCE: self.tr("Source"),
            Column.VIDEO: self.tr("Video"),
            Column.SIZE: self.tr("Size"),
            Column.NOTE: self.tr("Note"),
        }
        self._videos = {
            "plain": self.tr("yes"),
            "annotated": self.tr("annotated"),
            "blurred": self.tr("blurred"),
        }

    def show(self, recordings: Sequence[Found]) -> None:
        """Show them; rows that stay keep their selection, and what is being entered in them."""
        wanted = {found.folder: found for found in recordings}
        if not any(found.folder in wanted for found in self.recordings):
            self.beginResetModel()
            self.recordings = list(recordings)
            self.endResetModel()
            return
        for row in reversed(range(len(self.recordings))):
            if self.recordings[row].folder not in wanted:
                self.beginRemoveRows(QModelIndex(), row, row)
                del self.recordings[row]
                self.endRemoveRows()
        for row, old in enumerate(self.recordings):
            self._replace(row, wanted.pop(old.folder))
        if wanted:
            first = len(self.recordings)
            self.beginInsertRows(QModelIndex(), first, first + len(wanted) - 1)
            self.recordings += wanted.values()
            self.endInsertRows()

    def replace(self, old: Found, new: Found) -> None:
        """Show ``new`` in the row of ``old``, if there still is one."""
        if old in self.recordings:
            self._replace(self.recordings.index(old), new)

    def _replace(self, row: int, new: Found) -> None:
        """Emit only cells that differ, otherwise a note being entered would be overwritten."""
        old = self.recordings[row]
        if old == new:
            return
        self.recordings[row] = new
        for column in Column:
            if self.text(old, column) != self.text(new, column):
                self.dataChanged.emit(self.index(row, column), self.index(row, column))

    # The table model

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - as Qt's
        return 0 if parent.isValid() else len(self.recordings)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - as Qt's
        return 0 if parent.isValid() else len(Column)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:  # noqa: ANN401 - as Qt's
        if orientation is not Qt.Orientation.Horizontal:
            return None
        column = Column(section)
        if role == Qt.ItemDataRole.DisplayRole:
            return self._titles[column]
        return _alignment(column) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def data(self, index: Index, role: int = 0) -> Any:  # noqa: ANN401 - as Qt's
        found, column = self.recordings[index.row()], Column(index.column())
        if role == Qt.ItemDataRole.DisplayRole:
            return self.text(found, column)
        if role == Qt.ItemDataRole.EditRole:
            return found.note if column is Column.NOTE else self.text(found, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            whole = str(found.folder) if column is Column.NAME else self.text(found, column)
            return tool_tip(found.problem or whole)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        if role == Qt.ItemDataRole.ForegroundRole and found.problem:
            return QColor(current_theme().muted)
        if role == _SEARCHED:
            return "\n".join((found.folder.name, self.text(found, Column.SOURCE), found.note))
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        found, column = self.recordings[index.row()], Column(index.column())
        if column is Column.NAME and not found.growing:
            flags |= Qt.ItemFlag.ItemIsEditable
        if column is Column.NOTE and not found.problem:
            flags |= Qt.ItemFlag.ItemIsEditable
        return flags

    def setData(self, index: Index, value: object, role: int = 2) -> bool:
        found, column = self.recordings[index.row()], Column(index.column())
        text = str(value).strip()
        if text != self.data(index, role):
            self.edited.emit(found, column, text)
        return True

    # A recording in words

    def text(self, found: Found, column: Column) -> str:
        about = found.about
        match column:
            case Column.NAME:
                return found.folder.name
            case Column.BEGAN if about is not None:
                began = QDateTime.fromMSecsSinceEpoch(int(about.began * 1000))
                return QLocale().toString(began, QLocale.FormatType.ShortFormat)
            case Column.LENGTH if found.growing:
                return self.tr("recording")
            case Column.LENGTH if found.seconds is not None:
                return duration(found.seconds)
            case Column.PEOPLE if found.people is not None:
                return str(found.people)
            case Column.SOURCE if about is not None:
                return about.source
            case Column.VIDEO if about is not None:
                return self._videos[about.video.kind] if about.video else self.tr("no")
            case Column.SIZE:
                format = QLocale.DataSizeFormat.DataSizeTraditionalFormat
                return QLocale().formattedDataSize(found.bytes, 1, format)
            case Column.NOTE:
                return found.note or found.problem.removeprefix(f"{found.folder}{os.sep}")
        return ""


class SortedRecordings(QSortFilterProxyModel):
    """Those that have a text in their name, source or note; sorted by value, not by text.

    Unknown values come last in either order.
    """

    def __init__(self, model: RecordingsModel, parent: QObject) -> None:
        super().__init__(parent)
        self.setSourceModel(model)
        self.setFilterRole(_SEARCHED)
        self.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self._model = model

    def lessThan(self, left: Index, right: Index) -> bool:
        first, second = self._key(left), self._key(right)
        if first is None or second is None:
            last = first if self.sortOrder() is Qt.SortOrder.DescendingOrder else second
            return last is None and first is not second
        return bool(first < second)

    def found(self, index: Index) -> Found:
        """The recording in the row of ``index``, an index of this model."""
        return self._model.recordings[self.mapToSource(index).row()]

    def _key(self, index: Index) -> Any:  # noqa: ANN401 - numbers with numbers, text with text
        found = self._model.recordings[index.row()]
        match Column(index.column()):
            case Column.BEGAN:
                return found.about.began if found.about is not None else None
            case Column.LENGTH:
                return found.seconds
            case Column.PEOPLE:
                return found.people
            case Column.SIZE:
                return found.bytes
            case column:
                return self._model.text(found, column).casefold() or None


def _alignment(column: Column) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column in _NUMBERS else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
