"""The seven probabilities of one face, as bars."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme import EXPRESSION_COLOURS, current_theme
from ml.expressions import EXPRESSIONS

_BAR: float = 0.62
"""Share of its row that a bar fills."""
_FAINT: float = 0.45
"""Opacity of bars that are dimmed."""
_MARK: float = 0.012
"""Width of the line that marks a raw value."""


class ProbabilityChart(pg.PlotWidget):  # type: ignore[misc]
    """Horizontal bars in the order of Expression, each with its name and percentage."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Probabilities of the seven expressions"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(7 * 18)
        self.setMaximumHeight(7 * 48)  # thicker bars show no more
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMouseEnabled(False, False)
        self.setMenuEnabled(False)
        self.hideButtons()
        self.setFrameShape(self.Shape.NoFrame)
        self.hideAxis("bottom")
        self.invertY(True)
        self.setRange(xRange=(0, 1.2), yRange=(-0.5, len(EXPRESSIONS) - 0.5), padding=0)
        axis = self.getAxis("left")
        axis.setTicks([[(e.value, e.label.capitalize()) for e in EXPRESSIONS]])
        axis.setPen(None)
        axis.setStyle(tickLength=0, tickTextOffset=8)
        rows = np.arange(len(EXPRESSIONS))
        self._track = pg.BarGraphItem(x0=0, y=rows, height=_BAR, width=1.0, pen=None)
        self._bars = pg.BarGraphItem(
            x0=0,
            y=rows,
            height=_BAR,
            width=np.zeros(len(EXPRESSIONS)),
            pens=[None] * len(EXPRESSIONS),
            brushes=[EXPRESSION_COLOURS[e] for e in EXPRESSIONS],
        )
        self.addItem(self._track)
        self.addItem(self._bars)
        self._marks = pg.BarGraphItem(x0=-1, y=rows, height=0.9, width=_MARK, pen=None)
        self._marks.setVisible(False)
        self.addItem(self._marks)
        self._values = [pg.TextItem(anchor=(1, 0.5)) for _ in EXPRESSIONS]
        for row, item in enumerate(self._values):
            item.setPos(1.2, row)
            self.addItem(item)
        self.probabilities: tuple[float, ...] | None = None
        self.raw: tuple[float, ...] | None = None
        self.refresh_theme()

    def area(self) -> QRect:
        """What ``paint`` paints; empty without probabilities."""
        return self.rect() if self.probabilities is not None else QRect()

    def paint(self, painter: QPainter) -> None:
        """The chart, for a picture or an SVG."""
        self.render(painter, QRectF(self.rect()), self.rect())

    def set_probabilities(
        self, probabilities: Sequence[float] | None, raw: Sequence[float] | None = None
    ) -> None:
        """One value from 0 to 1 for each Expression; None clears the chart.

        ``raw`` values are marked by lines across the bars.
        """
        raw = None if raw is None else tuple(raw)
        if raw != self.raw:
            self.raw = raw
            self._marks.setOpts(x0=np.array(raw or [-1.0] * len(EXPRESSIONS)) - _MARK / 2)
            self._marks.setVisible(raw is not None)
        wanted = None if probabilities is None else tuple(probabilities)
        if wanted == self.probabilities:
            return
        self.probabilities = wanted
        self._bars.setOpts(width=np.array(wanted or [0.0] * len(EXPRESSIONS)))
        self._write_values()

    def set_dimmed(self, dimmed: bool) -> None:
        """Paint the bars faintly, for a face of low quality."""
        self._bars.setOpacity(_FAINT if dimmed else 1.0)

    def refresh_theme(self) -> None:
        theme = current_theme()
        self.setBackground(theme.surface)
        self.getAxis("left").setTextPen(QColor(theme.text))
        self._track.setOpts(brush=QColor(theme.raised))
        self._colour = QColor(theme.text)
        self._faint = QColor(theme.muted)
        self._marks.setOpts(brush=self._colour)
        self._write_values()

    def _write_values(self) -> None:
        best = max(self.probabilities) if self.probabilities else None
        for row, item in enumerate(self._values):
            value = self.probabilities[row] if self.probabilities else None
            font = QFont(self.font())
            font.setBold(value is not None and value == best)
            item.setFont(font)
            item.setColor(self._colour if font.bold() else self._faint)
            item.setText("–" if value is None else f"{value:.0%}")
        self.setAccessibleDescription(
            ", ".join(
                f"{expression.label} {value:.0%}"
                for expression, value in zip(EXPRESSIONS, self.probabilities or (), strict=False)
            )
        )
