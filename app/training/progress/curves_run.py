"""One run's curves: its epochs, and how they are drawn in the two plots."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPen

from app.theme import DARK, Theme
from app.training.progress.epoch_table import best_epoch
from ml.runs.events import Batch, Epoch

_SMOOTHING: Final = 0.6
"""Weight of the previous mean in the next one."""
_DENSE: Final = 300
"""Longer curves are drawn without antialiasing: 10 times faster, and they look as good."""
_LONGEST: Final = 24
"""Characters of a name."""

# Okabe & Ito (2008) as in app.theme, but darkened or lightened, since lines and letters in these
# colours need a contrast of at least 3:1 on their background.
_ON_LIGHT: Final = ("#0072B2", "#D55E00", "#00805D", "#A8508A", "#946200", "#5B6472")
_ON_DARK: Final = ("#56B4E9", "#F0834A", "#3CC79A", "#E59AC4", "#F0C04A", "#B8BFCC")
_SYMBOLS: Final = (("o", "●"), ("s", "■"), ("t1", "▲"), ("d", "◆"), ("t", "▼"))
"""pyqtgraph's name, and a character. One fewer than colours, so that pairs repeat late."""


@dataclass(frozen=True)
class Line:
    """How the curves of one kind are drawn."""

    width: float
    dashes: tuple[float, ...] = ()

    def pen(self, colour: QColor) -> QPen:
        pen: QPen = pg.mkPen(colour, width=self.width)
        if self.dashes:
            pen.setDashPattern(list(self.dashes))
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        return pen


VALIDATION: Final = Line(2)
TRAIN: Final = Line(1.4, (5, 3))
MACRO_F1: Final = Line(1.8, (1, 1.6))


@dataclass(frozen=True)
class Quantity:
    """What one plot shows: fields of Epoch, and the field of Batch that extends the train curve."""

    batch: str
    epoch: Mapping[str, Line]

    @property
    def train(self) -> str:
        return f"train_{self.batch}"

    @property
    def validation(self) -> str:
        return f"validation_{self.batch}"


LOSS: Final = Quantity("loss", {"validation_loss": VALIDATION, "train_loss": TRAIN})
ACCURACY: Final = Quantity(
    "accuracy",
    {
        "validation_accuracy": VALIDATION,
        "train_accuracy": TRAIN,
        "validation_macro_f1": MACRO_F1,
    },
)


@dataclass(frozen=True)
class Appearance:
    """What the user and the system chose, for all runs."""

    theme: Theme
    smooth: bool
    macro_f1: bool
    log: bool
    """Whether the loss axis is logarithmic."""

    def shows(self, line: Line) -> bool:
        return self.macro_f1 or line is not MACRO_F1

    def drawable(self, quantity: Quantity, values: Sequence[float]) -> npt.NDArray[np.float64]:
        """The values, with NaN for those that cannot be plotted."""
        result = np.array(values, np.float64)
        lowest = 0 if self.log and quantity is LOSS else -np.inf
        result[~((result > lowest) & (result < np.inf))] = np.nan
        return result


def smoothed(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Exponential moving average of float64 [n]. NaN stays in place and affects no other value."""
    result = values.copy()
    mean = np.nan
    for n in np.flatnonzero(np.isfinite(values)):
        mean = values[n] if np.isnan(mean) else _SMOOTHING * mean + (1 - _SMOOTHING) * values[n]
        result[n] = mean
    return result


class RunCurves:
    """A run's data and plot items. Adding data costs nothing; ``redraw`` passes it to the items."""

    def __init__(self, slot: int, name: str, loss: pg.PlotItem, accuracy: pg.PlotItem) -> None:
        self.slot = slot
        self.name = name
        self.changed = True
        self.symbol, self.letter = _SYMBOLS[slot % len(_SYMBOLS)]
        self._epochs: dict[int, Epoch] = {}
        self._progress: list[Batch] = []
        """Of the unfinished epoch."""
        self._halves = (_Half(loss, LOSS, self.symbol), _Half(accuracy, ACCURACY, self.symbol))
        self._accuracy = accuracy
        self._ring = pg.PlotDataItem(
            pen=None, useCache=False, symbol="o", symbolSize=14, symbolBrush=None
        )
        self._value = pg.TextItem()
        for item in (self._ring, self._value):
            item.setZValue(20)
            accuracy.addItem(item, ignoreBounds=item is self._value)

    def remove(self) -> None:
        for half in self._halves:
            half.remove()
        self._accuracy.removeItem(self._ring)
        self._accuracy.removeItem(self._value)

    # What happened in the run

    def set_epochs(self, epochs: Iterable[Epoch]) -> None:
        self._epochs = {epoch.epoch: epoch for epoch in epochs}
        self._progress = []
        self.changed = True

    def add_epoch(self, epoch: Epoch) -> None:
        self._epochs[epoch.epoch] = epoch
        if self._progress and self._progress[-1].epoch <= epoch.epoch:
            self._progress = []
        self.changed = True

    def set_progress(self, batch: Batch) -> None:
        last = self._progress[-1] if self._progress else None
        if last and (last.epoch != batch.epoch or last.batch >= batch.batch):
            self._progress = []
        self._progress.append(batch)
        self.changed = True

    @property
    def label(self) -> str:
        """The name, shortened if it is long."""
        return self.name if len(self.name) <= _LONGEST else f"{self.name[: _LONGEST - 1]}…"

    @property
    def epochs(self) -> list[Epoch]:
        return sorted(self._epochs.values(), key=lambda epoch: epoch.epoch)

    def nearest(self, epoch: float) -> Epoch | None:
        return min(self._epochs.values(), key=lambda e: abs(e.epoch - epoch), default=None)

    # What it looks like

    def colour(self, theme: Theme) -> QColor:
        colours = _ON_DARK if theme is DARK else _ON_LIGHT
        return QColor(colours[self.slot % len(colours)])

    def redraw(self, appearance: Appearance) -> None:
        self.changed = False
        colour = self.colour(appearance.theme)
        epochs = self.epochs
        for half in self._halves:
            half.redraw(epochs, self._progress, colour, appearance)
        best = best_epoch(epochs)
        self._value.setVisible(best is not None)
        if best is None:
            self._ring.setData([], [])
            return
        self._ring.setData(
            [best.epoch], [best.validation_accuracy], symbolPen=pg.mkPen(colour, width=2)
        )
        self._value.setText(f"{best.validation_accuracy:.1%}")
        self._value.setColor(colour)
        self._value.fill = pg.mkBrush(translucent(QColor(appearance.theme.surface), 0.5))
        self._value.setPos(best.epoch, best.validation_accuracy)

    def place_value(self, *, above: bool, last: int) -> None:
        """Place the text of the best value above or below its ring, inwards from the sides."""
        best = best_epoch(self._epochs.values())
        if best is not None:
            inwards = 0.5 if 0.15 < best.epoch / last < 0.85 else float(best.epoch > last / 2)
            self._value.setAnchor((inwards, 1.4 if above else -0.4))


class _Half:
    """The items of a run in one plot."""

    def __init__(self, plot: pg.PlotItem, quantity: Quantity, symbol: str) -> None:
        self._plot = plot
        self._quantity = quantity
        self._raw = {field: pg.PlotDataItem() for field in quantity.epoch}
        self._curves = {field: pg.PlotDataItem() for field in quantity.epoch}
        self._live = pg.PlotDataItem()
        self._ends = pg.PlotDataItem(pen=None, useCache=False, symbol=symbol, symbolSize=8)
        for depth, item in enumerate(self._items):
            item.setZValue(depth)
            plot.addItem(item)

    @property
    def _items(self) -> list[pg.PlotDataItem]:
        """From the back to the front."""
        lines = [*self._raw.values(), self._live, *reversed(self._curves.values())]
        return [*lines, self._ends]

    def remove(self) -> None:
        for item in self._items:
            self._plot.removeItem(item)

    def redraw(
        self,
        epochs: Sequence[Epoch],
        progress: Sequence[Batch],
        colour: QColor,
        appearance: Appearance,
    ) -> None:
        x = np.array([epoch.epoch for epoch in epochs], np.float64)
        antialias = x.size <= _DENSE
        ends = {}
        for field, line in self._quantity.epoch.items():
            y = appearance.drawable(self._quantity, [getattr(epoch, field) for epoch in epochs])
            faint = line.pen(translucent(colour, 0.35))
            self._raw[field].setData(x, y, pen=faint, antialias=antialias)
            self._raw[field].setVisible(appearance.smooth and appearance.shows(line))
            y = smoothed(y) if appearance.smooth else y
            self._curves[field].setData(x, y, pen=line.pen(colour), antialias=antialias)
            self._curves[field].setVisible(appearance.shows(line))
            ends[field] = _last_finite(x, y)
        live_x, live_y = self._live_points(epochs, progress)
        live = np.array(live_x), appearance.drawable(self._quantity, live_y)
        self._live.setData(*live, pen=TRAIN.pen(colour), antialias=live[0].size <= _DENSE)
        if progress:
            ends[self._quantity.train] = _last_finite(*live)
        hollow, full = pg.mkBrush(appearance.theme.surface), pg.mkBrush(colour)
        marks = [
            (*end, brush)
            for field, brush in ((self._quantity.train, hollow), (self._quantity.validation, full))
            if (end := ends[field]) is not None
        ]
        self._ends.setData(
            [mark[0] for mark in marks],
            [mark[1] for mark in marks],
            symbolBrush=[mark[2] for mark in marks],
            symbolPen=pg.mkPen(colour, width=1.6),
        )

    def _live_points(
        self, epochs: Sequence[Epoch], progress: Sequence[Batch]
    ) -> tuple[list[float], list[float]]:
        """x and y within the unfinished epoch, from the end of the previous one."""
        points = [
            (
                batch.epoch - 1 + batch.batch / max(batch.batches, 1),
                getattr(batch, self._quantity.batch),
            )
            for batch in progress
        ]
        before = [epoch for epoch in epochs if progress and epoch.epoch < progress[0].epoch]
        if before:
            points.insert(0, (before[-1].epoch, getattr(before[-1], self._quantity.train)))
        return [x for x, _ in points], [y for _, y in points]


def translucent(colour: QColor, alpha: float) -> QColor:
    return QColor.fromRgbF(colour.redF(), colour.greenF(), colour.blueF(), alpha)


def _last_finite(
    x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]
) -> tuple[float, float] | None:
    finite = np.flatnonzero(np.isfinite(y))
    return (x[finite[-1]], y[finite[-1]]) if finite.size else None
