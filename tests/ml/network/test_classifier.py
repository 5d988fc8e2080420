from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import torch

from ml.expressions import ALPHABETICAL, EXPRESSIONS, Expression
from ml.network.classifier import ExpressionClassifier
from ml.network.input import network_input
from ml.network.model import network_of
from ml.network.weights_files import load_weights
from resources import bundled_weights
from tests.ml.network.small_weights import some_pictures, trained_weights

CPU = "cpu"
# Each order of a file has to be undone by its own inverse; a cyclic one is not its own.
CYCLIC = EXPRESSIONS[2:] + EXPRESSIONS[:2]


@pytest.mark.parametrize("classes", [EXPRESSIONS, ALPHABETICAL, CYCLIC, EXPRESSIONS[::-1]])
def test_outputs_are_in_the_order_of_expression(classes: tuple[object, ...]) -> None:
    weights = dataclasses.replace(trained_weights(), classes=classes)
    x = network_input(
        torch.from_numpy(some_pictures(4)),
        in_channels=3,
        input_size=64,
        mean=weights.mean,
        std=weights.std,
    )
    with torch.no_grad():
        raw = network_of(weights)(x).softmax(1)

    got = ExpressionClassifier(weights, CPU, exact=True).probabilities(some_pictures(4))

    for output, expression in enumerate(classes):
        np.testing.assert_allclose(got[:, expression], raw[:, output], rtol=1e-3, atol=1e-5)


def test_temperature_divides_the_logits() -> None:
    weights = trained_weights()
    logits = ExpressionClassifier(weights, CPU, exact=True).logits(some_pictures(5))
    for temperature in (0.5, 1.0, 2.5):
        warm = dataclasses.replace(weights, temperature=temperature)
        classifier = ExpressionClassifier(warm, CPU, exact=True)
        np.testing.assert_array_equal(classifier.logits(some_pictures(5)), logits)
        np.testing.assert_allclose(
            classifier.probabilities(some_pictures(5)),
            torch.softmax(torch.from_numpy(logits) / temperature, 1).numpy(),
            rtol=1e-5,
        )


@pytest.mark.parametrize("count", [1, 3, 255, 256, 257])
@pytest.mark.parametrize("options", [{}, {"in_channels": 1}, {"input_size": 48}], ids=str)
def test_probabilities(count: int, options: dict[str, object]) -> None:
    classifier = ExpressionClassifier(trained_weights(**options), CPU, exact=True)

    probabilities = classifier.probabilities(some_pictures(count))

    assert probabilities.shape == (count, 7)
    assert probabilities.dtype == np.float32
    assert (probabilities >= 0).all()
    np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-5)
    alone = classifier.probabilities(some_pictures(count)[-1:])
    np.testing.assert_allclose(alone[0], probabilities[-1], rtol=1e-3, atol=1e-6)


def test_no_pictures() -> None:
    classifier = ExpressionClassifier(trained_weights(), CPU, exact=True)
    empty = np.empty((0, 48, 48), np.uint8)
    assert classifier.probabilities(empty).shape == (0, 7)
    assert classifier.logits(empty).shape == (0, 7)


def test_pictures_that_are_views() -> None:
    """Mirrored and sliced arrays have strides torch does not take."""
    classifier = ExpressionClassifier(trained_weights(), CPU, exact=True)
    pictures = some_pictures(4)
    mirrored = pictures[::-1, :, ::-1]
    np.testing.assert_array_equal(
        classifier.probabilities(mirrored), classifier.probabilities(mirrored.copy())
    )


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
