"""What the network is taught for each picture: its label, FER+ votes, teachers' answers."""

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
"""Keeps the weights of votes that nobody gave from growing without end."""


class Targets:
    """The targets of all training pictures, and the loss against those of a batch."""

    def __init__(self, config: TrainConfig, dataset: Dataset, device: torch.device) -> None:
        self._config = config
        labels = torch.from_numpy(dataset.train.labels)
        self._labels = F.one_hot(labels, _CLASSES).float()
        if config.ferplus:
            votes = torch.from_numpy(load_ferplus(Path(config.ferplus), dataset))
            told = likely_labels(votes, labels)
            self._labels = self._labels.lerp(told, config.ferplus_weight)
        self._teachers = _teachers_answers(config, dataset, device) if config.teacher else None
        self._class_weights = class_weights(labels, config.class_weighting).to(device)
        self._device = device

    def of(self, chosen: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Tensor:
        """Probabilities float32 [N, 1 or 2, 7]: of the labels, and of the teachers if any."""
        parts = [self._labels] if self._teachers is None else [self._labels, self._teachers]
        return torch.stack([part[chosen] for part in parts], dim=1).to(self._device)

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Mean cross-entropy of logits [N, 7] against what ``of`` gave, mixed or not."""
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
    """float32 [7], higher for rare classes; the mean over all pictures is 1."""
    counts = torch.bincount(labels, minlength=_CLASSES).float()
    power = {"none": 0.0, "sqrt": 0.5, "balanced": 1.0}[weighting]
    weights = counts.clamp(min=1) ** -power
    return weights * counts.sum() / (weights * counts).sum()


def likely_labels(votes: Tensor, labels: Tensor) -> Tensor:
    """How likely FER2013 gives each label to a picture with such votes: float32 [N, 7].

    ``votes`` are shares [N, 10]. FER+'s annotators see neutral faces and surprise where FER2013's
    labels say sad or fear, so that a network taught the votes themselves answers another question.
    A logistic regression of the labels on the votes, their square roots telling one vote from none,
    says in the labels' own terms what ten people's doubt about a picture means.
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


def _teachers_answers(config: TrainConfig, dataset: Dataset, device: torch.device) -> Tensor:
    """Softened probabilities [N, 7], averaged over teachers and over picture and mirror image.

    Teachers are asked once per picture instead of once per augmented view: on a processor a teacher
    in the loop would take as long as the learning.
    """
    logits = torch.zeros(len(dataset.train), _CLASSES)
    for path in config.teacher:
        # exact: the same answers when the run is resumed
        classifier = ExpressionClassifier(load_weights(Path(path)), str(device), exact=True)
        for pictures in (dataset.train.pictures, dataset.train.pictures[:, :, ::-1]):
            logits += torch.from_numpy(classifier.logits(pictures))
    logits /= 2 * len(config.teacher)
    return torch.softmax(logits / config.teacher_temperature, dim=1)
