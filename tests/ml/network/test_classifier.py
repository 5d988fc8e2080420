from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import torch

from ml.expressions import ALPHABETICAL, EXPRESSIONS, Expression
from ml.network.classifier import ExpressionClassifier, available_devices, choose_device, folded
from ml.network.input import network_input
from ml.network.model import Architecture, ResEmoteNet
from ml.network.weights import Weights
from ml.network.weights_files import load_weights
from resources import bundled_weights
from tests.ml.network.plain_networks import SMALL, SMALL_HEAD, as_if_trained

CPU = torch.device("cpu")
# Each order of a file has to be undone by its own inverse; a cyclic one is not its own.
CYCLIC = EXPRESSIONS[2:] + EXPRESSIONS[:2]


def _weights(**architecture: object) -> Weights:
    shape = Architecture(channels=SMALL, head=SMALL_HEAD, **architecture)
    n = shape.in_channels
    return Weights(
        shape,
        as_if_trained(ResEmoteNet(shape)).state_dict(),
        mean=(0.5, 0.4, 0.3)[:n],
        std=(0.25, 0.2, 0.3)[:n],
        classes=EXPRESSIONS,
    )


def _pictures(count: int) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (count, 48, 48), dtype=np.uint8)


@pytest.mark.parametrize("classes", [EXPRESSIONS, ALPHABETICAL, CYCLIC, EXPRESSIONS[::-1]])
def test_outputs_are_in_the_order_of_expression(classes: tuple[object, ...]) -> None:
    weights = dataclasses.replace(_weights(), classes=classes)
    x = network_input(
        torch.from_numpy(_pictures(4)),
        in_channels=3,
        input_size=64,
        mean=weights.mean,
        std=weights.std,
    )
    with torch.no_grad():
        raw = weights.model()(x).softmax(1)

    got = ExpressionClassifier(weights, CPU, exact=True).probabilities(_pictures(4))

    for output, expression in enumerate(classes):
        np.testing.assert_allclose(got[:, expression], raw[:, output], rtol=1e-3, atol=1e-5)


def test_temperature_divides_the_logits() -> None:
    weights = _weights()
    logits = ExpressionClassifier(weights, CPU, exact=True).logits(_pictures(5))
    for temperature in (0.5, 1.0, 2.5):
        warm = dataclasses.replace(weights, temperature=temperature)
        classifier = ExpressionClassifier(warm, CPU, exact=True)
        torch.testing.assert_close(classifier.logits(_pictures(5)), logits)
        np.testing.assert_allclose(
            classifier.probabilities(_pictures(5)),
            torch.softmax(logits / temperature, 1).numpy(),
            rtol=1e-5,
        )


@pytest.mark.parametrize("count", [1, 3, 255, 256, 257])
@pytest.mark.parametrize("options", [{}, {"in_channels": 1}, {"input_size": 48}], ids=str)
def test_probabilities(count: int, options: dict[str, object]) -> None:
    classifier = ExpressionClassifier(_weights(**options), CPU, exact=True)

    probabilities = classifier.probabilities(_pictures(count))

    assert probabilities.shape == (count, 7)
    assert probabilities.dtype == np.float32
    assert (probabilities >= 0).all()
    np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-5)
    alone = classifier.probabilities(_pictures(count)[-1:])
    np.testing.assert_allclose(alone[0], probabilities[-1], rtol=1e-3, atol=1e-6)


def test_no_pictures() -> None:
    classifier = ExpressionClassifier(_weights(), CPU, exact=True)
    empty = np.empty((0, 48, 48), np.uint8)
    assert classifier.probabilities(empty).shape == (0, 7)
    assert classifier.logits(empty).shape == (0, 7)


def test_pictures_that_are_views() -> None:
    """Mirrored and sliced arrays have strides torch does not take."""
    classifier = ExpressionClassifier(_weights(), CPU, exact=True)
    pictures = _pictures(4)
    mirrored = pictures[::-1, :, ::-1]
    np.testing.assert_array_equal(
        classifier.probabilities(mirrored), classifier.probabilities(mirrored.copy())
    )


@pytest.mark.parametrize("bundled", [True, False])
def test_bfloat16_is_close(monkeypatch: pytest.MonkeyPatch, bundled: bool) -> None:
    weights = load_weights(bundled_weights()) if bundled else _weights()
    dtypes = []
    exact = ExpressionClassifier(weights, CPU, exact=True)
    monkeypatch.setattr(ExpressionClassifier, "_measure_bfloat16", lambda _: 4)
    fast = ExpressionClassifier(weights, CPU)
    for dtype, model in fast._models.items():
        model.register_forward_hook(lambda *_, dtype=dtype: dtypes.append(dtype))

    for count in (3, 4):
        difference = fast.probabilities(_pictures(count)) - exact.probabilities(_pictures(count))
        assert np.abs(difference).max() < 0.05

    assert dtypes == [torch.float32, torch.bfloat16]


def test_exact_never_leaves_float32() -> None:
    classifier = ExpressionClassifier(_weights(), CPU, exact=True)

    def fail(*_: object) -> None:
        raise AssertionError("bfloat16 was used")

    classifier._models[torch.bfloat16].register_forward_hook(fail)
    assert len(classifier.logits(_pictures(300))) == 300


@pytest.mark.parametrize("gain", [0.5, 2.0])
def test_the_faster_precision_is_chosen(monkeypatch: pytest.MonkeyPatch, gain: float) -> None:
    """bfloat16 from the least batch for which it is measured to be faster, if there is one."""

    def seconds(self: object, pictures: torch.Tensor, *, bfloat16: bool) -> float:
        faster = bfloat16 and len(pictures) >= 8
        return gain if faster else 1.0

    monkeypatch.setattr(ExpressionClassifier, "_seconds", seconds)
    classifier = ExpressionClassifier(_weights(), CPU)
    dtypes = []
    for dtype, model in classifier._models.items():
        model.register_forward_hook(lambda *_, dtype=dtype: dtypes.append(dtype))

    classifier.logits(_pictures(7))
    classifier.logits(_pictures(8))

    assert dtypes == [torch.float32, torch.bfloat16 if gain < 1 else torch.float32]


@pytest.mark.parametrize(
    "options",
    [{}, {"conv_bias": False}, {"input_size": 48}, {"convolutions": (1, 2, 3)}],
    ids=str,
)
def test_folded_equals_the_model(options: dict[str, object]) -> None:
    model = as_if_trained(ResEmoteNet(Architecture(channels=SMALL, head=SMALL_HEAD, **options)))
    size = model.architecture.input_size
    x = torch.randn(4, 3, size, size, generator=torch.Generator().manual_seed(1))
    before = {name: value.clone() for name, value in model.state_dict().items()}

    faster = folded(model)

    with torch.no_grad():
        torch.testing.assert_close(faster(x), model(x), rtol=1e-4, atol=1e-5)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in faster.modules())
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), "folding changed the model it was given"


def test_folding_a_model_in_training_leaves_it_so() -> None:
    model = ResEmoteNet(Architecture(channels=SMALL, head=SMALL_HEAD)).train()
    assert not folded(model).training
    assert model.training


@pytest.mark.parametrize("name", ["gpu", "cuda:99", "cpu:3", "", "CPU?", "meta", "cuda:-1"])
def test_unknown_devices_are_named(name: str) -> None:
    with pytest.raises(ValueError, match=r"device .* is not available\. .*cpu"):
        choose_device(name)


def test_the_first_available_device_is_the_default() -> None:
    assert available_devices()[-1] == "cpu"
    assert str(choose_device()) == available_devices()[0]
    assert choose_device("cpu") == CPU


def test_cuda_comes_before_mps_before_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    assert choose_device() == torch.device("mps")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert available_devices() == ["cuda:0", "cuda:1", "mps", "cpu"]
    assert choose_device("auto") == torch.device("cuda:0")
    assert choose_device("cuda") == torch.device("cuda")
    assert choose_device("cuda:1") == torch.device("cuda:1")
    with pytest.raises(ValueError, match="cuda:2"):
        choose_device("cuda:2")


def test_bundled_weights_see_a_smile(portrait: npt.NDArray[np.uint8]) -> None:
    """Also a smaller, a mirrored and a dimmer one."""
    grey = portrait[:, :, 1]
    face = cv2.resize(grey[50:210, 150:310], (48, 48), interpolation=cv2.INTER_AREA)
    blurred = cv2.resize(cv2.resize(face, (24, 24)), (48, 48))
    seen = np.stack([face, face[:, ::-1], blurred, (face * 0.6).astype(np.uint8)])
    classifier = ExpressionClassifier(load_weights(bundled_weights()), CPU, exact=True)

    probabilities = classifier.probabilities(seen)

    assert (probabilities.argmax(1) == Expression.HAPPY).all()
    assert (probabilities[:, Expression.HAPPY] > 0.5).all()
    np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-5)
