from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor, nn

from ml.expressions import ALPHABETICAL, EXPRESSIONS, Expression
from ml.network.architecture import Architecture
from ml.network.classifier import ExpressionClassifier
from ml.network.explanation import Explainer
from ml.network.input import network_input
from ml.network.model import ResEmoteNet, network_of, state_of
from ml.network.weights import Weights
from ml.network.weights_files import load_weights
from ml.vision.detector import FaceDetector
from ml.vision.face_crop import face_pictures
from resources import bundled_weights
from tests.ml.network.plain_networks import as_if_trained
from tests.ml.network.small_weights import some_pictures, trained_weights
from tests.ml.real_pictures import some_of_public_test

Pictures = npt.NDArray[np.uint8]
Explanations = npt.NDArray[np.float32]
_COVERED = 16
"""Side of the square that is covered, in pixels."""


@pytest.fixture(scope="module")
def bundled() -> Weights:
    return load_weights(bundled_weights())


def _permuted(weights: Weights, classes: tuple[Expression, ...]) -> Weights:
    """The same network with its outputs in another order."""
    rows = [weights.classes.index(expression) for expression in classes]
    state = weights.state | {n: weights.state[n][rows] for n in ("fc4.weight", "fc4.bias")}
    return replace(weights, state=state, classes=classes)


def _by_differences(weights: Weights, picture: Pictures, expression: Expression) -> Explanations:
    """Grad-CAM without gradients: how the logit changes when a whole map is raised a little."""
    network = network_of(weights).double()
    size, channels = weights.architecture.input_size, weights.architecture.in_channels
    x = network_input(
        torch.from_numpy(picture[None]),
        in_channels=channels,
        input_size=size,
        mean=weights.mean,
        std=weights.std,
    ).double()
    step = 1e-6
    maps = torch.empty(0)

    def raise_and_lower_each(_: nn.Module, __: tuple[Tensor, ...], given: Tensor) -> Tensor:
        nonlocal maps
        maps = given[0]
        steps = step * torch.eye(len(maps), dtype=torch.float64)[:, :, None, None]
        return torch.cat((maps + steps, maps - steps))

    with network.se.register_forward_hook(raise_and_lower_each), torch.no_grad():
        raised, lowered = network(x)[:, weights.classes.index(expression)].chunk(2)
    importance = (raised - lowered).numpy() / (2 * step) / maps[0].numel()
    seen = np.maximum(np.tensordot(importance, maps.numpy(), axes=1), 0)
    seen = cv2.resize(seen, (48, 48), interpolation=cv2.INTER_LINEAR)
    return seen / (seen.max() or 1)


def _odd_weights() -> Weights:
    architecture = Architecture(channels=(3, 5, 17, 7, 9, 11), head=(5, 3, 2), in_channels=4)
    state = state_of(as_if_trained(ResEmoteNet(architecture)))
    return Weights(architecture, state, (0.5,) * 4, (0.25,) * 4, classes=EXPRESSIONS)


@pytest.mark.parametrize(
    "weights",
    [
        trained_weights(),
        trained_weights(in_channels=1, input_size=48),
        trained_weights(convolutions=(1, 2, 3), conv_bias=False),
        trained_weights(head_activation=False, input_size=44),
        trained_weights(input_size=8),
        _odd_weights(),
    ],
    ids=["published", "grey, 48", "more convolutions", "no activation, 44", "8", "odd"],
)
def test_equals_the_slow_way(weights: Weights) -> None:
    weights = replace(weights, classes=ALPHABETICAL)
    pictures = some_pictures(len(EXPRESSIONS))
    expected = [_by_differences(weights, *each) for each in zip(pictures, EXPRESSIONS, strict=True)]
    assert np.any(expected)

    explained = Explainer(weights).explain(pictures, EXPRESSIONS)

    assert explained.dtype == np.float32
    np.testing.assert_allclose(explained, expected, atol=1e-3)


def test_nothing_speaks_for_an_expression_if_the_maps_are_ignored() -> None:
    weights = trained_weights()
    ignored = np.zeros_like(weights.state["fc1.weight"])
    deaf = replace(weights, state=weights.state | {"fc1.weight": ignored})
    explained = Explainer(deaf).explain(some_pictures(7), EXPRESSIONS)
    np.testing.assert_array_equal(explained, np.zeros((7, 48, 48)))


def test_classes_in_another_order_change_nothing(bundled: Weights) -> None:
    pictures = some_pictures(7)
    other = _permuted(bundled, ALPHABETICAL)
    expected = Explainer(bundled).explain(pictures, EXPRESSIONS)
    assert len({one.tobytes() for one in expected}) == 7
    np.testing.assert_allclose(Explainer(other).explain(pictures, EXPRESSIONS), expected, atol=1e-5)


def test_the_most_probable_expression_is_explained_if_none_is_named(bundled: Weights) -> None:
    weights = _permuted(bundled, ALPHABETICAL)
    pictures = some_pictures(12)
    probabilities = ExpressionClassifier(weights, "cpu", exact=True).probabilities(pictures)
    named = [EXPRESSIONS[n] for n in probabilities.argmax(1)]
    explainer = Explainer(weights)
    np.testing.assert_allclose(
        explainer.explain(pictures), explainer.explain(pictures, named), atol=1e-5
    )


def test_pictures_are_explained_independently(bundled: Weights) -> None:
    pictures, explainer = some_pictures(7), Explainer(bundled)
    together = explainer.explain(pictures, EXPRESSIONS)
    for picture, expression, expected in zip(pictures, EXPRESSIONS, together, strict=True):
        alone = explainer.explain(picture[None], [expression])
        np.testing.assert_allclose(alone, expected[None], atol=1e-4)


def test_no_pictures(bundled: Weights) -> None:
    assert Explainer(bundled).explain(some_pictures(0)).shape == (0, 48, 48)


def test_the_network_stays_as_it_was(bundled: Weights) -> None:
    before = copy.deepcopy(bundled.state)
    explainer = Explainer(bundled)
    pictures = some_pictures(2)
    pictures.setflags(write=False)  # as of a frame, which nobody may change

    first = explainer.explain(pictures)

    np.testing.assert_array_equal(explainer.explain(pictures), first)
    network = explainer._network
    assert not any(module.training for module in network.modules())
    assert all(parameter.grad is None for parameter in network.parameters())
    for name, value in network.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), before[name])


# Does it tell what matters?


def _lowering(
    weights: Weights,
    pictures: Pictures,
    explanations: Explanations,
    choose: Callable[[Explanations], np.intp],
) -> npt.NDArray[np.float32]:
    """How far the highest logit falls when a square that ``choose`` finds is covered with grey."""
    classifier = ExpressionClassifier(weights, "cpu", exact=True)
    covered = pictures.copy()
    for picture, explanation in zip(covered, explanations, strict=True):
        squares = np.lib.stride_tricks.sliding_window_view(explanation, (_COVERED, _COVERED))
        means = squares.mean((2, 3))
        y, x = np.unravel_index(choose(means), means.shape)
        picture[y : y + _COVERED, x : x + _COVERED] = picture.mean()
    logits = classifier.logits(pictures)
    fall = logits - classifier.logits(covered)
    lowered: npt.NDArray[np.float32] = fall[np.arange(len(pictures)), logits.argmax(1)]
    return lowered


def test_the_portrait(bundled: Weights, portrait: Pictures) -> None:
    (face,) = FaceDetector().detect(portrait)
    pictures = face_pictures(portrait, face)

    explained = Explainer(bundled).explain(pictures, [Expression.HAPPY])

    assert np.isfinite(explained).all()
    assert explained.min() == 0
    assert explained.max() == 1
    higher, lower = (
        _lowering(bundled, pictures, explained, choose) for choose in (np.argmax, np.argmin)
    )
    assert higher > lower


@pytest.mark.data
def test_covering_what_is_highest_lowers_the_logit_most(
    bundled: Weights, fer2013_path: Path
) -> None:
    pictures = some_of_public_test(fer2013_path, 100)
    explained = Explainer(bundled).explain(pictures)

    higher, lower = (
        _lowering(bundled, pictures, explained, choose) for choose in (np.argmax, np.argmin)
    )

    assert (higher > lower).mean() > 0.6, "in half of them if explanations told nothing"
    assert higher.mean() > 3 * abs(lower.mean())
