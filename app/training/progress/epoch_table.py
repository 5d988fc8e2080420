"""The epochs of a run as a table."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, QTimer
from PySide6.QtGui import QFont, QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from ml.runs.events import Epoch

_FORMATS: Final = {
    "epoch": "d",
    "train_loss": ".4f",
    "validation_loss": ".4f",
    "train_accuracy": ".2%",
    "validation_accuracy": ".2%",
    "validation_macro_f1": ".3f",
    "learning_rate": ".2g",
    "seconds": ".1f",
}
"""How each field of Epoch is written, in the order of the columns."""
_FIELDS: Final = tuple(_FORMATS)
_STYLE: Final = """
QTableView { border: 0; }
QTableView::item { padding: 0 5px; }
QHeaderView { background: palette(base); }
QHeaderView::section {
    background: palette(base); color: palette(placeholder-text);
    border: 0; border-bottom: 1px solid palette(alternate-base); padding: 4px 5px;
}
"""
_PADDING: Final = 14
_Index = QModelIndex | QPersistentModelIndex
_NO_INDEX: Final = QModelIndex()


def best_epoch(epochs: Iterable[Epoch]) -> Epoch | None:
    """The first one with the highest validation accuracy; None if no epoch has an accuracy."""
    measured = [epoch for epoch in epochs if math.isfinite(epoch.validation_accuracy)]
    return max(measured, key=lambda epoch: epoch.validation_accuracy, default=None)


def in_words(field: str, value: float) -> str:
    """The value of that field of Epoch, formatted for display."""
    return format(value, _FORMATS[field]) if math.isfinite(value) else "–"


class EpochTable(QTableView):
    """Scrolls to the newest epoch, unless the user has scrolled away."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._epochs = _EpochModel(self)
        self.setModel(self._epochs)
        self.setAccessibleName(self.tr("Epochs"))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setStyleSheet(_STYLE)
        self.setAlternatingRowColors(True)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setFrameShape(self.Shape.NoFrame)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 8)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        # As wide as the widest word of the headings; without room for that, the table scrolls.
        words = (word for name in self._epochs.names for word in name.split("\n"))
        widest = max(map(self.fontMetrics().horizontalAdvance, words))
        self.horizontalHeader().setMinimumSectionSize(widest + _PADDING)
        self.horizontalHeader().setHighlightSections(False)
        # Scroll once for a thousand epochs that arrive at once.
        self._follow = QTimer(self)
        self._follow.setSingleShot(True)
        self._follow.setInterval(0)
        self._follow.timeout.connect(self.scrollToBottom)

    def set_epochs(self, epochs: Sequence[Epoch]) -> None:
        """Replace all epochs."""
        self._epochs.replace(epochs)
        self._follow.start()

    def add_epoch(self, epoch: Epoch) -> None:
        """Add an epoch; it replaces one of the same number."""
        bar = self.verticalScrollBar()
        if bar.value() == bar.maximum():
            self._follow.start()
        self._epochs.add(epoch)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self._copy()
        else:
            super().keyPressEvent(event)

    def _copy(self) -> None:
        """Copy the selected rows, separated by tabs as spreadsheets expect."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        if rows:
            QGuiApplication.clipboard().setText(
                "\n".join("\t".join(self._epochs.texts(row)) for row in rows)
            )


class _EpochModel(QAbstractTableModel):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._epochs: list[Epoch] = []
        self._bold = QFont(parent.font())
        self._bold.setBold(True)
        self._names = {
            "epoch": self.tr("Epoch"),
            "train_loss": self.tr("Train\nloss"),
            "validation_loss": self.tr("Validation\nloss"),
            "train_accuracy": self.tr("Train\naccuracy"),
            "validation_accuracy": self.tr("Validation\naccuracy"),
            "validation_macro_f1": self.tr("Macro-F1"),
            "learning_rate": self.tr("Learning\nrate"),
            "seconds": self.tr("Seconds"),
        }

    @property
    def names(self) -> list[str]:
        """The columns' headings, which may have two lines."""
        return list(self._names.values())

    def replace(self, epochs: Sequence[Epoch]) -> None:
        by_number = {epoch.epoch: epoch for epoch in epochs}
        self.beginResetModel()
        self._epochs = [by_number[number] for number in sorted(by_number)]
        self.__dict__.pop("_best", None)
        self.endResetModel()

    def add(self, epoch: Epoch) -> None:
        row = bisect_left(self._epochs, epoch.epoch, key=lambda known: known.epoch)
        if row < len(self._epochs) and self._epochs[row].epoch == epoch.epoch:
            self._epochs[row] = epoch
        else:
            self.beginInsertRows(QModelIndex(), row, row)
            self._epochs.insert(row, epoch)
            self.endInsertRows()
        self.__dict__.pop("_best", None)
        # The previous best epoch may no longer be the best.
        self.dataChanged.emit(self.index(0, 0), self.index(len(self._epochs) - 1, len(_FIELDS) - 1))

    @cached_property
    def _best(self) -> Epoch | None:
        """Computed when shown, not for each of a thousand epochs that arrive at once."""
        return best_epoch(self._epochs)

    def texts(self, row: int) -> list[str]:
        return [in_words(field, getattr(self._epochs[row], field)) for field in _FIELDS]

    # The table model

    def rowCount(self, parent: _Index = _NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self._epochs)

    def columnCount(self, parent: _Index = _NO_INDEX) -> int:
        return 0 if parent.isValid() else len(_FIELDS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:  # noqa: ANN401 - depends on the role
        if orientation is Qt.Orientation.Horizontal:
            name = self._names[_FIELDS[section]]
            match role:
                case Qt.ItemDataRole.DisplayRole:
                    return name
                case Qt.ItemDataRole.AccessibleTextRole:
                    return name.replace("\n", " ")
                case Qt.ItemDataRole.TextAlignmentRole:
                    return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: ANN401 - depends on the role
        epoch = self._epochs[index.row()]
        field = _FIELDS[index.column()]
        text = in_words(field, getattr(epoch, field))
        best = epoch is self._best
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return f"★ {text}" if best and field == "epoch" else text
            case Qt.ItemDataRole.AccessibleTextRole:
                return self.tr("{}, best epoch").format(text) if best and field == "epoch" else text
            case Qt.ItemDataRole.ToolTipRole if best:
                return self.tr("The highest validation accuracy so far")
            case Qt.ItemDataRole.FontRole if best:
                return self._bold
            case Qt.ItemDataRole.TextAlignmentRole:
                return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None
