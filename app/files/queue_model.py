"""The table model of the queue: its texts, and the order in which things are analysed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from itertools import groupby
from pathlib import PurePath
from typing import Any, Final

from PySide6.QtCore import QLocale, QMimeData, QModelIndex, QObject, Qt
from PySide6.QtGui import QColor

from app.duration import duration
from app.files.entry import Entry, State
from app.listing.model import Index, ListModel
from app.theme import current_theme
from app.tool_tip import tool_tip
from ml.batch.items import Kind
from ml.batch.messages import Done

ENTRY: Final = Qt.ItemDataRole.UserRole
"""The Entry of a row, for what paints it."""
_ROWS: Final = "application/x-face-expression-detector-rows"
"""What is dragged within the table: the numbers of rows, as JSON."""


class Column(IntEnum):
    NAME = 0
    LENGTH = 1
    STATE = 2
    FACES = 3


class QueueModel(ListModel[Entry]):
    def __init__(self, parent: QObject | None) -> None:
        titles: dict[IntEnum, str] = {
            Column.NAME: self.tr("Name"),
            Column.LENGTH: self.tr("Length"),
            Column.STATE: self.tr("State"),
            Column.FACES: self.tr("Faces"),
        }
        super().__init__(titles, (Column.LENGTH, Column.FACES), parent)

    def path(self, item: Entry) -> PurePath:
        return item.item.place

    # The rows and their order

    def add(self, entries: Sequence[Entry]) -> None:
        first = len(self.items)
        self.beginInsertRows(QModelIndex(), first, first + len(entries) - 1)
        self.items += entries
        self.endInsertRows()

    def remove(self, entries: Iterable[Entry]) -> None:
        unwanted = set(entries)
        gone = [row for row, entry in enumerate(self.items) if entry in unwanted]
        for first, last in reversed(list(_blocks(gone))):
            self.beginRemoveRows(QModelIndex(), first, last)
            del self.items[first : last + 1]
            self.endRemoveRows()

    def move(self, rows: Iterable[int], before: int) -> None:
        """Bring ``rows`` together, in their order, in front of the row ``before``."""
        rows = sorted(rows)
        place = before
        for first, last in reversed(list(_blocks(row for row in rows if row < before))):
            self._move(first, last, place)
            place -= last - first + 1
        for first, last in _blocks(row for row in rows if row >= before):
            self._move(first, last, before)
            before += last - first + 1

    def _move(self, first: int, last: int, before: int) -> None:
        if self.beginMoveRows(QModelIndex(), first, last, QModelIndex(), before):
            entries = self.items[first : last + 1]
            del self.items[first : last + 1]
            place = before - len(entries) if before > last else before
            self.items[place:place] = entries
            self.endMoveRows()

    # The table model

    def text(self, item: Entry, column: int) -> str:
        match Column(column):
            case Column.NAME:
                return item.item.name
            case Column.LENGTH if item.item.kind is Kind.PICTURES:
                count = len(item.item.files)
                return self.tr("1 picture") if count == 1 else self.tr("{} pictures").format(count)
            case Column.LENGTH if item.amount is not None:
                return duration(item.amount)
            case Column.STATE:
                return self._state(item)
            case Column.FACES if item.faces is not None:
                return QLocale().toString(item.faces)
        return ""

    def _state(self, entry: Entry) -> str:
        match entry.state:
            case State.WAITING:
                return self.tr("Waiting")
            case State.RUNNING if entry.progress is None:
                return self.tr("Starting")
            case State.RUNNING if entry.left is not None:
                percent = int(100 * entry.fraction)
                return self.tr("{} %, {} left").format(percent, duration(entry.left))
            case State.RUNNING:
                return self.tr("Analysing")
            case State.DONE if entry.reason:
                return self.tr("Done, with problems")
            case State.DONE:
                return self.tr("Done")
            case State.FAILED:
                return self.tr("Failed")

    def data(self, index: Index, role: int = 0) -> Any:  # noqa: ANN401 - as Qt's
        entry, column = self.items[index.row()], Column(index.column())
        if role == ENTRY:
            return entry
        if role == Qt.ItemDataRole.ToolTipRole:
            return tool_tip(self._explained(entry, column))
        if role == Qt.ItemDataRole.ForegroundRole and column is Column.STATE:
            return QColor(current_theme().danger) if entry.state is State.FAILED else None
        return super().data(index, role)

    def _explained(self, entry: Entry, column: Column) -> str:
        if column is Column.NAME:
            return entry.source
        if column is Column.STATE:
            return entry.reason or self.note(entry) or self.text(entry, column)
        if column is Column.FACES and isinstance(entry.outcome, Done):
            done = entry.outcome
            return self.tr("{} faces in {} frames").format(done.faces, done.frames)
        return self.text(entry, column)

    def note(self, entry: Entry) -> str:
        """What there is to say of a good result."""
        said = []
        if isinstance(entry.outcome, Done):
            if entry.outcome.turned:
                lay = self.tr("It lay on its side, and was turned by {}° for the analysis.")
                said.append(lay.format(entry.outcome.turned))
            if entry.outcome.unchanged:
                said.append(self.tr("It was analysed before with the same settings."))
        return " ".join(said)

    # Dragging rows

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.ItemIsDropEnabled  # between rows, not onto them
        selectable = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return selectable | Qt.ItemFlag.ItemIsDragEnabled

    def supportedDropActions(self) -> Qt.DropAction:
        return Qt.DropAction.MoveAction

    def mimeTypes(self) -> list[str]:
        return [_ROWS]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        data = QMimeData()
        data.setData(_ROWS, json.dumps(sorted({index.row() for index in indexes})).encode())
        return data

    def dropMimeData(
        self, data: QMimeData, _action: Qt.DropAction, row: int, _column: int, _parent: Index
    ) -> bool:
        """Before ``row``, or at the end if that is -1."""
        rows = json.loads(bytes(data.data(_ROWS).data()) or b"[]")
        self.move(rows, row if row >= 0 else len(self.items))
        return True


def _blocks(rows: Iterable[int]) -> Iterator[tuple[int, int]]:
    """The first and last of rows that follow one another; ``rows`` rise."""
    for _, block in groupby(enumerate(rows), lambda numbered: numbered[1] - numbered[0]):
        numbers = [row for _, row in block]
        yield numbers[0], numbers[-1]
