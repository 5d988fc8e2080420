"""A data set so small that training on it takes seconds, and what the tests of training share."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from ml.expressions import LABELS
from ml.network.weights_files import load_weights
from ml.runs.events import Epoch, Event
from ml.runs.folder import RunFolder
from ml.runs.summaries import history
from ml.training.config import TrainConfig

TINY: dict[str, Any] = {
    "channels": (8, 8, 16, 16, 16, 16),
    "head": (16, 16, 16),
    "batch_size": 12,
    "epochs": 3,
    "precision": "float32",
    "threads": 1,
}


def make_pictures(folder: Path, train: int = 12, others: int = 4) -> Path:
    """Noisy pictures in which each expression has a pattern of its own, with official names."""
    random = np.random.default_rng(0)
    patterns = np.kron(random.integers(0, 256, (len(LABELS), 6, 6)), np.ones((8, 8)))
    for split, prefix, count in (
        ("train", "Training", train),
        ("test", "PublicTest", others),
        ("test", "PrivateTest", others),
    ):
        for label, pattern in zip(LABELS, patterns, strict=True):
            (folder / split / label).mkdir(parents=True, exist_ok=True)
            for number in range(count):
                noisy = np.clip(pattern + random.normal(0, 40, pattern.shape), 0, 255)
                path = folder / split / label / f"{prefix}_{number}.png"
                Image.fromarray(noisy.astype(np.uint8)).save(path)
    return folder


def tiny_config(data: Path, **overrides: Any) -> TrainConfig:  # noqa: ANN401
    return TrainConfig.of_preset("standard", **{**TINY, "data": str(data), **overrides})


def options(**overrides: Any) -> list[str]:  # noqa: ANN401
    """The same for the command line."""
    words = []
    for name, value in {**TINY, **overrides}.items():
        option = name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{option}" if value else f"--no-{option}")
        else:
            values = value if isinstance(value, tuple) else (value,)
            words += [f"--{option}", *map(str, values)]
    return words


def measured(events: list[Event]) -> list[dict[str, Any]]:
    """The epochs without what differs between equal runs."""
    return [figures(epoch) for epoch in history(events)]


def figures(epoch: Epoch) -> dict[str, Any]:
    return {name: value for name, value in vars(epoch).items() if name not in ("time", "seconds")}


def state_of(folder: RunFolder) -> dict[str, Any]:
    """All numbers of the last checkpoint, flat."""
    checkpoint = folder.load_checkpoint()
    assert checkpoint is not None
    optimizer = checkpoint["optimizer"]["state"]
    return {
        **{f"network.{name}": value for name, value in checkpoint["network"].items()},
        **{f"average.{name}": value for name, value in checkpoint["average"].items()},
        **{f"momentum.{name}": value["momentum_buffer"] for name, value in optimizer.items()},
    }


def unheard(_: Event) -> None:
    pass


def of_type(events: list[Event], kind: type[Event]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def assert_same_run(folder: RunFolder, reference: tuple[RunFolder, list[Event]]) -> None:
    """Bit for bit."""
    assert measured(list(folder.read_events())) == measured(reference[1])
    found, expected = state_of(folder), state_of(reference[0])
    assert found.keys() == expected.keys()
    assert [name for name in found if not torch.equal(found[name], expected[name])] == []
    weights, others = (load_weights(f.weights_file) for f in (folder, reference[0]))
    assert (weights.temperature, weights.results) == (others.temperature, others.results)
    assert all(np.array_equal(weights.state[name], others.state[name]) for name in weights.state)


class AfterBatches(threading.Event):
    """A wish to stop that comes after so many batches, each of which asks once."""

    def __init__(self, batches: int) -> None:
        super().__init__()
        self._left = batches

    def is_set(self) -> bool:
        self._left -= 1
        return self._left == 0
