"""What is measured of a network, and its files. No torch: the window reads them."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from ml.expressions import LABELS, Expression
from ml.files import replacing

_VERSION: Final = 1
_T = TypeVar("_T")
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Estimate:
    """A value from 0 to 1, with its 95 % interval (percentile bootstrap over the pictures)."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class ClassScores:
    """One expression against the rest. A score that would divide by zero is 0."""

    precision: float
    recall: float
    f1: float
    support: int
    """Pictures of the class."""
    predicted: int
    """Pictures predicted as the class."""

    @property
    def ratio(self) -> float | None:
        """Predicted ÷ support, 1 without bias; None for a class without pictures."""
        return self.predicted / self.support if self.support else None


@dataclass(frozen=True)
class ReliabilityPoint:
    """The pictures whose confidence falls into one bin: mean confidence, accuracy, count."""

    confidence: float
    accuracy: float
    pictures: int


@dataclass(frozen=True)
class Scores:
    """All metrics on some pictures; those per class are in the order of Expression."""

    pictures: int
    accuracy: Estimate
    macro_f1: Estimate
    """Mean over the classes that occur or are predicted."""
    top2: float
    """Share of pictures whose class is among the two most probable."""
    calibration_error: float
    """Expected calibration error of the most probable class (Guo et al. 2017), 15 bins."""
    classes: tuple[ClassScores, ...]
    confusion: tuple[tuple[int, ...], ...]
    """Pictures by true class (rows) and predicted class (columns)."""
    reliability: tuple[ReliabilityPoint, ...]
    """The bins that hold pictures, by rising confidence."""


@dataclass(frozen=True, eq=False)
class Predictions:
    """The predictions for the pictures of a split, in the split's order."""

    names: tuple[str, ...]
    labels: npt.NDArray[np.int64]
    """[N], the true Expression."""
    in_training: npt.NDArray[np.bool_]
    """[N], whether the same picture is also in the training split."""
    single: Floats
    """[N, 7], calibrated probabilities in the order of Expression."""
    flip_averaged: Floats
    """The same, averaged over the picture and its mirror image."""

    def cell(self, true: Expression, predicted: Expression) -> npt.NDArray[np.intp]:
        """Indices of the pictures of ``true`` predicted as ``predicted``, most confident first."""
        here = np.flatnonzero((self.labels == true) & (self.single.argmax(axis=1) == predicted))
        return here[np.argsort(-self.single[here, predicted], kind="stable")]


@dataclass(frozen=True)
class Measured:
    """The scores on the same pictures, without and with flip averaging."""

    single: Scores
    flip_averaged: Scores


@dataclass(frozen=True)
class SplitEvaluation:
    """The scores on a split, in full and without pictures that are also in the training split."""

    full: Measured
    without_training_duplicates: Measured | None
    """None if that leaves no pictures."""


@dataclass(frozen=True)
class Evaluation:
    """The scores, by the name of the split."""

    protocol: str
    """Where the splits come from, in words."""
    temperature: float
    """The logits were divided by it."""
    splits: Mapping[str, SplitEvaluation]


def to_json(evaluation: Evaluation) -> dict[str, Any]:
    """The evaluation as a JSON object."""
    return {"version": _VERSION, "classes": list(LABELS), **asdict(evaluation)}


def from_json(data: Mapping[str, Any]) -> Evaluation:
    """The inverse of ``to_json``. Raises ValueError for anything else."""
    try:
        if data["version"] != _VERSION or tuple(data["classes"]) != LABELS:
            raise ValueError("This evaluation was written by another version of the program.")
        return Evaluation(
            protocol=str(data["protocol"]),
            temperature=float(data["temperature"]),
            splits={
                str(name): SplitEvaluation(
                    full=_measured(split["full"]),
                    without_training_duplicates=None
                    if split["without_training_duplicates"] is None
                    else _measured(split["without_training_duplicates"]),
                )
                for name, split in data["splits"].items()
            },
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"This evaluation is damaged or incomplete ({error!r}).") from error


def _measured(data: Mapping[str, Any]) -> Measured:
    return Measured(_scores(data["single"]), _scores(data["flip_averaged"]))


def _scores(data: Mapping[str, Any]) -> Scores:
    classes = tuple(_numbers(ClassScores, scores) for scores in data["classes"])
    confusion = tuple(tuple(map(int, row)) for row in data["confusion"])
    if not len(classes) == len(confusion) == len(LABELS) or {len(LABELS)} != set(
        map(len, confusion)
    ):
        raise TypeError("not seven classes")
    return Scores(
        pictures=int(data["pictures"]),
        accuracy=_numbers(Estimate, data["accuracy"]),
        macro_f1=_numbers(Estimate, data["macro_f1"]),
        top2=float(data["top2"]),
        calibration_error=float(data["calibration_error"]),
        classes=classes,
        confusion=confusion,
        reliability=tuple(_numbers(ReliabilityPoint, point) for point in data["reliability"]),
    )


def _numbers(kind: type[_T], data: Mapping[str, Any]) -> _T:
    if not all(isinstance(value, int | float) for value in data.values()):
        raise TypeError(f"{kind.__name__} takes numbers")
    return kind(**data)


def save_predictions(predictions: Mapping[str, Predictions], path: Path) -> None:
    """Write an .npz of plain arrays, named ``<split>/<field of Predictions>``."""
    arrays = {
        f"{name}/{field}": np.asarray(value)
        for name, split in predictions.items()
        for field, value in vars(split).items()
    }
    with replacing(path) as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]


def load_predictions(path: Path) -> dict[str, Predictions]:
    """What ``save_predictions`` wrote. Raises ValueError for anything else."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            names = dict.fromkeys(key.rpartition("/")[0] for key in arrays)
            return {name: _loaded(arrays, name) for name in names}
    except (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{path} does not hold predictions ({error}). Evaluate again.") from error


def _loaded(arrays: Mapping[str, npt.NDArray[Any]], split: str) -> Predictions:
    names = arrays[f"{split}/names"]
    count = len(names)
    predictions = Predictions(
        tuple(map(str, names)),
        arrays[f"{split}/labels"].astype(np.int64, casting="safe"),
        arrays[f"{split}/in_training"].astype(np.bool_, casting="safe"),
        arrays[f"{split}/single"].astype(np.float32, casting="safe"),
        arrays[f"{split}/flip_averaged"].astype(np.float32, casting="safe"),
    )
    if not (
        predictions.labels.shape == predictions.in_training.shape == (count,)
        and predictions.single.shape == predictions.flip_averaged.shape == (count, len(LABELS))
    ):
        raise ValueError(f"its arrays for {split} are of different lengths")
    return predictions
