"""The values under the pointer: a line, points on the curves, and a panel in each plot."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Final

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QObject, QPointF, QRectF, Qt, Slot
from PySide6.QtGui import QBrush, QColor, QPainter, QPen
from PySide6.QtWidgets import QGraphicsTextItem, QStyleOptionGraphicsItem, QWidget

from app.theme import Theme
from app.training.progress.curves_run import (
    ACCURACY,
    Appearance,
    Line,
    Quantity,
    RunCurves,
    translucent,
)
from app.training.progress.epoch_table import in_words

_INSET: Final = 6.0


class Crosshair(QObject):
    """Marks the epoch nearest to the pointer, in both plots at once."""

    def __init__(
        self,
        plots: Mapping[pg.PlotItem, Quantity],
        line_names: Mapping[Line, str],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._quantities = plots
        self._line_names = line_names
        self._runs: Sequence[RunCurves] = ()
        self._appearance: Appearance | None = None
        self._pointer: QPointF | None = None
        """In scene coordinates; None while it is elsewhere."""
        self._halves = {
            plot: _Half(plot, rises=quantity is ACCURACY) for plot, quantity in plots.items()
        }

    def set_runs(self, runs: Sequence[RunCurves], appearance: Appearance) -> None:
        """Call it again whenever any of ``runs`` changes."""
        self._runs = runs
        self._appearance = appearance
        self._show()

    @Slot(object)
    def point(self, pointer: QPointF) -> None:
        self._pointer = pointer
        self._show()

    @Slot()
    def leave(self) -> None:
        self._pointer = None
        self._show()

    @property
    def texts(self) -> list[str]:
        """The texts of the visible panels."""
        panels = [half.panel for half in self._halves.values()]
        return [panel.toPlainText() for panel in panels if panel.isVisible()]

    def _show(self) -> None:
        for half in self._halves.values():
            half.hide()
        for plot in self._quantities:
            frame = plot.getViewBox().sceneBoundingRect()
            if self._pointer and frame.contains(self._pointer):
                x = plot.getViewBox().mapSceneToView(self._pointer).x()
                self._show_epoch(x)

    def _show_epoch(self, x: float) -> None:
        nearest = {run: epoch for run in self._runs if (epoch := run.nearest(x))}
        if not nearest or self._appearance is None:
            return
        number = min((epoch.epoch for epoch in nearest.values()), key=lambda n: abs(n - x))
        theme = self._appearance.theme
        for plot, quantity in self._quantities.items():
            lines = {
                field: line
                for field, line in quantity.epoch.items()
                if self._appearance.shows(line)
            }
            rows = []
            for run, epoch in nearest.items():
                name = run.label
                if epoch.epoch != number:
                    name = self.tr("{}, epoch {}").format(name, epoch.epoch)
                values = {field: getattr(epoch, field) for field in lines}
                points = self._appearance.drawable(quantity, list(values.values()))
                rows.append(_Row(run.letter, name, run.colour(theme), epoch.epoch, values, points))
            columns = [self._line_names[line] for line in lines.values()]
            title = self.tr("Epoch {}").format(number)
            self._halves[plot].show(title, columns, rows, number, theme)


@dataclass(frozen=True)
class _Row:
    letter: str
    name: str
    colour: QColor
    epoch: int
    values: Mapping[str, float]
    """By field of Epoch."""
    points: npt.NDArray[np.float64]


class _Half:
    """The part in one plot."""

    def __init__(self, plot: pg.PlotItem, *, rises: bool) -> None:
        self._plot = plot
        self._rises = rises
        self._line = pg.InfiniteLine(angle=90)
        self._line.setZValue(10)
        self._points = pg.PlotDataItem(pen=None, useCache=False, symbol="o", symbolSize=7)
        self._points.setZValue(11)
        for item in (self._line, self._points):
            plot.addItem(item, ignoreBounds=True)
        self.panel = _Panel()
        plot.scene().addItem(self.panel)
        self.hide()

    def hide(self) -> None:
        for item in (self._line, self._points, self.panel):
            item.hide()

    def show(
        self, title: str, columns: Sequence[str], rows: Sequence[_Row], x: float, theme: Theme
    ) -> None:
        self._line.setPen(pg.mkPen(translucent(QColor(theme.muted), 0.6), width=1))
        self._line.setValue(x)
        points = [
            (row.epoch, value, pg.mkBrush(row.colour))
            for row in rows
            for value in row.points
            if math.isfinite(value)
        ]
        self._points.setData(
            [point[0] for point in points],
            [point[1] for point in points],
            symbolBrush=[point[2] for point in points],
            symbolPen=pg.mkPen(theme.surface, width=1),
        )
        self.panel.write(title, columns, rows, theme)
        if self.panel.boundingRect().width() > self._plot.getViewBox().width():
            # Too wide: the names are in the legend, too.
            self.panel.write(title, columns, [replace(row, name="") for row in rows], theme)
        for item in (self._line, self._points, self.panel):
            item.show()
        self._place_panel()

    def _place_panel(self) -> None:
        """Use the corner that curves of this kind leave free, unless it hides a point there."""
        view: pg.ViewBox = self._plot.getViewBox()
        room = view.sceneBoundingRect().adjusted(_INSET, _INSET, -_INSET, -_INSET)
        card = QRectF(QPointF(), self.panel.boundingRect().size())
        card.moveTopRight(room.topRight())
        if self._rises:
            card.moveBottomRight(room.bottomRight())
        x, y = self._points.getData()  # None and None where there are no points
        if x is not None and any(
            card.contains(view.mapViewToScene(QPointF(*point))) for point in zip(x, y, strict=True)
        ):
            card.moveLeft(room.left())
        self.panel.setPos(card.topLeft())


class _Panel(QGraphicsTextItem):
    """Text on a rounded card."""

    def __init__(self) -> None:
        super().__init__()
        self.setZValue(1000)
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
        self._pen = QPen()
        self._brush = QBrush()

    def write(self, title: str, columns: Sequence[str], rows: Sequence[_Row], theme: Theme) -> None:
        self._pen = pg.mkPen(theme.border, width=1)
        self._brush = pg.mkBrush(theme.raised)
        self.setDefaultTextColor(QColor(theme.text))
        cell = '<td align="right" style="padding-left: 10px; white-space: nowrap; {}">{}</td>'
        head = "".join(cell.format(f"color: {theme.muted}", escape(name)) for name in columns)
        body = "".join(
            f'<tr><td style="white-space: nowrap"><span style="color: {row.colour.name()}">'
            f"{row.letter}</span> {escape(row.name)}</td>"
            + "".join(
                cell.format("font-weight: 600", in_words(field, value))
                for field, value in row.values.items()
            )
            + "</tr>"
            for row in rows
        )
        self.setHtml(f"<table><tr><td><b>{escape(title)}</b></td>{head}</tr>{body}</table>")

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self._pen)
        painter.setBrush(self._brush)
        painter.drawRoundedRect(self.boundingRect().adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        super().paint(painter, option, widget)  # type: ignore[arg-type]  # None is usual
