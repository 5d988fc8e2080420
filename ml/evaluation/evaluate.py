"""The evaluation of a network on a data set: predictions, their metrics, and their files."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from ml.data.check import contained_in
from ml.data.dataset import Dataset, Split
from ml.evaluation.metrics import (
    ClassScores,
    Estimate,
    ReliabilityPoint,
    Scores,
    fit_temperature,
    measure,
)
from ml.expressions import LABELS, Expression
from ml.files import replacing
from ml.network.classifier import ExpressionClassifier

__all__ = [
    "Evaluation",
    "Measured",
    "Predictions",
    "SplitEvaluation",
    "evaluate",
    "fit_temperature",
    "from_json",
    "load_predictions",
    "predict",
    "save_predictions",
    "summarise",
    "to_json",
]

_VERSION: Final = 1
_CHUNK: Final = 1024
"""Pictures between two progress reports."""

_T = TypeVar("_T")
Floats = npt.NDArray[np.float32]


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


def evaluate(
    classifier: ExpressionClassifier,
    dataset: Dataset,
    *,
    progress: Callable[[int, int], None] | None = None,
    splits: Sequence[str] | None = None,
) -> Evaluation:
    """``predict``, then ``summarise``."""
    predictions = predict(classifier, dataset, progress=progress, splits=splits)
    return summarise(predictions, dataset.evaluated, classifier.temperature)


def predict(
    classifier: ExpressionClassifier,
    dataset: Dataset,
    *,
    progress: Callable[[int, int], None] | None = None,
    splits: Sequence[str] | None = None,
) -> dict[str, Predictions]:
    """The predictions for ``splits``, or for all but the training split.

    ``progress`` is called with the number of pictures done and in total. Raises ValueError for a
    split that the data set does not have.
    """
    available = dataset.splits()
    if splits is None:
        splits = [name for name, split in available.items() if split is not dataset.train]
    missing = [name for name in splits if name not in available]
    if missing or not splits:
        raise ValueError(
            f"The data set has no split {missing[0] if missing else 'but the training one'}; "
            f"it has {', '.join(available) or 'none with pictures'}."
        )
    chosen = {name: available[name] for name in splits}
    total = sum(len(split) for split in chosen.values())
    done = 0

    def report(pictures: int) -> None:
        nonlocal done
        done += pictures
        if progress:
            progress(done, total)

    report(0)
    return {name: _predict(classifier, split, dataset, report) for name, split in chosen.items()}


def _predict(
    classifier: ExpressionClassifier,
    split: Split,
    dataset: Dataset,
    report: Callable[[int], None],
) -> Predictions:
    single, flip_averaged = [], []
    for start in range(0, len(split), _CHUNK):
        pictures = split.pictures[start : start + _CHUNK]
        seen = classifier.probabilities(pictures)
        mirrored = classifier.probabilities(pictures[:, :, ::-1])
        single.append(seen)
        flip_averaged.append((seen + mirrored) / 2)
        report(len(pictures))
    return Predictions(
        names=split.names,
        labels=split.labels,
        in_training=np.zeros(len(split), dtype=np.bool_)
        if split is dataset.undivided  # whose pictures include those called the training split
        else contained_in(split, dataset.train),
        single=np.concatenate(single),
        flip_averaged=np.concatenate(flip_averaged),
    )


def summarise(
    predictions: Mapping[str, Predictions], protocol: str, temperature: float
) -> Evaluation:
    """All metrics of ``predictions``."""
    return Evaluation(
        protocol, temperature, {name: _summarise(p) for name, p in predictions.items()}
    )


def _summarise(predictions: Predictions) -> SplitEvaluation:
    def measured(kept: npt.NDArray[np.bool_]) -> Measured:
        labels = predictions.labels[kept]
        return Measured(
            measure(labels, predictions.single[kept]),
            measure(labels, predictions.flip_averaged[kept]),
        )

    new = ~predictions.in_training
    return SplitEvaluation(measured(np.ones_like(new)), measured(new) if new.any() else None)


# Files


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
