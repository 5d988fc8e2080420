"""Loads the pictures behind a cell of the confusion matrix without blocking the window."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, QThread, Signal, Slot

from ml.expressions import Expression

if TYPE_CHECKING:
    from ml.data.dataset import Dataset
    from ml.evaluation.results import Predictions

MOST: Final = 200
"""Pictures shown for one cell."""
_STOP_MS: Final = 5000


@dataclass(frozen=True, eq=False)
class ResultFiles:
    """Where a result's pictures are. Compared by identity: each result has its own object."""

    predictions: Path | None
    data: Path | None


@dataclass(frozen=True)
class CellRequest:
    """The pictures of ``split`` labelled ``true`` and classified as ``predicted``."""

    files: ResultFiles
    split: str
    true: Expression
    predicted: Expression
    flip_averaged: bool
    without_training_duplicates: bool


@dataclass(frozen=True, eq=False)
class CellPicture:
    picture: npt.NDArray[np.uint8]
    """[48, 48], grey."""
    name: str
    confidence: float


@dataclass(frozen=True, eq=False)
class CellContent:
    """The most confident first."""

    pictures: tuple[CellPicture, ...]
    more: int
    """How many are left out."""


class CellLoader(QThread):
    """Loads the pictures of the cell requested last."""

    loaded = Signal(object, object)
    """The CellRequest and its CellContent."""
    failed = Signal(object, str)
    """The CellRequest and why there is nothing to show."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("cell pictures")
        self._request: CellRequest | None = None
        self._next: CellRequest | None = None
        self._kept: tuple[ResultFiles, dict[str, Predictions], Dataset] | None = None
        self.finished.connect(self._go_on)

    def load(self, request: CellRequest) -> None:
        self._next = request
        if self._request is not None and request.files is not self._request.files:
            self.requestInterruption()
        self._go_on()

    def shut_down(self) -> bool:
        """Stop the thread; returns whether it ended in time."""
        self._next = None
        self.requestInterruption()
        return self.wait(_STOP_MS)

    @Slot()
    def _go_on(self) -> None:
        if self._next is not None and not self.isRunning():
            self._request, self._next = self._next, None
            self.start()

    def run(self) -> None:
        request = self._request
        assert request is not None
        try:
            content = self._content(request)
        except InterruptedError:
            return
        except ValueError as error:  # its message is for users
            self.failed.emit(request, str(error))
        except OSError as error:
            why = error.strerror or str(error)
            self.failed.emit(request, self.tr("{} cannot be read: {}.").format(error.filename, why))
        else:
            self.loaded.emit(request, content)

    def _content(self, request: CellRequest) -> CellContent:
        predictions, dataset = self._files(request.files)
        if request.split not in predictions:
            raise ValueError(
                self.tr("{} has no predictions for {}. Evaluate again.").format(
                    request.files.predictions, request.split
                )
            )
        of_split = predictions[request.split]
        if request.flip_averaged:
            of_split = replace(of_split, single=of_split.flip_averaged)
        chosen = of_split.cell(request.true, request.predicted)
        if request.without_training_duplicates:
            chosen = chosen[~of_split.in_training[chosen]]
        names = [of_split.names[index] for index in chosen[:MOST]]
        found = _pictures(dataset, names, request.true)
        missing = next((name for name in names if name not in found), None)
        if missing is not None:
            raise ValueError(
                self.tr("{} is no longer the data set that was evaluated: {} is missing.").format(
                    request.files.data, missing
                )
            )
        confidences = of_split.single[chosen[:MOST], request.predicted].tolist()
        pictures = (
            CellPicture(found[name], name, confidence)
            for name, confidence in zip(names, confidences, strict=True)
        )
        return CellContent(tuple(pictures), max(len(chosen) - MOST, 0))

    def _files(self, files: ResultFiles) -> tuple[dict[str, Predictions], Dataset]:
        """The contents of the files; cached, since reading them takes seconds."""
        if self._kept is None or self._kept[0] is not files:
            from ml.data.cache import default_cache
            from ml.data.fer2013 import load
            from ml.evaluation.results import load_predictions

            self._kept = None
            if files.predictions is None or not files.predictions.is_file():
                raise ValueError(self.tr("This result has no predictions. Evaluate again."))
            if files.data is None:
                raise ValueError(
                    self.tr("The location of the data set is unknown. Evaluate again.")
                )
            predictions = load_predictions(files.predictions)
            dataset = load(
                files.data,
                cache_dir=default_cache(),
                skip_bad=True,
                progress=self._give_way,
            )
            self._kept = files, predictions, dataset
        return self._kept[1], self._kept[2]

    def _give_way(self, _done: int, _total: int) -> None:
        if self.isInterruptionRequested():
            raise InterruptedError


def _pictures(
    dataset: Dataset, names: list[str], true: Expression
) -> dict[str, npt.NDArray[np.uint8]]:
    """By name, from any split, since a run can have drawn its own splits."""
    wanted = set(names)
    return {
        name: split.pictures[index].copy()
        for split in (dataset.train, dataset.validation, dataset.test)
        if split is not None
        for index, name in enumerate(split.names)
        if name in wanted and split.labels[index] == true
    }
