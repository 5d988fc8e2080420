from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.duration import clock_time


@given(seconds=st.floats(-1e7, 1e7), decimals=st.integers(1, 3))
def test_a_moment_is_told_to_the_decimal(seconds: float, decimals: int) -> None:
    text = clock_time(seconds, decimals)
    parts = [float(part) for part in text.removeprefix("-").split(":")]
    told = sum(part * 60**place for place, part in enumerate(reversed(parts)))
    assert told == pytest.approx(abs(seconds), abs=0.51 * 10**-decimals)
    assert all(part < 60 for part in parts[1:])
    assert len(text.partition(".")[2]) == decimals
