"""The table model of runs: their texts, their sort order, the icons of their states."""

from __future__ import annotations

from enum import IntEnum
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import (
    QAbstractTableModel,
    QDateTime,
    QLocale,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPointF,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap, QPolygonF

from app.duration import duration
from app.theme import Theme, current_theme
from ml.runs.summaries import RunState, RunSummary

_MARK: Final = 16
"""Side of a state's icon, in pixels."""

Index = QModelIndex | QPersistentModelIndex


class Column(IntEnum):
    NAME = 0
    STATE = 1
    STARTED = 2
    DATA = 3
    PRESET = 4
    EPOCHS = 5
    VALIDATION = 6
    TEST = 7
    MACRO_F1 = 8
    TIME = 9
    NOTE = 10


_NUMBERS: Final = (Column.EPOCHS, Column.VALIDATION, Column.TEST, Column.MACRO_F1, Column.TIME)

# Lines in a square of 16, so that no state is shown by colour alone.
_SQUARE: Final = [(4.0, 4.0), (12.0, 4.0), (12.0, 12.0), (4.0, 12.0), (4.0, 4.0)]
_MARKS: Final[dict[RunState, list[list[tuple[float, float]]]]] = {
    RunState.NEW: [[(4, 8), (8, 4), (12, 8), (8, 12), (4, 8)]],
    RunState.RUNNING: [[(5, 3.5), (12.5, 8), (5, 12.5), (5, 3.5)]],
    RunState.STOPPED: [_SQUARE],
    RunState.FINISHED: [[(3.5, 8.5), (6.5, 11.5), (12.5, 4.5)]],
    RunState.CRASHED: [
        [(8, 2.5), (14, 13), (2, 13), (8, 2.5)],
        [(8, 6.5), (8, 8.8)],
        [(8, 11)] * 2,
    ],
    RunState.FAILED: [[(4, 4), (12, 12)], [(12, 4), (4, 12)]],
    RunState.DAMAGED: [_SQUARE, [(12, 4), (4, 12)]],
}
_FILLED: Final = (RunState.RUNNING, RunState.STOPPED)


class RunsModel(QAbstractTableModel):
    """A row for each run, unsorted: SortedRuns sorts them."""

    edited = Signal(object, int, str)
    """A RunSummary, the column, and the text entered in it."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.runs: list[RunSummary] = []
        self._icons: dict[RunState, QIcon] = {}
        self._titles = {
            Column.NAME: self.tr("Name"),
            Column.STATE: self.tr("State"),
            Column.STARTED: self.tr("Started"),
            Column.DATA: self.tr("Data"),
            Column.PRESET: self.tr("Preset"),
            Column.EPOCHS: self.tr("Epochs"),
            Column.VALIDATION: self.tr("Validation"),
            Column.TEST: self.tr("Test"),
            Column.MACRO_F1: self.tr("Macro-F1"),
            Column.TIME: self.tr("Time"),
            Column.NOTE: self.tr("Note"),
        }
        self._explained = {
            Column.EPOCHS: self.tr("Finished and planned epochs"),
            Column.VALIDATION: self.tr("Best accuracy on the validation split"),
            Column.TEST: self.tr("Accuracy on the test split, once the run is finished"),
            Column.MACRO_F1: self.tr("Mean F1 of the seven classes on the test split"),
            Column.TIME: self.tr("Training time of the finished epochs"),
            Column.NOTE: self.tr("Your note; double-click to edit"),
        }
        self._states = {
            RunState.NEW: self.tr("Not started"),
            RunState.RUNNING: self.tr("Running"),
            RunState.STOPPED: self.tr("Stopped"),
            RunState.CRASHED: self.tr("Crashed"),
            RunState.FAILED: self.tr("Failed"),
            RunState.FINISHED: self.tr("Finished"),
            RunState.DAMAGED: self.tr("Damaged"),
        }

    def show(self, runs: list[RunSummary]) -> None:
        """Show ``runs``; rows that stay keep their selection."""
        wanted = {run.path: run for run in runs}
        for row in reversed(range(len(self.runs))):
            if self.runs[row].path not in wanted:
                self.beginRemoveRows(QModelIndex(), row, row)
                del self.runs[row]
                self.endRemoveRows()
        for old in list(self.runs):
            self.replace(old, wanted.pop(old.path))
        if wanted:
            first = len(self.runs)
            self.beginInsertRows(QModelIndex(), first, first + len(wanted) - 1)
            self.runs += wanted.values()
            self.endInsertRows()

    def replace(self, old: RunSummary, new: RunSummary) -> None:
        """Emit only cells that differ, otherwise a note being edited would be overwritten."""
        row = self.runs.index(old)
        self.runs[row] = new
        for column in Column:
            if self.text(old, column) != self.text(new, column):
                self.dataChanged.emit(self.index(row, column), self.index(row, column))

    def refresh_theme(self) -> None:
        theme = current_theme()
        self._icons = {state: _icon(state, theme) for state in RunState}
        if self.runs:
            last = self.index(len(self.runs) - 1, Column.STATE)
            self.dataChanged.emit(self.index(0, Column.STATE), last)

    # The table model

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - as Qt's
        return 0 if parent.isValid() else len(self.runs)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - as Qt's
        return 0 if parent.isValid() else len(Column)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:  # noqa: ANN401 - as Qt's
        if orientation is not Qt.Orientation.Horizontal:
            return None
        column = Column(section)
        if role == Qt.ItemDataRole.DisplayRole:
            return self._titles[column]
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._explained.get(column)
        return _alignment(column) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def data(self, index: Index, role: int = 0) -> Any:  # noqa: ANN401 - as Qt's
        run, column = self.runs[index.row()], Column(index.column())
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return self.text(run, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tool_tip(run, column)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        if role == Qt.ItemDataRole.DecorationRole and column is Column.STATE:
            return self._icons.get(run.state)
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        run, column = self.runs[index.row()], Column(index.column())
        if run.state is RunState.DAMAGED:  # may be another program's: nothing is written to it
            return flags
        if column is Column.NOTE or (column is Column.NAME and run.state is not RunState.RUNNING):
            flags |= Qt.ItemFlag.ItemIsEditable
        return flags

    def setData(self, index: Index, value: object, role: int = 2) -> bool:  # noqa: ARG002
        run, column = self.runs[index.row()], Column(index.column())
        text = str(value).strip()
        if text != self.text(run, column):
            self.edited.emit(run, column, text)
        return True

    # A run in words

    def text(self, run: RunSummary, column: Column) -> str:
        match column:
            case Column.NAME:
                return run.name
            case Column.STATE:
                return self._states[run.state]
            case Column.STARTED if run.started is not None:
                started = QDateTime.fromMSecsSinceEpoch(int(run.started * 1000))
                return QLocale().toString(started, QLocale.FormatType.ShortFormat)
            case Column.DATA:
                return Path(run.data).name
            case Column.PRESET:
                return run.preset
            case Column.EPOCHS if run.epochs:
                return f"{run.epochs_done} / {run.epochs}"
            case Column.VALIDATION if run.best_validation_accuracy is not None:
                return f"{run.best_validation_accuracy:.1%}"
            case Column.TEST if run.test_accuracy is not None:
                return f"{run.test_accuracy:.1%}"
            case Column.MACRO_F1 if run.test_macro_f1 is not None:
                return f"{run.test_macro_f1:.3f}"
            case Column.TIME if run.seconds:
                return duration(run.seconds)
            case Column.NOTE:
                return run.note
        return ""

    def _tool_tip(self, run: RunSummary, column: Column) -> str:
        if run.problem and column in (Column.NAME, Column.STATE):
            return run.problem
        whole = {Column.NAME: str(run.path), Column.DATA: run.data}
        return whole.get(column) or self.text(run, column)


class SortedRuns(QSortFilterProxyModel):
    """Sorts by value, not by text; unknown values come last in either order."""

    def lessThan(self, left: Index, right: Index) -> bool:
        first, second = self._key(left), self._key(right)
        if first is None or second is None:
            last = first if self.sortOrder() is Qt.SortOrder.DescendingOrder else second
            return last is None and first is not second
        return bool(first < second)

    def run(self, index: Index) -> RunSummary:
        """The run in the row of ``index``, an index of this model."""
        return self._runs.runs[self.mapToSource(index).row()]

    @property
    def _runs(self) -> RunsModel:
        model = self.sourceModel()
        assert isinstance(model, RunsModel)
        return model

    def _key(self, index: Index) -> Any:  # noqa: ANN401 - numbers with numbers, text with text
        run, column = self._runs.runs[index.row()], Column(index.column())
        keys: dict[Column, float | None] = {
            Column.STARTED: run.started,
            Column.EPOCHS: run.epochs_done if run.epochs else None,
            Column.VALIDATION: run.best_validation_accuracy,
            Column.TEST: run.test_accuracy,
            Column.MACRO_F1: run.test_macro_f1,
            Column.TIME: run.seconds or None,
        }
        return keys[column] if column in keys else self._runs.text(run, column).casefold() or None


def _alignment(column: Column) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column in _NUMBERS else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


def _icon(state: RunState, theme: Theme) -> QIcon:
    bad = state in (RunState.CRASHED, RunState.FAILED, RunState.DAMAGED)
    good = state in (RunState.RUNNING, RunState.FINISHED)
    colour = theme.danger if bad else theme.accent if good else theme.muted
    icon = QIcon(_mark(state, colour))
    icon.addPixmap(_mark(state, theme.on_accent), QIcon.Mode.Selected)
    return icon


def _mark(state: RunState, colour: str) -> QPixmap:
    sharp = 2  # for high-DPI screens
    pixmap = QPixmap(_MARK * sharp, _MARK * sharp)
    pixmap.setDevicePixelRatio(sharp)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(
        QPen(QColor(colour), 1.6, c=Qt.PenCapStyle.RoundCap, j=Qt.PenJoinStyle.RoundJoin)
    )
    if state in _FILLED:
        painter.setBrush(QColor(colour))
    for line in _MARKS[state]:
        points = QPolygonF([QPointF(x, y) for x, y in line])
        if state in _FILLED:
            painter.drawPolygon(points)
        else:
            painter.drawPolyline(points)
    painter.end()
    return pixmap
