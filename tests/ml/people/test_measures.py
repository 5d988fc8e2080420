from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.expressions import EXPRESSIONS, Expression
from ml.people.measures import valence

probabilities = st.lists(st.floats(0.01, 1), min_size=7, max_size=7).map(
    lambda shares: np.array(shares) / sum(shares)
)
UNPLEASANT = (Expression.ANGRY, Expression.DISGUST, Expression.FEAR, Expression.SAD)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_a_sure_expression_is_pleasant_unpleasant_or_neither(expression: Expression) -> None:
    sure = np.eye(7)[expression]
    wanted = 1 if expression is Expression.HAPPY else -1 if expression in UNPLEASANT else 0
    assert valence(sure) == wanted


@given(probabilities)
def test_it_is_happy_less_the_strongest_that_is_unpleasant(answer: np.ndarray) -> None:
    difference = answer[Expression.HAPPY] - max(answer[expression] for expression in UNPLEASANT)
    assert valence(answer) == pytest.approx(difference, abs=1e-6)


@given(st.lists(probabilities, min_size=1, max_size=5))
def test_many_at_once_are_each_as_alone(answers: list[np.ndarray]) -> None:
    assert valence(np.array(answers)).tolist() == [float(valence(answer)) for answer in answers]
