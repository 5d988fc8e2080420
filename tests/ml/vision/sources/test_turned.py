from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ml.vision.analysis import Turn
from ml.vision.sources import open_source
from ml.vision.sources.turned import TurnedSource, turned
from tests.ml.vision.sources.files import Picture, frames_of, write_video

_SIDES = st.integers(1, 9)


@given(
    arrays(np.uint8, st.tuples(_SIDES, _SIDES, st.just(3))),
    st.sampled_from(Turn),
    st.sampled_from(Turn),
)
def test_turns_add_up(image: Picture, first: Turn, second: Turn) -> None:
    whole = Turn((first + second) % 360)
    result = turned(turned(image, first), second)
    assert np.array_equal(result, turned(image, whole))
    assert result.flags.c_contiguous
    assert result.dtype == np.uint8


def test_clockwise(picture: Picture) -> None:
    """What is at the left comes to the top."""
    assert picture.shape == (48, 64, 3)
    right = turned(picture, Turn.RIGHT)
    assert right.shape == (64, 48, 3)
    assert np.array_equal(right[0], picture[::-1, 0])
    assert turned(picture, Turn.NONE) is picture


@pytest.mark.parametrize("turn", Turn)
def test_a_source_that_is_turned_is_otherwise_the_same(tmp_path: Path, turn: Turn) -> None:
    path = write_video(tmp_path / "v.avi", 25, 5)
    with open_source(str(path)) as source, TurnedSource(source, turn) as sideways:
        assert (sideways.name, sideways.live, sideways.still) == ("v.avi", False, False)
        assert sideways.length == pytest.approx(0.2)
        frames = list(sideways)
        assert sideways.read() is None
    for frame, straight in zip(frames, frames_of(path), strict=True):
        assert (frame.index, frame.time, frame.turn) == (straight.index, straight.time, turn)
        assert np.array_equal(frame.image, turned(straight.image, turn))


def test_it_closes_the_other(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.avi", 25, 5)
    source = open_source(str(path))
    closed = []
    close = source.close
    source.close = lambda: (close(), closed.append(True))[0]  # type: ignore[method-assign]
    TurnedSource(source, Turn.OVER).close()
    assert closed
