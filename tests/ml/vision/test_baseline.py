from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.expressions import EXPRESSIONS, Expression
from ml.vision.baseline import SECONDS, TYPICAL, Baseline
from tests.ml.people.faces import prediction

_PREDICTION = st.lists(st.floats(0.0, 1.0), min_size=7, max_size=7).filter(lambda p: sum(p) > 0.1)


def taken(answer: tuple[float, ...], step: float = 0.1) -> Baseline:
    baseline = Baseline()
    for n in range(round(SECONDS / step) + 2):
        baseline.add(n * step, answer)
    assert baseline.done == 1
    return baseline


def test_it_takes_three_seconds_of_being_seen() -> None:
    baseline = Baseline()
    for n in range(16):
        baseline.add(n / 10, prediction(Expression.SAD))
    assert baseline.done == pytest.approx(0.5)
    baseline.add(60.0, prediction(Expression.SAD))  # was away for nearly a minute
    assert baseline.done < 0.7


def test_nothing_is_corrected_before_enough_was_seen() -> None:
    baseline = Baseline()
    baseline.add(0.0, prediction(Expression.SAD))
    assert baseline.corrected(prediction(Expression.SAD)) == prediction(Expression.SAD)


def test_a_face_that_looks_sad_at_rest_becomes_neutral() -> None:
    rest = list(prediction(Expression.SAD, 0.6))
    rest[Expression.NEUTRAL] = 0.3
    baseline = taken(tuple(rest))
    corrected = baseline.corrected(tuple(rest))
    assert max(EXPRESSIONS, key=corrected.__getitem__) is Expression.NEUTRAL
    assert sum(corrected) == pytest.approx(1)
    # By the ratio of what is typical, in log space
    odds = math.log(corrected[Expression.SAD] / corrected[Expression.NEUTRAL])
    assert odds == pytest.approx(TYPICAL[Expression.SAD] - math.log(0.3))
    really_sad = list(prediction(Expression.SAD, 0.97))
    assert baseline.corrected(tuple(really_sad))[Expression.SAD] > 0.8


def test_a_face_as_neutral_as_any_is_left_alone() -> None:
    answer = prediction(Expression.NEUTRAL, 0.9999)
    baseline = taken(answer)
    for expression in EXPRESSIONS:
        now = prediction(expression, 0.6)
        assert baseline.corrected(now) == pytest.approx(now)


@given(_PREDICTION, _PREDICTION)
def test_only_neutral_gains_against_all_others(rest: list[float], now: list[float]) -> None:
    rest, now = ([p / sum(of) for p in of] for of in (rest, now))
    corrected = taken(tuple(rest)).corrected(tuple(now))
    assert sum(corrected) == pytest.approx(1)
    assert corrected[Expression.NEUTRAL] >= now[Expression.NEUTRAL] - 1e-9
    assert all(math.isfinite(p) and 0 <= p <= 1 for p in corrected)


def test_further_answers_change_it_no_longer() -> None:
    baseline = taken(prediction(Expression.SAD))
    before = baseline.corrected(prediction(Expression.SAD))
    baseline.add(100.0, prediction(Expression.HAPPY))
    assert baseline.corrected(prediction(Expression.SAD)) == before
