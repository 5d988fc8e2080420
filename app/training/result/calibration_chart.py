"""The calibration curve: how often the network is right at each confidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme import current_theme

if TYPE_CHECKING:
    from ml.evaluation.results import ReliabilityPoint, Scores

_SMALLEST, _LARGEST = 6.0, 15.0
_TICKS: Final = [[(share / 100, f"{share}") for share in (0, 25, 50, 75, 100)]]


class CalibrationChart(pg.PlotWidget):  # type: ignore[misc]
    """Reliability points and the diagonal; a larger point stands for more pictures."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Calibration curve"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(120)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFrameShape(self.Shape.NoFrame)
        self.setMouseEnabled(False, False)
        self.setMenuEnabled(False)
        self.hideButtons()
        self.setRange(xRange=(-0.03, 1.06), yRange=(-0.05, 1.1), padding=0)
        for side, text in (("bottom", self.tr("Confidence, %")), ("left", self.tr("Accuracy, %"))):
            axis = self.getAxis(side)
            axis.setTicks(_TICKS)
            axis.setLabel(text)
            axis.setStyle(tickLength=0, tickTextOffset=6)
        self.getAxis("left").setWidth(46)
        self._diagonal = pg.PlotDataItem([0, 1], [0, 1])
        self._curve = pg.PlotDataItem()
        self._points = pg.ScatterPlotItem(hoverable=True, tip=self._describe)
        for item in (self._diagonal, self._curve, self._points):
            self.addItem(item)
        self.refresh_theme()

    def set_scores(self, scores: Scores | None) -> None:
        points = scores.reliability if scores else ()
        x = [point.confidence for point in points]
        y = [point.accuracy for point in points]
        self._curve.setData(x, y)
        # A point's area, not its width, is what the eye compares.
        most = max((point.pictures for point in points), default=1)
        sizes = [_SMALLEST + (_LARGEST - _SMALLEST) * np.sqrt(p.pictures / most) for p in points]
        self._points.setData(x=x, y=y, size=sizes, data=list(points))

    def refresh_theme(self) -> None:
        theme = current_theme()
        self.setBackground(theme.surface)
        for side in ("bottom", "left"):
            axis = self.getAxis(side)
            axis.setPen(pg.mkPen(theme.border))
            axis.setTextPen(QColor(theme.muted))
        self._diagonal.setPen(pg.mkPen(theme.muted, width=1, style=Qt.PenStyle.DashLine))
        self._curve.setPen(pg.mkPen(theme.accent, width=1.5))
        self._points.setPen(pg.mkPen(theme.surface, width=1.5))
        self._points.setBrush(pg.mkBrush(theme.accent))

    def _describe(self, x: float, y: float, data: ReliabilityPoint) -> str:
        return str(
            self.tr("mean confidence {:.0f} %, accuracy {:.0f} %, {:,} pictures").format(
                100 * x, 100 * y, data.pictures
            )
        )
