"""The table model of recordings: their texts, and their sort order."""

from __future__ import annotations

import os
from enum import IntEnum
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import (
    QDateTime,
    QLocale,
    QObject,
    Qt,
)
from PySide6.QtGui import QColor

from app.duration import duration
from app.listing.model import Index, ListModel, SortedList
from app.theme import current_theme
from app.tool_tip import tool_tip
from ml.recording.found import Found

_SEARCHED: Final = Qt.ItemDataRole.UserRole
"""What the search looks through."""


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


class RecordingsModel(ListModel[Found]):
    def __init__(self, parent: QObject | None) -> None:
        titles: dict[IntEnum, str] = {
            Column.NAME: self.tr("Name"),
            Column.BEGAN: self.tr("Began"),
            Column.LENGTH: self.tr("Length"),
            Column.PEOPLE: self.tr("People"),
            Column.SOURCE: self.tr("Source"),
            Column.VIDEO: self.tr("Video"),
            Column.SIZE: self.tr("Size"),
            Column.NOTE: self.tr("Note"),
        }
        super().__init__(titles, _NUMBERS, parent)
        self._videos = {
            "plain": self.tr("yes"),
            "annotated": self.tr("annotated"),
            "blurred": self.tr("blurred"),
        }

    def path(self, item: Found) -> Path:
        return item.folder

    # The table model

    def data(self, index: Index, role: int = 0) -> Any:  # noqa: ANN401 - as Qt's
        found, column = self.items[index.row()], Column(index.column())
        if role == Qt.ItemDataRole.EditRole and column is Column.NOTE:
            return found.note
        if role == Qt.ItemDataRole.ToolTipRole:
            whole = str(found.folder) if column is Column.NAME else self.text(found, column)
            return tool_tip(found.problem or whole)
        if role == Qt.ItemDataRole.ForegroundRole and found.problem:
            return QColor(current_theme().muted)
        if role == _SEARCHED:
            return "\n".join((str(found.folder), self.text(found, Column.SOURCE), found.note))
        return super().data(index, role)

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        found, column = self.items[index.row()], Column(index.column())
        if column is Column.NAME and not found.growing:
            flags |= Qt.ItemFlag.ItemIsEditable
        if column is Column.NOTE and not found.problem:
            flags |= Qt.ItemFlag.ItemIsEditable
        return flags

    # A recording in words

    def text(self, item: Found, column: int) -> str:
        found, about = item, item.about
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

    def sort_key(self, item: Found, column: int) -> Any:  # noqa: ANN401 - as ListModel's
        match column:
            case Column.BEGAN:
                return item.about.began if item.about is not None else None
            case Column.LENGTH:
                return item.seconds
            case Column.PEOPLE:
                return item.people
            case Column.SIZE:
                return item.bytes
        return super().sort_key(item, column)


class SortedRecordings(SortedList[Found]):
    """Those that have a text in their name, source or note."""

    def __init__(self, model: RecordingsModel, parent: QObject) -> None:
        super().__init__(model, parent)
        self.setFilterRole(_SEARCHED)
        self.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
