from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.live.timeline.axis import ticks

tenths = st.integers(0, 100_000).map(lambda count: count / 10)


@given(tenths, st.sampled_from([15.0, 60.0, 600.0, 50_000.0]), st.integers(1, 20))
def test_ticks_are_in_view_evenly_spaced_and_not_too_many(
    start: float, span: float, at_most: int
) -> None:
    found = ticks(start, start + span, at_most)
    assert all(start <= tick <= start + span for tick in found)
    assert len({after - tick for tick, after in pairwise(found)}) <= 1
    assert len(found) <= at_most + 1


def test_a_minute_has_ticks_where_a_clock_has_them() -> None:
    assert ticks(61.0, 121.0, 6) == [70, 80, 90, 100, 110, 120]
    assert ticks(61.0, 121.0, 5) == [75, 90, 105, 120]
