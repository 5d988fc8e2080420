"""How good a network is on a data set: its predictions, and what is measured of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from ml.data.check import contained_in
from ml.data.dataset import Dataset, Split
from ml.evaluation.metrics import measure
from ml.evaluation.results import Evaluation, Measured, Predictions, SplitEvaluation
from ml.network.classifier import ExpressionClassifier

_CHUNK: Final = 1024
"""Pictures between two progress reports."""


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
