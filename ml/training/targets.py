"""The training targets of each picture: its label, FER+ votes, teachers' predictions."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ml.data.dataset import Dataset
from ml.data.ferplus import load_ferplus
from ml.expressions import EXPRESSIONS
from ml.network.classifier import ExpressionClassifier
from ml.network.weights_files import load_weights
from ml.training.config import TrainConfig

_CLASSES = len(EXPRESSIONS)
_RIDGE: Final = 1e-4
"""L2 penalty: keeps the weights of votes that nobody gave from growing without bound."""


class Targets:
    """The targets of all training pictures, and the loss of a batch against its targets."""

    def __init__(self, config: TrainConfig, dataset: Dataset, device: torch.device) -> None:
        self._config = config
        labels = torch.from_numpy(dataset.train.labels)
        self._labels = F.one_hot(labels, _CLASSES).float()
        if config.ferplus:
            votes = torch.from_numpy(load_ferplus(Path(config.ferplus), dataset))
            likely = likely_labels(votes, labels)
            self._labels = self._labels.lerp(likely, config.ferplus_weight)
        self._teachers = _teacher_probabilities(config, dataset, device) if config.teacher else None
        self._class_weights = class_weights(labels, config.class_weighting).to(device)
        self._device = device

    def of(self, chosen: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Tensor:
        """Of the ``chosen`` pictures: probabilities float32 [N, 1 or 2, 7].

        The first are of the labels and votes, the second of the teachers, if any.
        """
        parts = [self._labels] if self._teachers is None else [self._labels, self._teachers]
        return torch.stack([part[chosen] for part in parts], dim=1).to(self._device)

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Mean cross-entropy of logits [N, 7] against targets from ``of``, mixed or not."""
        config = self._config
        loss = F.cross_entropy(
            logits, targets[:, 0], self._class_weights, label_smoothing=config.label_smoothing
        )
        if self._teachers is None:
            return loss
        t = config.teacher_temperature  # distillation, Hinton et al. 2015
        distilled = t * t * F.cross_entropy(logits / t, targets[:, 1])
        return loss.lerp(distilled, config.teacher_weight)


def class_weights(labels: Tensor, weighting: str) -> Tensor:
    """float32 [7], higher for rare classes; the mean over all pictures is 1.

    ``labels`` are [N]; ``weighting`` is none, sqrt or balanced.
    """
    counts = torch.bincount(labels, minlength=_CLASSES).float()
    power = {"none": 0.0, "sqrt": 0.5, "balanced": 1.0}[weighting]
    weights = counts.clamp(min=1) ** -power
    return weights * counts.sum() / (weights * counts).sum()


def likely_labels(votes: Tensor, labels: Tensor) -> Tensor:
    """The probability of each FER2013 label, given a picture's votes: float32 [N, 7].

    ``votes`` are shares [N, 10], ``labels`` are [N]. FER+'s annotators (Barsoum et al. 2016) see
    neutral faces and surprise where FER2013's labels say sad or fear, so that a network trained on
    the votes themselves learns another task. A logistic regression of the labels on the votes and
    their square roots, which tell one vote from none, translates the disagreement of ten people
    about a picture into FER2013's labels.
    """
    known = torch.cat([votes, votes.sqrt(), torch.ones(len(votes), 1)], dim=1).double()
    weights = torch.zeros(known.shape[1], _CLASSES, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=500, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        value = F.cross_entropy(known @ weights, labels) + _RIDGE * weights.square().sum()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    return torch.softmax(known @ weights.detach(), dim=1).float()


def _teacher_probabilities(config: TrainConfig, dataset: Dataset, device: torch.device) -> Tensor:
    """Softened probabilities float32 [N, 7] of all training pictures.

    The logits are averaged over teachers and over picture and mirror image. Teachers predict once
    per picture instead of once per augmented view: on a CPU, a teacher in the loop would take as
    long as the training itself.
    """
    logits = torch.zeros(len(dataset.train), _CLASSES)
    for path in config.teacher:
        # exact: the same answers when the run is resumed
        classifier = ExpressionClassifier(load_weights(Path(path)), str(device), exact=True)
        for pictures in (dataset.train.pictures, dataset.train.pictures[:, :, ::-1]):
            logits += torch.from_numpy(classifier.logits(pictures))
    logits /= 2 * len(config.teacher)
    return torch.softmax(logits / config.teacher_temperature, dim=1)
