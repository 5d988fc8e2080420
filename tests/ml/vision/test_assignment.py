from __future__ import annotations

from itertools import permutations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ml.vision.assignment import assign


@st.composite
def _costs(draw: st.DrawFn) -> list[list[float]]:
    rows = draw(st.integers(1, 4))
    columns = draw(st.integers(rows, 6))
    cost = st.integers(-3, 3).map(float) | st.floats(-100, 100)
    row = st.lists(cost, min_size=columns, max_size=columns)
    return draw(st.lists(row, min_size=rows, max_size=rows))


@given(_costs())
def test_no_other_assignment_costs_less(costs: list[list[float]]) -> None:
    columns = assign(np.array(costs))

    assert len(set(columns)) == len(costs)
    least = min(
        sum(row[column] for row, column in zip(costs, other, strict=True))
        for other in permutations(range(len(costs[0])), len(costs))
    )
    total = sum(row[column] for row, column in zip(costs, columns, strict=True))
    assert abs(total - least) < 1e-9


def test_the_cheapest_pair_is_given_up_where_that_costs_less_in_all() -> None:
    assert assign(np.array([[0.0, 1.0], [1.0, 10.0]])) == [1, 0]


def test_nobody_gets_nothing() -> None:
    assert assign(np.zeros((0, 3))) == []
