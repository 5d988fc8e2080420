"""Metrics of a network's probabilities, and the temperature that calibrates them."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ml.evaluation.results import ClassScores, Estimate, ReliabilityPoint, Scores
from ml.expressions import EXPRESSIONS

CALIBRATION_BINS: Final = 15
_CLASSES: Final = len(EXPRESSIONS)
_RESAMPLES: Final = 1000
_COLDEST, _HOTTEST = 0.05, 20.0


def measure(labels: npt.NDArray[np.int64], probabilities: npt.NDArray[np.float32]) -> Scores:
    """Metrics of ``probabilities`` [N, 7] for pictures whose Expression is ``labels`` [N].

    Raises ValueError if there are no pictures.
    """
    from torchmetrics.functional import classification as tm  # takes a second

    if not len(labels):
        raise ValueError("There are no pictures to measure.")
    target = torch.tensor(labels)
    # torchmetrics gives confidences of exactly 1 a bin of their own.
    p = torch.tensor(probabilities).clamp(max=1 - 2**-24)
    confusion = tm.multiclass_confusion_matrix(p, target, _CLASSES)
    precision, recall, f1 = (
        metric(p, target, _CLASSES, average=None).tolist()
        for metric in (tm.multiclass_precision, tm.multiclass_recall, tm.multiclass_f1_score)
    )
    accuracy = tm.multiclass_accuracy(p, target, _CLASSES, average="micro").item()
    macro_f1 = tm.multiclass_f1_score(p, target, _CLASSES, average="macro").item()
    accuracies, macro_f1s = _resampled(confusion.numpy())
    return Scores(
        pictures=len(labels),
        accuracy=_estimate(accuracy, accuracies),
        macro_f1=_estimate(macro_f1, macro_f1s),
        top2=tm.multiclass_accuracy(p, target, _CLASSES, average="micro", top_k=2).item(),
        calibration_error=tm.multiclass_calibration_error(
            p, target, _CLASSES, n_bins=CALIBRATION_BINS
        ).item(),
        classes=tuple(
            map(
                ClassScores,
                precision,
                recall,
                f1,
                confusion.sum(1).tolist(),
                confusion.sum(0).tolist(),
            )
        ),
        confusion=tuple(map(tuple, confusion.tolist())),
        reliability=_reliability(p, target),
    )


def _resampled(
    confusion: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Accuracy and macro-F1 of resamples of the pictures.

    Both depend only on how many pictures fall into each cell of the confusion matrix, and drawing
    pictures with replacement draws those counts from a multinomial distribution.
    """
    pictures = confusion.sum()
    drawn = np.random.default_rng(0).multinomial(
        pictures, confusion.ravel() / pictures, size=_RESAMPLES
    )
    drawn = drawn.reshape(-1, _CLASSES, _CLASSES)
    right = np.diagonal(drawn, axis1=1, axis2=2)
    marginals = drawn.sum(1) + drawn.sum(2)  # twice the denominator of F1 = 2 TP / (2 TP + FP + FN)
    f1 = 2 * right / np.maximum(marginals, 1)
    return right.sum(1) / pictures, f1.sum(1) / (marginals > 0).sum(1)


def _estimate(value: float, resampled: npt.NDArray[np.float64]) -> Estimate:
    low, high = np.percentile(resampled, (2.5, 97.5)).tolist()
    return Estimate(value, low, high)


def _reliability(probabilities: Tensor, labels: Tensor) -> tuple[ReliabilityPoint, ...]:
    confidence, predicted = probabilities.max(1)
    edges = torch.linspace(0, 1, CALIBRATION_BINS + 1)
    bins = torch.bucketize(confidence, edges, right=True) - 1
    counts = torch.bincount(bins, minlength=CALIBRATION_BINS)
    confidences, rights = (
        torch.bincount(bins, weights=weights.double(), minlength=CALIBRATION_BINS) / counts
        for weights in (confidence, predicted == labels)
    )
    return tuple(
        ReliabilityPoint(confidences[b].item(), rights[b].item(), int(counts[b]))
        for b in range(CALIBRATION_BINS)
        if counts[b]
    )


def fit_temperature(logits: Tensor, labels: Tensor) -> float:
    """The temperature by which to divide ``logits`` [N, 7], fitted to ``labels`` [N].

    It minimises the negative log-likelihood (temperature scaling, Guo et al. 2017). 1.0 if there is
    none: no pictures, logits that are not finite or not informative, or predictions so right or so
    wrong that the best temperature is below 0.05 or above 20.
    """
    logits, labels = logits.detach().double().cpu(), labels.cpu()
    if not len(labels) or not torch.isfinite(logits).all():
        return 1.0
    of_label = logits.gather(1, labels[:, None]).squeeze(1)

    def slope(temperature: float) -> float:
        """Of the mean negative log-likelihood by 1 / temperature, in which it is convex."""
        expected = (torch.softmax(logits / temperature, dim=1) * logits).sum(1)
        return float((expected - of_label).mean())

    low, high = _COLDEST, _HOTTEST
    if not slope(low) > 0 > slope(high):
        return 1.0
    while high / low > 1 + 1e-9:
        middle = math.sqrt(low * high)
        low, high = (middle, high) if slope(middle) > 0 else (low, middle)
    return math.sqrt(low * high)
