"""Metrics against plain formulas and small examples worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.evaluation.metrics import CALIBRATION_BINS, fit_temperature, measure
from ml.evaluation.results import Scores
from ml.expressions import EXPRESSIONS, Expression

A, D, H = Expression.ANGRY, Expression.DISGUST, Expression.HAPPY


def sure_of(*predicted: int, confidence: float = 0.9) -> npt.NDArray[np.float32]:
    """Probabilities whose largest is ``confidence``, for the classes given."""
    rest = (1 - confidence) / (len(EXPRESSIONS) - 1)
    probabilities = np.full((len(predicted), len(EXPRESSIONS)), rest, np.float32)
    probabilities[np.arange(len(predicted)), predicted] = confidence
    return probabilities


def some_predictions(seed: int, pictures: int) -> tuple[npt.NDArray[np.int64], torch.Tensor]:
    """Labels and logits that know something of them, from peaked to vague."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, rng.integers(1, 8), pictures)
    logits = rng.normal(0, rng.uniform(0.3, 6), (pictures, len(EXPRESSIONS)))
    logits[np.arange(pictures), labels] += 1
    return labels, torch.from_numpy(logits)


def test_small_example_by_hand() -> None:
    #                      right  missed  right  right  mistaken for angry
    labels = np.array([A, A, H, H, H])
    scores = measure(labels, sure_of(A, H, H, H, A))
    assert scores.pictures == 5
    assert scores.accuracy.value == pytest.approx(3 / 5)
    angry, happy = scores.classes[A], scores.classes[H]
    assert (angry.precision, angry.recall, angry.f1) == pytest.approx((1 / 2, 1 / 2, 1 / 2))
    assert (happy.precision, happy.recall, happy.f1) == pytest.approx((2 / 3, 2 / 3, 2 / 3))
    assert (angry.support, angry.predicted, happy.support, happy.predicted) == (2, 2, 3, 3)
    assert scores.macro_f1.value == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert [scores.confusion[A][H], scores.confusion[H][A], scores.confusion[H][H]] == [1, 1, 2]
    assert scores.calibration_error == pytest.approx(0.9 - 3 / 5)
    (point,) = scores.reliability
    assert (point.confidence, point.accuracy, point.pictures) == pytest.approx((0.9, 0.6, 5))


def test_top2_counts_the_second_guess() -> None:
    probabilities = np.array(
        [[0.5, 0.3, 0.2, 0, 0, 0, 0], [0.2, 0.3, 0.5, 0, 0, 0, 0], [0.5, 0.3, 0.2, 0, 0, 0, 0]],
        np.float32,
    )
    scores = measure(np.array([0, 1, 2]), probabilities)
    assert scores.top2 == pytest.approx(2 / 3)
    assert scores.accuracy.value == pytest.approx(1 / 3)


def test_class_that_is_absent_but_predicted() -> None:
    scores = measure(np.array([A, A]), sure_of(A, D))
    assert scores.classes[D].ratio is None
    assert scores.classes[D].f1 == 0
    assert scores.classes[A].ratio == 0.5
    # It counts in the mean, the five that neither occur nor are predicted do not.
    assert scores.macro_f1.value == pytest.approx((2 / 3 + 0) / 2)


def test_one_picture() -> None:
    scores = measure(np.array([H]), sure_of(H))
    for estimate in (scores.accuracy, scores.macro_f1):
        assert (estimate.value, estimate.low, estimate.high) == (1, 1, 1)


def test_no_picture_is_an_error() -> None:
    with pytest.raises(ValueError, match="no pictures"):
        measure(np.empty(0, np.int64), np.empty((0, 7), np.float32))


def test_certainty_stays_in_the_last_bin() -> None:
    scores = measure(
        np.array([H, A, H]), np.vstack([sure_of(H, A, confidence=1), sure_of(A, confidence=0.99)])
    )
    (point,) = scores.reliability
    assert point.pictures == 3
    # Two right with confidence 1 and one wrong with 0.99 are one bin, not two.
    assert scores.calibration_error == pytest.approx(2.99 / 3 - 2 / 3, abs=1e-6)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), pictures=st.integers(1, 300))
def test_agrees_with_the_plain_formulas(seed: int, pictures: int) -> None:
    labels, logits = some_predictions(seed, pictures)
    probabilities = torch.softmax(logits, 1).float().numpy()
    scores = measure(labels, probabilities)

    predicted = probabilities.argmax(1)
    right = predicted == labels
    assert scores.accuracy.value == pytest.approx(right.mean())
    occurring = []
    for e in EXPRESSIONS:
        hits = int((right & (labels == e)).sum())
        support, claimed = int((labels == e).sum()), int((predicted == e).sum())
        of = scores.classes[e]
        assert (of.support, of.predicted) == (support, claimed)
        assert of.precision == pytest.approx(hits / claimed if claimed else 0)
        assert of.recall == pytest.approx(hits / support if support else 0)
        if support or claimed:
            occurring.append(2 * hits / (support + claimed))
            assert of.f1 == pytest.approx(occurring[-1])
        assert sum(scores.confusion[e]) == support
        assert sum(row[e] for row in scores.confusion) == claimed
    assert scores.macro_f1.value == pytest.approx(np.mean(occurring))
    second = np.argsort(-probabilities, axis=1)[:, :2]
    assert scores.top2 == pytest.approx((second == labels[:, None]).any(1).mean())
    confidence = probabilities.max(1)
    bins = np.minimum(confidence * CALIBRATION_BINS, CALIBRATION_BINS - 1).astype(int)
    gaps = [
        abs(confidence[bins == b].sum() - right[bins == b].sum()) for b in range(CALIBRATION_BINS)
    ]
    assert scores.calibration_error == pytest.approx(sum(gaps) / pictures, abs=1e-5)
    assert len(scores.reliability) == len(set(bins))


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), pictures=st.integers(1, 300))
def test_calibration_error_is_the_gap_of_the_reliability_curve(seed: int, pictures: int) -> None:
    labels, logits = some_predictions(seed, pictures)
    scores = measure(labels, torch.softmax(logits, 1).float().numpy())
    gap = sum(abs(p.confidence - p.accuracy) * p.pictures for p in scores.reliability)
    assert scores.calibration_error == pytest.approx(gap / pictures, abs=1e-5)
    assert sum(p.pictures for p in scores.reliability) == pictures


def labels_drawn_from(probabilities: torch.Tensor, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.multinomial(probabilities, 1, generator=generator).squeeze(1)


def test_calibrated_probabilities_have_next_to_no_calibration_error() -> None:
    _, logits = some_predictions(0, 50_000)
    probabilities = torch.softmax(logits, 1)
    labels = labels_drawn_from(probabilities, 1).numpy()
    assert measure(labels, probabilities.float().numpy()).calibration_error < 0.01
    overconfident = torch.softmax(logits * 3, 1).float().numpy()
    assert measure(labels, overconfident).calibration_error > 0.05


def interval_of_a_coin(pictures: int) -> Scores:
    """Half of the pictures right."""
    return measure(np.full(pictures, H), sure_of(*([H, A] * (pictures // 2))))


def test_intervals_match_the_normal_approximation_and_reproduce() -> None:
    scores = interval_of_a_coin(2000)
    half_width = 1.96 * math.sqrt(0.25 / 2000)
    assert scores.accuracy.low == pytest.approx(0.5 - half_width, abs=0.003)
    assert scores.accuracy.high == pytest.approx(0.5 + half_width, abs=0.003)
    assert scores.macro_f1.low < scores.macro_f1.value < scores.macro_f1.high
    assert interval_of_a_coin(2000) == scores


def test_intervals_match_resampling_the_pictures_one_by_one() -> None:
    labels, logits = some_predictions(7, 400)
    probabilities = torch.softmax(logits, 1).float().numpy()
    scores = measure(labels, probabilities)
    rng = np.random.default_rng(1)
    draws = [rng.integers(0, len(labels), len(labels)) for _ in range(200)]
    resampled = [measure(labels[draw], probabilities[draw]) for draw in draws]
    for name in ("accuracy", "macro_f1"):
        values = [getattr(scores, name).value for scores in resampled]
        low, high = np.percentile(values, (2.5, 97.5))
        assert getattr(scores, name).low == pytest.approx(low, abs=0.015)
        assert getattr(scores, name).high == pytest.approx(high, abs=0.015)


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.5])
def test_temperature_finds_a_known_scaling(scale: float) -> None:
    logits = torch.randn((30_000, 7), generator=torch.Generator().manual_seed(0)) * 2
    labels = labels_drawn_from(torch.softmax(logits, 1), 1)
    assert fit_temperature(logits * scale, labels) == pytest.approx(scale, rel=0.03)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_temperature_is_likelier_than_its_neighbours(seed: int) -> None:
    labels, logits = some_predictions(seed, 200)
    best = fit_temperature(logits, torch.from_numpy(labels))

    def loss(temperature: float) -> float:
        return torch.nn.functional.cross_entropy(
            logits / temperature, torch.from_numpy(labels)
        ).item()

    if best != 1.0:
        assert loss(best) <= min(loss(best * 1.02), loss(best / 1.02))


@pytest.mark.parametrize(
    ("logits", "labels"),
    [
        pytest.param(torch.empty((0, 7)), [], id="no pictures"),
        pytest.param(torch.zeros((3, 7)), [0, 1, 2], id="says nothing"),
        pytest.param(torch.full((2, 7), torch.nan), [0, 1], id="not a number"),
        pytest.param(torch.eye(7) * torch.inf, list(range(7)), id="infinite"),
        pytest.param(torch.eye(7), list(range(7)), id="all right"),
        pytest.param(torch.eye(7), [1, 2, 3, 4, 5, 6, 0], id="all wrong"),
    ],
)
def test_temperature_is_1_where_none_fits(logits: torch.Tensor, labels: list[int]) -> None:
    assert fit_temperature(logits, torch.tensor(labels, dtype=torch.int64)) == 1.0
