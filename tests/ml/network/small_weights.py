"""Weights of a small network, and what is said of files that hold none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch

from ml.expressions import ALPHABETICAL, EXPRESSIONS
from ml.network.architecture import Architecture
from ml.network.model import ResEmoteNet, state_of, tensors
from ml.network.weights import Weights, WeightsError
from ml.network.weights_files import load_weights
from tests.ml.network.plain_networks import SMALL, SMALL_HEAD, as_if_trained

PUBLISHED_ORDER = ("happy", "surprise", "sad", "anger", "disgust", "fear", "neutral")
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def small_weights(**options: object) -> Weights:
    architecture = Architecture(channels=SMALL, head=SMALL_HEAD, in_channels=1)
    model = as_if_trained(ResEmoteNet(architecture))
    return Weights(
        **{
            "architecture": architecture,
            "state": state_of(model),
            "mean": (0.5,),
            "std": (0.25,),
            "classes": ALPHABETICAL,
            "temperature": 1.5,
            "trained_on": "nothing “real”",
            "results": {"PublicTest": {"accuracy": 0.5}},
            **options,
        }
    )


def small_state() -> dict[str, torch.Tensor]:
    """The parameters of ``small_weights`` as torch saves them."""
    return tensors(small_weights().state)


def inputs(channels: int = 3, size: int = 64) -> torch.Tensor:
    return torch.randn(4, channels, size, size, generator=torch.Generator().manual_seed(9))


def refusal(path: Path) -> str:
    with pytest.raises(WeightsError) as caught:
        load_weights(path)
    message = str(caught.value)
    assert path.name in message
    assert "\n" not in message
    assert len(message) < 1000
    return message


def trained_weights(**architecture: object) -> Weights:
    """Of a small network that looks as if it had been trained."""
    shape = Architecture(channels=SMALL, head=SMALL_HEAD, **architecture)
    n = shape.in_channels
    return Weights(
        shape,
        state_of(as_if_trained(ResEmoteNet(shape))),
        mean=(0.5, 0.4, 0.3)[:n],
        std=(0.25, 0.2, 0.3)[:n],
        classes=EXPRESSIONS,
    )


def some_pictures(count: int) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (count, 48, 48), dtype=np.uint8)
