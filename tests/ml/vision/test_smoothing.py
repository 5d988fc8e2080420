from __future__ import annotations

import math
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.vision.smoothing import smoothed

_ANSWERS = st.lists(st.tuples(st.floats(0.001, 3), st.floats(0, 1)), min_size=1, max_size=30)


@given(_ANSWERS, st.floats(0.05, 5))
def test_it_is_the_closed_form_at_uneven_intervals(
    answers: list[tuple[float, float]], time_constant: float
) -> None:
    """The integral of exp(-age / T) / T times the answer that held then, the first for ever."""
    times = list(accumulate(step for step, _ in answers))
    values = [value for _, value in answers]
    result = (values[0],)
    for step, value in answers[1:]:
        result = smoothed(result, (value,), step, time_constant)

    def left(age: float) -> float:
        return math.exp(-age / time_constant)

    ages = [times[-1] - t for t in times]
    wanted = values[0] * left(ages[0]) + sum(
        value * (left(newer) - left(older))
        for value, newer, older in zip(values[1:], ages[1:], ages, strict=False)
    )
    assert result[0] == pytest.approx(wanted, abs=1e-9)


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 3), st.floats(0, 3), st.floats(0.05, 5))
def test_asking_more_often_changes_nothing(
    before: float, now: float, first: float, second: float, time_constant: float
) -> None:
    once = smoothed((before,), (now,), first + second, time_constant)
    halfway = smoothed((before,), (now,), first, time_constant)
    assert smoothed(halfway, (now,), second, time_constant) == pytest.approx(once)


def test_off_and_standing_clocks() -> None:
    assert smoothed((0.0, 1.0), (1.0, 0.0), 0.1, 0) == (1.0, 0.0)
    assert smoothed((0.0, 1.0), (1.0, 0.0), 0, 1) == (0.0, 1.0)
    assert smoothed((0.0, 1.0), (1.0, 0.0), -5, 1) == (0.0, 1.0)
    assert smoothed((0.0, 1.0), (1.0, 0.0), 1e9, 1) == (1.0, 0.0)


def test_a_step_is_followed_by_63_percent_after_the_time_constant() -> None:
    value = (0.0,)
    for _ in range(30):
        value = smoothed(value, (1.0,), 1 / 30, 1.0)
    assert value[0] == pytest.approx(1 - 1 / math.e)
