"""The seven probabilities of one face, as bars."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme import EXPRESSION_COLOURS, current_theme
from ml.expressions import EXPRESSIONS

_BAR: float = 0.62
"""Share of its row that a bar fills."""


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
        self._values = [pg.TextItem(anchor=(1, 0.5)) for _ in EXPRESSIONS]
        for row, item in enumerate(self._values):
            item.setPos(1.2, row)
            self.addItem(item)
        self.probabilities: tuple[float, ...] | None = None
        self.refresh_theme()

    def set_probabilities(self, probabilities: Sequence[float] | None) -> None:
        """One value from 0 to 1 for each Expression; None clears the chart."""
        wanted = None if probabilities is None else tuple(probabilities)
        if wanted == self.probabilities:
            return
        self.probabilities = wanted
        self._bars.setOpts(width=np.array(wanted or [0.0] * len(EXPRESSIONS)))
        self._write_values()

    def refresh_theme(self) -> None:
        theme = current_theme()
        self.setBackground(theme.surface)
        self.getAxis("left").setTextPen(QColor(theme.text))
        self._track.setOpts(brush=QColor(theme.raised))
        self._colour = QColor(theme.text)
        self._faint = QColor(theme.muted)
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
