"""The table model of runs: their texts, their sort order, the icons of their states."""

from __future__ import annotations

from enum import IntEnum
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import (
    QDateTime,
    QLocale,
    QObject,
    QPointF,
    Qt,
)
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap, QPolygonF

from app.duration import duration
from app.listing.model import Index, ListModel
from app.theme import Theme, current_theme
from ml.runs.summaries import RunState, RunSummary

_MARK: Final = 16
"""Side of a state's icon, in pixels."""


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


class RunsModel(ListModel[RunSummary]):
    def __init__(self, parent: QObject | None = None) -> None:
        titles: dict[IntEnum, str] = {
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
        super().__init__(titles, _NUMBERS, parent)
        self._icons: dict[RunState, QIcon] = {}
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

    def path(self, item: RunSummary) -> Path:
        return item.path

    def refresh_theme(self) -> None:
        theme = current_theme()
        self._icons = {state: _icon(state, theme) for state in RunState}
        if self.items:
            last = self.index(len(self.items) - 1, Column.STATE)
            self.dataChanged.emit(self.index(0, Column.STATE), last)

    # The table model

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:  # noqa: ANN401 - as Qt's
        if role == Qt.ItemDataRole.ToolTipRole and orientation is Qt.Orientation.Horizontal:
            return self._explained.get(Column(section))
        return super().headerData(section, orientation, role)

    def data(self, index: Index, role: int = 0) -> Any:  # noqa: ANN401 - as Qt's
        run, column = self.items[index.row()], Column(index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tool_tip(run, column)
        if role == Qt.ItemDataRole.DecorationRole and column is Column.STATE:
            return self._icons.get(run.state)
        return super().data(index, role)

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        run, column = self.items[index.row()], Column(index.column())
        if run.state is RunState.DAMAGED:  # may be another program's: nothing is written to it
            return flags
        if column is Column.NOTE or (column is Column.NAME and run.state is not RunState.RUNNING):
            flags |= Qt.ItemFlag.ItemIsEditable
        return flags

    # A run in words

    def text(self, item: RunSummary, column: int) -> str:
        run = item
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

    def sort_key(self, item: RunSummary, column: int) -> Any:  # noqa: ANN401 - as ListModel's
        run = item
        keys: dict[int, float | None] = {
            Column.STARTED: run.started,
            Column.EPOCHS: run.epochs_done if run.epochs else None,
            Column.VALIDATION: run.best_validation_accuracy,
            Column.TEST: run.test_accuracy,
            Column.MACRO_F1: run.test_macro_f1,
            Column.TIME: run.seconds or None,
        }
        return keys[column] if column in keys else super().sort_key(run, column)


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
