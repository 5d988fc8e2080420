"""The data set and the network of a run, from its TrainConfig."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch

from ml.data import fer2013
from ml.data.cache import default_cache
from ml.data.dataset import Dataset, DatasetError, Split
from ml.expressions import EXPRESSIONS
from ml.network.architecture import Architecture
from ml.network.model import ResEmoteNet, tensors
from ml.network.weights import State, Weights
from ml.network.weights_files import load_weights
from ml.runs.events import Event, Loading
from ml.training.config import TrainConfig

_REPORT_EVERY: Final = 0.2  # seconds
_CHUNK: Final = 4096


def load_data(config: TrainConfig, report: Callable[[Event], None]) -> Dataset:
    """The data set, from the cache if it was decoded before. Raises DatasetError."""
    reported = 0.0

    def progress(done: int, total: int) -> None:
        nonlocal reported
        if done == total or time.monotonic() - reported >= _REPORT_EVERY:
            reported = time.monotonic()
            report(Loading(done, total))

    dataset = fer2013.load(
        Path(config.data),
        cache_dir=default_cache(),
        skip_bad=config.skip_bad,
        progress=progress,
    )
    for name, split in (("train on", dataset.train), ("validate with", dataset.validation)):
        if not len(split):
            raise DatasetError(f"{config.data} has no pictures to {name}.")
    return dataclasses.replace(dataset, undivided=None)  # it is divided now


@dataclass(frozen=True)
class Student:
    """The network before its first step; mean and standard deviation per input channel."""

    network: ResEmoteNet
    mean: tuple[float, ...]
    std: tuple[float, ...]


def make_student(config: TrainConfig, train: Split) -> Student:
    """A network with random weights, or the average of those in ``config.start_from``.

    Raises WeightsError for a file that cannot be used, ValueError for different networks.
    """
    if config.start_from:
        starts = [load_weights(Path(path)) for path in config.start_from]
        first = starts[0]
        for path, start in zip(config.start_from, starts, strict=True):
            if _shape(start) != _shape(first):
                raise ValueError(
                    f"{path} and {config.start_from[0]} hold different networks: only weights of "
                    "the same network can be averaged."
                )
        network = ResEmoteNet(first.architecture)
        network.load_state_dict(tensors(_averaged([_in_our_order(start) for start in starts])))
        return Student(network, first.mean, first.std)
    torch.manual_seed(config.seed)
    return Student(ResEmoteNet(make_architecture(config)), *_statistics(train, config.in_channels))


def _shape(weights: Weights) -> tuple[object, ...]:
    """What must be equal for weights to be averaged."""
    return weights.architecture, weights.mean, weights.std


def make_architecture(config: TrainConfig) -> Architecture:
    """The one the config describes; ``start_from`` may bring another."""
    return Architecture(
        channels=config.channels,
        head=config.head,
        in_channels=config.in_channels,
        input_size=config.input_size,
        convolutions=config.convolutions,
        stem_dropout=config.stem_dropout,
        head_dropout=config.head_dropout,
        conv_bias=False,  # the BatchNorm that follows would cancel it
    ).scaled(config.width)


def _in_our_order(weights: Weights) -> State:
    """The state with its outputs in the order of Expression."""
    order = [weights.classes.index(expression) for expression in EXPRESSIONS]
    last = {name: weights.state[name][order] for name in ("fc4.weight", "fc4.bias")}
    return {**weights.state, **last}


def _averaged(states: Sequence[State]) -> State:
    """The mean of each weight and BatchNorm statistic; what counts batches is the first's."""
    return {
        name: np.asarray(np.mean([state[name] for state in states], axis=0, dtype=np.float32))
        if value.dtype.kind == "f"
        else value
        for name, value in states[0].items()
    }


def _statistics(train: Split, channels: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of the pixels, scaled to 0..1, for each channel."""
    counts = sum(
        np.bincount(part.reshape(-1), minlength=256)
        for part in np.array_split(train.pictures, len(train) // _CHUNK + 1)
    )
    levels = np.arange(256) / 255
    mean = float(np.average(levels, weights=counts))
    variance = float(np.average((levels - mean) ** 2, weights=counts))
    return (round(mean, 5),) * channels, (max(round(variance**0.5, 5), 0.001),) * channels
