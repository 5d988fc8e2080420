"""Loss and accuracy over the epochs, of one run or of several overlaid."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from typing import Final

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QTimer, Signal, Slot
from PySide6.QtGui import QColor, QResizeEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.theme import current_theme
from app.training.progress.curves_crosshair import Crosshair
from app.training.progress.curves_export import write_curves
from app.training.progress.curves_legend import CurvesLegend, Entry
from app.training.progress.curves_run import (
    ACCURACY,
    LOSS,
    MACRO_F1,
    TRAIN,
    VALIDATION,
    Appearance,
    RunCurves,
)
from app.training.progress.epoch_table import best_epoch
from ml.runs.events import Batch, Epoch

_REDRAW_MS: Final = 100
_WIDE: Final = 700
"""Width from which the plots are always side by side."""
_MARGIN: Final = 10
_NO_LIMIT: Final = -1e307
"""pyqtgraph's own; it fails on None."""


class Curves(QWidget):
    """Runs are identified by a key, so that two of the same name can be shown."""

    message = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runs: dict[str, RunCurves] = {}
        self._line_names = {
            VALIDATION: self.tr("validation"),
            TRAIN: self.tr("train"),
            MACRO_F1: self.tr("macro-F1"),
        }
        self._redraw_later = QTimer(self)
        self._redraw_later.setSingleShot(True)
        self._redraw_later.setInterval(_REDRAW_MS)
        self._redraw_later.timeout.connect(self._redraw)
        self._build()
        self.refresh_theme()

    # What is shown

    def set_run(self, key: str, name: str, epochs: Sequence[Epoch]) -> None:
        """Replace a run's name and epochs; a run not shown yet is added."""
        run = self._run(key)
        run.name = name
        run.set_epochs(epochs)

    def add_epoch(self, key: str, epoch: Epoch) -> None:
        """Add an epoch; it replaces one of the same number."""
        self._run(key).add_epoch(epoch)

    def set_progress(self, key: str, batch: Batch) -> None:
        """Extend the curves into the unfinished epoch."""
        self._run(key).set_progress(batch)

    def remove_run(self, key: str) -> None:
        """Remove a run; does nothing if there is none of that key."""
        if key in self._runs:
            self._runs.pop(key).remove()
            self._redraw_soon()

    def clear(self) -> None:
        for key in list(self._runs):
            self.remove_run(key)

    def _run(self, key: str) -> RunCurves:
        """The run of that key, about to be changed; added if it is new."""
        self._redraw_soon()
        if key not in self._runs:
            taken = {run.slot for run in self._runs.values()}
            slot = next(n for n in count() if n not in taken)
            self._runs[key] = RunCurves(slot, key, self._loss, self._accuracy)
        return self._runs[key]

    # What the user can choose

    @property
    def _appearance(self) -> Appearance:
        return Appearance(
            current_theme(),
            smooth=self.smooth.isChecked(),
            macro_f1=self.macro_f1.isChecked(),
            log=self.log.isChecked(),
        )

    @Slot()
    def fit(self) -> None:
        """Show everything again, and follow new epochs."""
        for plot in (self._loss, self._accuracy):
            plot.enableAutoRange()

    @Slot(bool)
    def _set_log(self, log: bool) -> None:
        self._loss.setLimits(yMin=_NO_LIMIT if log else 0)  # the logarithm of a loss is negative
        self._redraw_all()  # first, to drop values that have no logarithm
        self._loss.setLogMode(x=False, y=log)

    def export(self, path: Path) -> None:
        """Write .png, .svg or .csv; ``message`` reports an error."""
        self._crosshair.leave()
        self._redraw()
        try:
            write_curves(path, self.canvas, self._runs.values())
        except OSError as error:
            self.message.emit(
                self.tr("The curves could not be written to {}: {}. Choose another folder.").format(
                    path, error.strerror or error
                )
            )

    def _ask_where(self, suffix: str) -> None:
        dialog = QFileDialog(self, self.tr("Export the curves"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter(f"{suffix.upper()} (*.{suffix})")
        dialog.setDefaultSuffix(suffix)
        dialog.selectFile(f"curves.{suffix}")
        if dialog.exec():
            self.export(Path(dialog.selectedFiles()[0]))
        dialog.deleteLater()

    # Building

    def _build(self) -> None:
        self.macro_f1 = QCheckBox(self.tr("Macro-F1"))
        self.macro_f1.setToolTip(self.tr("Also plot macro-F1, the mean F1 of the seven classes."))
        self.smooth = QCheckBox(self.tr("Smooth"))
        self.smooth.setToolTip(self.tr("Plot a moving average over the measured values."))
        self.log = QCheckBox(self.tr("Logarithmic loss"))
        self.log.setToolTip(self.tr("Plot the loss on a logarithmic axis."))
        for box in (self.macro_f1, self.smooth):
            box.toggled.connect(self._redraw_all)
        self.log.toggled.connect(self._set_log)
        self.fit_button = QPushButton(self.tr("Fit"))
        self.fit_button.setToolTip(
            self.tr("Show the whole run again after zooming; double-clicking a plot does the same.")
        )
        self.fit_button.clicked.connect(self.fit)
        self.export_button = QPushButton(self.tr("Export"))
        menu = QMenu(self.export_button)
        for text, suffix in (
            (self.tr("PNG image…"), "png"),
            (self.tr("SVG image…"), "svg"),
            (self.tr("CSV table…"), "csv"),
        ):
            menu.addAction(text, partial(self._ask_where, suffix))
        self.export_button.setMenu(menu)

        bar = QHBoxLayout()
        bar.setSpacing(8)
        for box in (self.macro_f1, self.smooth, self.log):
            bar.addWidget(box)
        bar.addStretch(1)
        bar.addWidget(self.fit_button)
        bar.addWidget(self.export_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(bar)
        layout.addWidget(self._build_canvas(), 1)
        self.setAccessibleName(self.tr("Loss and accuracy curves"))

    def _build_canvas(self) -> QWidget:
        self.canvas = _Canvas()
        self.canvas.setAccessibleName(self.tr("Loss and accuracy over the epochs"))
        self.canvas.resized.connect(self._arrange)
        scene = self.canvas.scene()
        scene.sigMouseClicked.connect(lambda click: self.fit() if click.double() else None)
        self._legend = CurvesLegend()
        self._loss = _plot(pg.AxisItem("left"))
        self._accuracy = _plot(_PercentAxis("left"))
        self._loss.setLimits(yMin=0)
        self._accuracy.setLimits(yMin=0, yMax=1.04)
        self._accuracy.setXLink(self._loss)
        grid = self.canvas.ci
        grid.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
        grid.setSpacing(8)
        grid.addItem(self._legend, 0, 0, colspan=2)
        grid.addItem(self._loss, 1, 0)
        grid.addItem(self._accuracy, 2, 0)
        self._crosshair = Crosshair(
            {self._loss: LOSS, self._accuracy: ACCURACY}, self._line_names, self
        )
        scene.sigMouseMoved.connect(self._crosshair.point)
        self.canvas.left.connect(self._crosshair.leave)
        return self.canvas

    @Slot()
    def _arrange(self) -> None:
        """Place the accuracy beside the loss, or below it where that gives both a better shape."""
        size = self.canvas.size()
        beside = size.width() >= size.height() or size.width() >= _WIDE
        self._legend.set_width(size.width() - 2 * _MARGIN)
        place = (1, 1) if beside else (2, 0)
        grid = self.canvas.ci
        if grid.getItem(*place) is not self._accuracy:
            grid.removeItem(self._accuracy)
            grid.addItem(self._accuracy, *place)
        for column, used in ((0, True), (1, beside)):
            grid.layout.setColumnPreferredWidth(column, size.width() if used else 0)

    def refresh_theme(self) -> None:
        theme = current_theme()
        self.canvas.setBackground(theme.surface)
        for plot, title in (
            (self._loss, self.tr("Loss")),
            (self._accuracy, self.tr("Accuracy")),
        ):
            plot.setTitle(title, justify="left", bold=True, color=theme.text, size="10pt")
            plot.setLabel("bottom", self.tr("Epoch"), color=theme.muted)
            for side in ("left", "bottom"):
                axis = plot.getAxis(side)
                axis.setPen(pg.mkPen(theme.border))
                axis.setTextPen(QColor(theme.muted))
        self._redraw_all()

    # Drawing

    def _redraw_soon(self) -> None:
        """Schedule a redraw; changes until then share it."""
        if not self._redraw_later.isActive():
            self._redraw_later.start()

    @Slot()
    def _redraw_all(self) -> None:
        for run in self._runs.values():
            run.changed = True
        self._redraw()

    @Slot()
    def _redraw(self) -> None:
        self._redraw_later.stop()
        appearance = self._appearance
        runs = list(self._runs.values())
        for run in runs:
            if run.changed:
                run.redraw(appearance)
        best = {run: epoch for run in runs if (epoch := best_epoch(run.epochs))}
        leader = max(best, key=lambda run: best[run].validation_accuracy, default=None)
        last = max((run.epochs[-1].epoch for run in best), default=1)
        for run in best:
            run.place_value(above=run is leader, last=last)
        self._legend.set_entries(self._entries(runs, best, appearance), appearance.theme)
        self.canvas.setAccessibleDescription(
            "; ".join(entry.text + entry.detail for entry in self._legend.entries if entry.colour)
        )
        self._crosshair.set_runs(runs, appearance)

    def _entries(
        self, runs: Sequence[RunCurves], best: Mapping[RunCurves, Epoch], appearance: Appearance
    ) -> list[Entry]:
        if not runs:
            return [Entry(self.tr("Curves appear here during training."))]
        entries = []
        for run in runs:
            detail = ""
            if epoch := best.get(run):
                detail = self.tr("  best {:.1%} in epoch {}").format(
                    epoch.validation_accuracy, epoch.epoch
                )
            colour = run.colour(appearance.theme)
            entries.append(Entry(run.label, detail, VALIDATION, run.symbol, colour=colour))
        entries += [
            Entry(name, line=line)
            for line, name in self._line_names.items()
            if appearance.shows(line)
        ]
        return [*entries, Entry(self.tr("best epoch"), symbol="o", size=12)]


class _Canvas(pg.GraphicsLayoutWidget):  # type: ignore[misc]
    """Emits what pyqtgraph does not: that its size changed, and that the pointer left."""

    resized = Signal()
    left = Signal()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        if event is not None:  # pyqtgraph calls this before everything exists
            self.resized.emit()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.left.emit()


class _View(pg.ViewBox):  # type: ignore[misc]
    def suggestPadding(self, axis: int) -> float:
        return 0.05 if axis == pg.ViewBox.YAxis else 0.01


class _EpochAxis(pg.AxisItem):  # type: ignore[misc]
    """There is no epoch 1.5."""

    def tickSpacing(self, low: float, high: float, size: float) -> list[tuple[float, float]]:
        whole = [level for level in super().tickSpacing(low, high, size) if level[0] >= 1]
        return whole or [(1, 0)]


class _PercentAxis(pg.AxisItem):  # type: ignore[misc]
    def tickStrings(self, values: Sequence[float], _scale: float, spacing: float) -> list[str]:
        places = max(0, -math.floor(math.log10(spacing * 100) + 1e-9))
        return [f"{value:.{places}%}" for value in values]


def _plot(left: pg.AxisItem) -> pg.PlotItem:
    plot = pg.PlotItem(viewBox=_View(), axisItems={"left": left, "bottom": _EpochAxis("bottom")})
    plot.setMenuEnabled(False)
    plot.hideButtons()
    plot.showGrid(y=True, alpha=0.4)
    plot.setLimits(xMin=0, minXRange=2)
    left.setWidth(46)
    for axis in (left, plot.getAxis("bottom")):
        axis.setStyle(tickLength=0, tickTextOffset=6)
    return plot
