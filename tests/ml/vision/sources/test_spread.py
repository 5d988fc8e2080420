from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.vision.sources.spread import spread_images
from tests.ml.vision.sources.files import Picture, encode, write_video


def _numbered(count: int) -> list[Picture]:
    """Frames that tell their place, from 0 to 1, by their grey level."""
    return [np.full((48, 64, 3), 20 + 200 * n // count, np.uint8) for n in range(count)]


def _places(path: Path, count: int = 10) -> list[float]:
    return [(float(image.mean()) - 20) / 200 for image in spread_images(path, count)]


def test_all_over_a_video_that_can_be_sought_in(tmp_path: Path) -> None:
    path = encode(tmp_path / "v.mp4", _numbered(200), g="5")
    np.testing.assert_allclose(_places(path), np.arange(0.05, 1, 0.1), atol=0.04)


def test_more_from_the_beginning_where_there_are_few_key_frames(tmp_path: Path) -> None:
    path = encode(tmp_path / "v.mp4", _numbered(200), g="1000", sc_threshold="0")
    np.testing.assert_allclose(_places(path), np.arange(0, 200, 30) / 200, atol=0.02)
    assert len(_places(path, 3)) == 3


@pytest.mark.parametrize("frames", [1, 2, 5])
def test_no_more_than_there_are(tmp_path: Path, frames: int) -> None:
    places = _places(write_video(tmp_path / "v.avi", 25, frames))
    assert len(places) == frames
    assert all(earlier < later for earlier, later in pairwise(places))


def test_a_bare_stream_that_tells_no_length(tmp_path: Path) -> None:
    path = encode(tmp_path / "v.h264", _numbered(200), g="10", sc_threshold="0")
    places = _places(path)
    assert len(places) >= 7
    assert max(places) > 0.8


@pytest.mark.parametrize("name", ["v.avi", "v.mkv"])
@pytest.mark.parametrize("left", [0.5, 0.9])
def test_one_that_is_cut_off(tmp_path: Path, name: str, left: float) -> None:
    codec = "mjpeg" if name.endswith("avi") else "libx264"
    pixels = "yuvj420p" if name.endswith("avi") else "yuv420p"
    path = encode(tmp_path / name, _numbered(200), codec, pixels, g="5")
    content = path.read_bytes()
    path.write_bytes(content[: round(len(content) * left)])
    places = _places(path)
    assert len(places) >= 3
    assert max(places) > left / 2


def test_upright_as_the_video_says(tmp_path: Path) -> None:
    path = encode(tmp_path / "v.mp4", _numbered(50), display={"degrees": 90})
    assert {image.shape for image in spread_images(path, 3)} == {(64, 48, 3)}


def test_none_of_what_is_no_video(tmp_path: Path) -> None:
    text, empty = tmp_path / "a.mp4", tmp_path / "b.mp4"
    text.write_bytes(b"\x00\x01\x02 not a video" * 100)
    empty.touch()
    for path in (text, empty, tmp_path / "missing.mp4", tmp_path):
        assert list(spread_images(path, 5)) == []


@settings(max_examples=25)
@given(
    name=st.sampled_from(["v.mp4", "v.avi"]),
    damage=st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=20)), min_size=1),
)
def test_damage_anywhere_stops_nothing(
    tmp_path_factory: pytest.TempPathFactory, name: str, damage: list[tuple[float, bytes]]
) -> None:
    path = encode(tmp_path_factory.mktemp("v") / name, _numbered(20), "mpeg4")
    content = bytearray(path.read_bytes())
    for place, other in damage:
        start = int(place * (len(content) - 1))
        content[start : start + len(other)] = other
    path.write_bytes(content)
    assert len(list(spread_images(path, 5))) <= 5
