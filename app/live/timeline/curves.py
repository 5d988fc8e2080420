"""Paints the probabilities of one person over time, as lines or stacked areas, and valence."""

from __future__ import annotations

from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
from pyqtgraph.functions import arrayToQPath, arrayToQPolygonF
from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen

from app.live.timeline.columns import Columns
from app.live.timeline.places import Places
from app.theme import EXPRESSION_COLOURS, Theme
from ml.expressions import EXPRESSIONS
from ml.people.measures import valence

_OFFSETS: Final = (-0.25, 0.25)
"""Lines are drawn twice, so far up and down: Qt draws only the thinnest quickly, and those look
frail. One line of 1.5 pixels takes twenty times as long."""
_CHUNK: Final = 48
"""Points of an area painted at once: the time that Qt takes grows with their square."""
_GRID: Final = (0.0, 0.5, 1.0)
_SWATCH: Final = 8.0

Floats = npt.NDArray[np.float32] | npt.NDArray[np.float64]
_Numbers = npt.NDArray[np.intp]


def paint_grid(painter: QPainter, places: Places, theme: Theme, *, right_scale: bool) -> None:
    """Lines with the percentages left, and right, if wanted, those of valence."""
    box = places.curves
    for share in _GRID:
        y = round(box.bottom() - share * box.height()) + 0.5
        painter.setPen(QPen(QColor(theme.border), 1))
        painter.drawLine(QLineF(box.left(), y, box.right(), y))
        painter.setPen(QColor(theme.muted))
        centred = Qt.AlignmentFlag.AlignVCenter
        y = min(y, box.bottom() - 5)  # the lowest stands above its line: below are the labels
        left = QRectF(0, y - 8, box.left() - 6, 16)
        painter.drawText(left, centred | Qt.AlignmentFlag.AlignRight, f"{share:.0%}")
        if right_scale:
            right = QRectF(box.right() + 6, y - 8, 60, 16)
            painter.setPen(_valence_colour(theme))
            painter.drawText(right, centred, f"{2 * share - 1:+.0%}" if share != 0.5 else "0%")


def paint_legend(painter: QPainter, places: Places, theme: Theme, extra: str) -> None:
    """The colours' names above the curves, if there is room; ``extra`` is valence's, or empty."""
    box = places.legend
    metrics = painter.fontMetrics()
    entries = [(e.label.capitalize(), EXPRESSION_COLOURS[e]) for e in EXPRESSIONS]
    if extra:
        entries.append((extra, _valence_colour(theme)))
    widths = [_SWATCH + 4 + metrics.horizontalAdvance(name) for name, _ in entries]
    gap = (box.width() - sum(widths)) / max(len(entries) - 1, 1)
    if box.isEmpty() or gap < 6:
        return
    x = box.left()
    for (name, colour), width in zip(entries, widths, strict=True):
        y = box.center().y() - 2
        if name == extra:
            painter.setPen(_thinnest(colour, Qt.PenStyle.DashLine))
            painter.drawLine(QLineF(x, y, x + _SWATCH, y))
        else:
            painter.fillRect(QRectF(x, y - _SWATCH / 2, _SWATCH, _SWATCH), colour)
        painter.setPen(QColor(theme.muted))
        text = QRectF(x + _SWATCH + 4, y - 8, width, 16)
        painter.drawText(text, Qt.AlignmentFlag.AlignVCenter, name)
        x += width + min(gap, 14.0)


def paint_lines(painter: QPainter, places: Places, columns: Columns, values: Floats) -> None:
    """``values`` [columns, 7] are probabilities."""
    outline = _Outline(places, columns)
    for expression in reversed(EXPRESSIONS):  # neutral, the greyest, is hidden by the others
        outline.paint_line(painter, values[:, expression], EXPRESSION_COLOURS[expression])


def paint_areas(painter: QPainter, places: Places, columns: Columns, values: Floats) -> None:
    """The same, one upon the other: neutral at the bottom, the first expression on top."""
    outline = _Outline(places, columns)
    tops = values[:, ::-1].cumsum(axis=1)[:, ::-1]
    # Each down to the bottom, and the next over it: no seams, and half as many points.
    for expression in EXPRESSIONS:
        outline.paint_area(painter, tops[:, expression], EXPRESSION_COLOURS[expression])


def paint_valence(
    painter: QPainter, places: Places, columns: Columns, values: Floats, theme: Theme
) -> None:
    """Of the same ``values``, on a scale from -1 at the bottom to 1 at the top."""
    outline = _Outline(places, columns)
    colour, dashes = _valence_colour(theme), Qt.PenStyle.DashLine
    outline.paint_line(painter, valence(values) / 2 + 0.5, colour, dashes)


class _Outline:
    """Joins the middles of the columns from gap to gap, and holds at both ends of each piece."""

    def __init__(self, places: Places, columns: Columns) -> None:
        first = np.array([piece.start for piece in columns.pieces])
        last = np.array([piece.stop - 1 for piece in columns.pieces])
        self._box = places.curves
        self._columns = np.sort(np.concatenate((np.arange(len(columns)), first, last)))
        """The column of each point: the first and the last of a piece have two."""
        before = 2 * np.arange(len(first))
        self._first, self._last = first + before, last + before + 2
        """The points at the ends of the pieces."""
        times = columns.times[self._columns]
        times[self._first], times[self._last] = columns.begins[first], columns.ends[last]
        self._x = places.xs(times)
        self._joined = np.ones(len(times), np.int32)
        """Each point to the next."""
        self._joined[self._last] = 0

    def paint_line(
        self,
        painter: QPainter,
        shares: Floats,
        colour: QColor,
        style: Qt.PenStyle = Qt.PenStyle.SolidLine,
    ) -> None:
        """``shares`` [columns] of the height."""
        path = self._path(shares)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(_thinnest(colour, style))
        for offset in _OFFSETS:
            painter.translate(0, offset)
            painter.drawPath(path)
            painter.translate(0, -offset)

    def paint_area(self, painter: QPainter, shares: Floats, colour: QColor) -> None:
        """Down to the bottom; smooth along the top only, by a line, for that is much quicker."""
        heights = self._y(shares)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        for points in self._chunks:
            y = heights[points]
            y[0] = y[-1] = self._box.bottom()
            painter.drawPolygon(arrayToQPolygonF(self._x[points], y))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(_thinnest(colour))
        painter.drawPath(self._path(shares))

    @cached_property
    def _chunks(self) -> list[_Numbers]:
        """The points of parts of the pieces, the outer ones of each twice."""
        return [
            np.concatenate(([start], np.arange(start, end + 1), [end]))
            for first, last in zip(self._first.tolist(), self._last.tolist(), strict=True)
            for start in range(first, last, _CHUNK)
            for end in (min(start + _CHUNK, last),)
        ]

    def _path(self, shares: Floats) -> QPainterPath:
        path = arrayToQPath(self._x, self._y(shares), connect=self._joined, finiteCheck=False)
        assert isinstance(path, QPainterPath)
        return path

    def _y(self, shares: Floats) -> Floats:
        heights: Floats = shares[self._columns] * self._box.height()
        return self._box.bottom() - heights


def _thinnest(colour: QColor, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
    """Of one pixel on any screen, which can be drawn quickly."""
    pen = QPen(colour, 1, style)
    pen.setCosmetic(True)
    return pen


def _valence_colour(theme: Theme) -> QColor:
    colour = QColor(theme.text)
    colour.setAlpha(150)  # it is no expression
    return colour
