"""A window with some training pictures of each class, drawn at random."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Qt, QThread, Signal, Slot
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import (
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ml.expressions import EXPRESSIONS, Expression

EACH: Final = 12
"""Pictures per class."""
_SIDE: Final = 60
"""Of a picture on screen, in pixels."""
_ENDING_MS: Final = 10_000


@dataclass(frozen=True)
class Sample:
    """A picture uint8 [48, 48] and its name in the data set."""

    picture: npt.NDArray[np.uint8]
    name: str


class _Cancelled(Exception):  # noqa: N818 - not an error
    pass


class Sampler(QThread):
    """Draws random pictures from the data set requested last."""

    drawn = Signal(object)
    """Expression → list of Sample."""
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sample pictures")
        self._path = Path()
        self._again = False
        self.finished.connect(self._go_on)

    def draw(self, path: Path) -> None:
        self._path = path
        self._again = self.isRunning()
        if self._again:
            self.requestInterruption()
        else:
            self.start()

    def shut_down(self) -> bool:
        """Stop the thread; returns whether it ended in time."""
        self._again = False
        self.requestInterruption()
        return self.wait(_ENDING_MS)

    @Slot()
    def _go_on(self) -> None:
        if self._again:
            self._again = False
            self.start()

    def run(self) -> None:
        try:
            samples = self._samples(self._path)
        except _Cancelled:
            return
        except (ValueError, OSError) as error:  # their messages are for users
            self.failed.emit(str(error))
        else:
            if not self.isInterruptionRequested():
                self.drawn.emit(samples)

    def _samples(self, path: Path) -> dict[Expression, list[Sample]]:
        from ml.data.cache import default_cache
        from ml.data.fer2013 import load

        dataset = load(path, cache_dir=default_cache(), skip_bad=True, progress=self._give_way)
        split = next(iter(dataset.splits().values()))  # the one to train on, if there is one
        generator = np.random.default_rng()
        samples = {}
        for expression in EXPRESSIONS:
            of_class = np.flatnonzero(split.labels == expression)
            chosen = generator.permutation(of_class)[:EACH]
            samples[expression] = [Sample(split.pictures[n].copy(), split.names[n]) for n in chosen]
        return samples

    def _give_way(self, _done: int, _total: int) -> None:
        if self.isInterruptionRequested():
            raise _Cancelled


class ContactSheet(QDialog):
    """A row for each class. Shows what ``sampler`` draws."""

    def __init__(self, sampler: Sampler, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sampler = sampler
        self._path = Path()
        self.note = QLabel()
        self.note.setObjectName("caption")
        self.note.setWordWrap(True)
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self.others = QPushButton(self.tr("Show others"))
        self.others.setAutoDefault(False)
        self.others.clicked.connect(self._draw)
        grid = QGridLayout()
        grid.setSpacing(4)
        grid.setColumnMinimumWidth(0, 76)
        self.pictures: dict[Expression, list[QLabel]] = {}
        for row, expression in enumerate(EXPRESSIONS):
            grid.addWidget(QLabel(expression.label.capitalize()), row, 0)
            self.pictures[expression] = [QLabel() for _ in range(EACH)]
            for column, label in enumerate(self.pictures[expression], start=1):
                label.setFixedSize(_SIDE, _SIDE)
                grid.addWidget(label, row, column)
        bar = QHBoxLayout()
        bar.addWidget(self.note, 1)
        bar.addWidget(self.others)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 14, 18, 16)
        layout.setSpacing(12)
        layout.addLayout(bar)
        layout.addLayout(grid)
        layout.setSizeConstraint(QVBoxLayout.SizeConstraint.SetFixedSize)
        sampler.drawn.connect(self._on_drawn)
        sampler.failed.connect(self._on_failed)

    def show_from(self, path: Path) -> None:
        """Show random pictures from the data set at ``path``."""
        self._path = path
        self.setWindowTitle(self.tr("Sample pictures of {}").format(path.name))
        for labels in self.pictures.values():
            for label in labels:
                label.clear()
        self._draw()
        self.show()
        self.activateWindow()

    @Slot()
    def _draw(self) -> None:
        self.others.setEnabled(False)
        self.note.setText(self.tr("Loading pictures…"))
        self._sampler.draw(self._path)

    @Slot(object)
    def _on_drawn(self, samples: dict[Expression, list[Sample]]) -> None:
        self.others.setEnabled(True)
        self.note.setText(
            self.tr("Random training pictures of {}. Hover to see their file names.")
            .format(self._path.name)
        )  # fmt: skip
        for expression, labels in self.pictures.items():
            of_class = samples[expression]
            for number, label in enumerate(labels):
                self._show_picture(label, of_class[number] if number < len(of_class) else None)

    def _show_picture(self, label: QLabel, sample: Sample | None) -> None:
        label.clear()
        label.setToolTip(sample.name if sample else "")
        label.setAccessibleName(sample.name if sample else "")
        if sample is not None:
            height, width = sample.picture.shape
            image = QImage(
                sample.picture.data, width, height, width, QImage.Format.Format_Grayscale8
            )
            ratio = self.devicePixelRatioF()
            pixmap = QPixmap.fromImage(image).scaled(
                round(_SIDE * ratio),
                round(_SIDE * ratio),
                mode=Qt.TransformationMode.SmoothTransformation,
            )
            pixmap.setDevicePixelRatio(ratio)
            label.setPixmap(pixmap)

    @Slot(str)
    def _on_failed(self, why: str) -> None:
        self.others.setEnabled(True)
        self.note.setText(why)
