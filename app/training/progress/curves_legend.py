"""The legend above the curves: colours, symbols and dashes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pyqtgraph as pg
from pyqtgraph.graphicsItems.ScatterPlotItem import drawSymbol
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from app.theme import Theme
from app.training.progress.curves_run import Line

_SAMPLE: Final = 30.0
_GAP: Final = 8.0
_BETWEEN: Final = 22.0


@dataclass(frozen=True)
class Entry:
    """One sample and what it stands for."""

    text: str
    detail: str = ""
    line: Line | None = None
    symbol: str = ""
    size: float = 8
    colour: QColor | None = None
    """None for what is the same in every run."""


class CurvesLegend(pg.GraphicsWidget):  # type: ignore[misc]
    """Entries side by side, in as many rows as the width requires."""

    def __init__(self) -> None:
        super().__init__()
        self.entries: tuple[Entry, ...] = ()
        self._text = self._muted = QColor()
        self._width = 0.0
        self._places: list[QRectF] = []

    def set_entries(self, entries: Sequence[Entry], theme: Theme) -> None:
        self._text, self._muted = QColor(theme.text), QColor(theme.muted)
        self.entries = tuple(entries)
        self._arrange()

    def set_width(self, width: float) -> None:
        """Set the width at which entries wrap to the next row."""
        self._width = width
        self._arrange()

    def _arrange(self) -> None:
        row = QFontMetricsF(self.font()).height() + 6
        widths = [
            _indent(entry) + self._advance(entry.text) + self._advance(entry.detail)
            for entry in self.entries
        ]
        one_row = sum(widths) + _BETWEEN * (len(widths) - 1) <= self._width
        x = y = 0.0
        self._places = []
        before = None
        for entry, width in zip(self.entries, widths, strict=True):
            between = before and before.colour and not entry.colour and not one_row
            if before and (between or x + width > self._width):
                x, y = 0.0, y + row
            self._places.append(QRectF(x, y, width, row))
            x += width + _BETWEEN
            before = entry
        self.setFixedHeight(y + row)
        self.update()

    def _advance(self, text: str) -> float:
        return QFontMetricsF(self.font()).horizontalAdvance(text)

    def paint(
        self, painter: QPainter, _option: QStyleOptionGraphicsItem, _widget: QWidget | None = None
    ) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self.font())
        for entry, place in zip(self.entries, self._places, strict=True):
            colour = entry.colour or self._muted
            middle = place.center().y()
            if entry.line:
                painter.setPen(entry.line.pen(colour))
                start = QPointF(place.left(), middle)
                painter.drawLine(start, start + QPointF(_SAMPLE, 0))
            if entry.symbol:
                painter.save()
                painter.translate(place.left() + _SAMPLE / 2, middle)
                brush = colour if entry.line else Qt.BrushStyle.NoBrush
                drawSymbol(painter, entry.symbol, entry.size, pg.mkPen(colour, width=2), brush)
                painter.restore()
            left = place.left() + _indent(entry)
            for text, ink in ((entry.text, self._text), (entry.detail, self._muted)):
                painter.setPen(ink)
                painter.drawText(
                    QRectF(left, place.top(), place.width(), place.height()),
                    Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine,
                    text,
                )
                left += self._advance(text)


def _indent(entry: Entry) -> float:
    return _SAMPLE + _GAP if entry.line or entry.symbol else 0.0
