from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ml.recording.sizes import fit

_PIXELS = st.integers(1, 10_000)


@given(_PIXELS, _PIXELS, st.tuples(_PIXELS, _PIXELS))
def test_it_is_as_large_as_fits_and_in_the_middle(
    width: int, height: int, size: tuple[int, int]
) -> None:
    place = fit(width, height, size)
    assert place.width == size[0] or place.height == size[1]
    for begin, extent, whole in (
        (place.left, place.width, size[0]),
        (place.top, place.height, size[1]),
    ):
        assert begin >= 0
        assert begin + extent <= whole
        assert whole - (begin + extent) - begin in (0, 1)
    # Its sides keep their ratio, to a pixel.
    assert abs(place.width * height - place.height * width) <= max(width, height)
