from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ml.picture import shrink


def test_shrinking_averages() -> None:
    """A filter that skips pixels would show a fine pattern as something else (aliasing)."""
    pattern = np.indices((192, 192)).sum(0) % 2 * np.uint8(255)
    assert np.abs(shrink(pattern.astype(np.uint8)).astype(int) - 127).max() <= 1


@given(st.integers(1, 200), st.integers(0, 255))
def test_shrink_gives_48_by_48(side: int, value: int) -> None:
    picture = shrink(np.full((side, side), value, np.uint8))
    assert picture.shape == (48, 48)
    assert picture.dtype == np.uint8
    assert (picture == value).all()
