"""Optimizer, learning rate schedule, early stopping, and moving average of the weights."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from typing import Final

import torch
from torch import nn

from ml.network.model import ResEmoteNet
from ml.runs.events import Epoch
from ml.training.config import TrainConfig

_PLATEAU: Final = 3
"""Epochs without a lower validation loss that make a plateau."""
_PLATEAU_FACTOR: Final = 0.1


def make_optimizer(config: TrainConfig, network: nn.Module) -> torch.optim.Optimizer:
    """SGD or AdamW; weight decay is on kernels and matrices only, not on norms and biases."""
    groups = [
        {
            "params": [p for p in network.parameters() if p.ndim > 1],
            "weight_decay": config.weight_decay,
        },
        {"params": [p for p in network.parameters() if p.ndim <= 1], "weight_decay": 0.0},
    ]
    if config.optimizer == "adamw":
        return torch.optim.AdamW(groups, lr=config.learning_rate)
    return torch.optim.SGD(
        groups,
        lr=config.learning_rate,
        momentum=config.momentum,
        nesterov=config.nesterov and config.momentum > 0,
    )


def learning_rate(config: TrainConfig, step: int, batches: int, history: Sequence[Epoch]) -> float:
    """Of ``step``, counted from 0 over the whole run, with ``batches`` steps per epoch."""
    peak = config.learning_rate
    warmup = min(config.warmup_epochs, config.epochs / 2) * batches
    if step < warmup:
        return peak * (step + 1) / (warmup + 1)
    match config.schedule:
        case "cosine":
            progress = (step - warmup) / (config.epochs * batches - warmup)
            return peak * (1 + math.cos(math.pi * progress)) / 2
        case "plateau":
            return peak * _PLATEAU_FACTOR ** _plateaus(history)
        case _:
            return peak


def _plateaus(history: Sequence[Epoch]) -> int:
    plateaus, since, lowest = 0, 0, math.inf
    for epoch in history:
        since = 0 if epoch.validation_loss < lowest else since + 1
        lowest = min(lowest, epoch.validation_loss)
        if since == _PLATEAU:
            plateaus, since = plateaus + 1, 0
    return plateaus


def out_of_patience(config: TrainConfig, history: Sequence[Epoch]) -> bool:
    """Whether the best epoch is at least ``config.patience`` epochs ago (early stopping)."""
    since_best = next((n for n, epoch in enumerate(reversed(history)) if epoch.best), 0)
    return 0 < config.patience <= since_best


class Average:
    """Exponential moving average of a network's weights and BatchNorm statistics."""

    def __init__(self, network: ResEmoteNet, decay: float) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self._decay = decay

    @torch.no_grad()
    def update(self, network: ResEmoteNet, step: int) -> None:
        """After ``step``. The decay starts low, because the first weights are arbitrary."""
        decay = min(self._decay, (1 + step) / (10 + step))
        current = network.state_dict()
        for name, value in self.network.state_dict().items():
            if value.is_floating_point():
                value.lerp_(current[name], 1 - decay)
            else:
                value.copy_(current[name])
