"""Progress of a run: state, progress bar, speed, elapsed and remaining time, learning rate."""

from __future__ import annotations

import time
from typing import Final

from PySide6.QtCore import QSize, QTimer, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from app.duration import duration
from ml.runs.events import Batch, Epoch, Evaluating, Event, Loading, Started

_SCALE: Final = 1000
"""Steps of the bar."""
_NARROW: Final = 620
"""Width in pixels below which the figures are in two rows."""


class ProgressView(QFrame):
    """A strip above the curves."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.title = QLabel()
        self.title.setObjectName("figure")
        self.bar = QProgressBar()
        self.bar.setRange(0, _SCALE)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(8)
        self.bar.setAccessibleName(self.tr("Progress of the run"))
        names = (
            self.tr("best accuracy"),
            self.tr("learning rate"),
            self.tr("pictures/s"),
            self.tr("elapsed"),
            self.tr("epoch remaining"),
            self.tr("total remaining"),
        )
        self.best, self.rate, self.pace, self.spent, self.epoch_left, self.left = figures = [
            QLabel("–") for _ in names
        ]
        self._cells = [_Cell(*pair) for pair in zip(figures, names, strict=True)]
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(18)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 10, 16, 10)
        layout.addWidget(self.title)
        layout.addWidget(self.bar)
        layout.addLayout(self._grid)
        self._columns = 0
        self._arrange(len(names))
        self._clock = QTimer(self)
        self._clock.setInterval(1000)
        self._clock.timeout.connect(self._tick)
        self._seconds: dict[int, float] = {}
        """Of each finished epoch; one that was trained again after a crash counts once."""
        self._since = 0.0
        """When the last epoch ended or the process started, in seconds since 1970."""
        self._epochs = 1
        self._best: float | None = None
        self.clear()

    def _arrange(self, columns: int) -> None:
        if columns == self._columns:
            return
        self._columns = columns
        for position, cell in enumerate(self._cells):
            self._grid.addWidget(cell, *divmod(position, columns))
            self._grid.setColumnStretch(position, 1 if position < columns else 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange(len(self._cells) // (2 if self.width() < _NARROW else 1))

    def minimumSizeHint(self) -> QSize:
        # As narrow as two rows allow, however the figures are arranged now.
        least = super().minimumSizeHint()
        return QSize(min(least.width(), _NARROW // 2), least.height())

    def clear(self) -> None:
        self.title.setText(self.tr("No run yet"))
        self.bar.setValue(0)
        self._best = None
        self._seconds = {}
        for figure in (self.best, self.rate, self.pace, self.spent, self.epoch_left, self.left):
            figure.setText("–")
        self._clock.stop()

    def say(self, text: str) -> None:
        self.title.setText(text)

    def show_history(self, epochs: list[Epoch]) -> None:
        """Take into account ``epochs`` that finished before this window followed the run."""
        for epoch in epochs:
            self._note(epoch)

    def begin(self, text: str) -> None:
        """Show ``text`` and start the clock: a process was started."""
        self.say(text)
        self._since = time.time()
        self._clock.start()

    def end(self) -> None:
        self._clock.stop()
        for figure in (self.pace, self.epoch_left, self.left):
            figure.setText("–")

    def show_event(self, event: Event) -> None:
        match event:
            case Loading(done=done, total=total):
                self.say(self.tr("Loading data… {:.0%}").format(done / max(total, 1)))
            case Started():
                self._epochs, self._since = event.epochs, event.time
                self.say(
                    self.tr("Training on {}, {} parameters, {}").format(
                        event.device, f"{event.parameters:,}", event.precision
                    )
                )
            case Batch():
                epochs_done = event.epoch - 1 + event.batch / max(event.batches, 1)
                self.bar.setValue(round(_SCALE * epochs_done / max(self._epochs, 1)))
                self.say(self.tr("Epoch {} of {}").format(event.epoch, self._epochs))
                self.rate.setText(f"{event.learning_rate:.2g}")
                self.pace.setText(f"{event.images_per_second:.0f}")
                self.epoch_left.setText(duration(event.epoch_seconds_left))
                self.left.setText(duration(event.run_seconds_left))
            case Epoch():
                self.bar.setValue(round(_SCALE * event.epoch / max(self._epochs, 1)))
                self._since = event.time
                self._note(event)
            case Evaluating(epoch=epoch):
                self.say(self.tr("Evaluating the weights of epoch {}…").format(epoch))

    def _note(self, epoch: Epoch) -> None:
        self._seconds[epoch.epoch] = epoch.seconds
        if self._best is None or epoch.validation_accuracy > self._best:
            self._best = epoch.validation_accuracy
            self.best.setText(
                self.tr("{:.1%} in epoch {}").format(epoch.validation_accuracy, epoch.epoch)
            )

    @Slot()
    def _tick(self) -> None:
        self.spent.setText(duration(sum(self._seconds.values()) + time.time() - self._since))


class _Cell(QWidget):
    """A figure above its caption."""

    def __init__(self, figure: QLabel, name: str) -> None:
        super().__init__()
        figure.setObjectName("figure")
        figure.setAccessibleDescription(name)
        caption = QLabel(name)
        caption.setObjectName("unit")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(figure)
        layout.addWidget(caption)
