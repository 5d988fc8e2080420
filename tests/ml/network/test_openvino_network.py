"""The same answers as torch gives, whatever network a weights file holds."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml.data.cache import default_cache
from ml.data.fer2013 import load
from ml.expressions import ALPHABETICAL, EXPRESSIONS
from ml.network import openvino_runtime
from ml.network.architecture import Architecture
from ml.network.classifier import ExpressionClassifier
from ml.network.model import ResEmoteNet, state_of
from ml.network.openvino_network import OpenVinoNetwork
from ml.network.openvino_runtime import OpenVinoError
from ml.network.torch_network import TorchNetwork
from ml.network.weights import Weights
from ml.network.weights_files import load_weights
from resources import bundled_weights
from tests.ml.network.plain_networks import as_if_trained
from tests.ml.network.small_weights import some_pictures, trained_weights

Logits = npt.NDArray[np.float32]


def softmax(logits: Logits) -> Logits:
    return torch.from_numpy(logits).softmax(1).numpy()


def both(weights: Weights, pictures: npt.NDArray[np.uint8]) -> tuple[Logits, Logits]:
    """Float32 answers of OpenVINO and of torch."""
    ours = OpenVinoNetwork(weights, "CPU", exact=True).logits(pictures)
    return ours, TorchNetwork(weights, "cpu", exact=True).logits(pictures)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"in_channels": 1},
        {"input_size": 48},
        {"input_size": 40},
        {"input_size": 128, "in_channels": 2},
        {"convolutions": (1, 2, 3)},
        {"conv_bias": False},
        {"head_activation": False},
    ],
    ids=str,
)
@pytest.mark.parametrize("count", [1, 5])
def test_networks_of_every_shape(options: dict[str, object], count: int) -> None:
    weights = dataclasses.replace(trained_weights(**options), classes=ALPHABETICAL)
    ours, torchs = both(weights, some_pictures(count))
    assert ours.shape == (count, 7)
    np.testing.assert_allclose(ours, torchs, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(softmax(ours), softmax(torchs), atol=1e-4)


counts = st.integers(1, 33)


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.builds(
        Architecture,
        channels=st.tuples(counts, counts, st.integers(16, 40), counts, counts, counts),
        head=st.tuples(counts, counts, counts),
        in_channels=st.integers(1, 3),
        input_size=st.integers(8, 80),
        convolutions=st.tuples(*[st.integers(1, 2)] * 3),
        conv_bias=st.booleans(),
        head_activation=st.booleans(),
    )
)
def test_odd_channel_counts_and_sizes(architecture: Architecture) -> None:
    state = state_of(as_if_trained(ResEmoteNet(architecture)))
    n = architecture.in_channels
    weights = Weights(architecture, state, (0.5, 0.4, 0.3)[:n], (0.25, 0.2, 0.3)[:n], EXPRESSIONS)
    ours, torchs = both(weights, some_pictures(2))
    np.testing.assert_allclose(softmax(ours), softmax(torchs), atol=1e-4)


def test_the_bundled_network() -> None:
    ours, torchs = both(load_weights(bundled_weights()), some_pictures(20))
    np.testing.assert_allclose(softmax(ours), softmax(torchs), atol=1e-4)


@pytest.mark.data
def test_faster_precisions_see_the_same_expressions(fer2013_path: Path) -> None:
    """On a third of PublicTest: within 0.03, the same label 99.5 times in 100, and accuracy."""
    weights = load_weights(bundled_weights())
    split = load(fer2013_path, cache_dir=default_cache()).validation
    pictures, labels_given = split.pictures[::3], split.labels[::3]
    exact, fast = (
        ExpressionClassifier(weights, "cpu", exact=wanted).probabilities(pictures)
        for wanted in (True, False)
    )
    assert np.abs(exact - fast).max() < 0.03
    labels, others = exact.argmax(1), fast.argmax(1)
    assert (labels == others).mean() >= 0.995
    assert (labels == labels_given).mean() == pytest.approx(
        (others == labels_given).mean(), abs=0.002
    )


def test_where_openvino_cannot_run_torch_does(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    weights = trained_weights()
    expected = ExpressionClassifier(weights, "cpu", exact=True)
    assert expected.engine == "OpenVINO"

    def fail() -> None:
        raise OpenVinoError("this processor lacks SSE4.2")

    monkeypatch.setattr(openvino_runtime, "core", fail)
    instead = ExpressionClassifier(weights, "cpu", exact=True)
    assert instead.engine == "PyTorch"
    assert "this processor lacks SSE4.2" in caplog.text
    np.testing.assert_allclose(
        instead.probabilities(some_pictures(3)),
        expected.probabilities(some_pictures(3)),
        atol=1e-4,
    )


def test_a_device_that_has_gone_is_told() -> None:
    with pytest.raises(ValueError, match="openvino:GPU\\.7 cannot run this network"):
        ExpressionClassifier(trained_weights(), "openvino:GPU.7")
