from __future__ import annotations

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ml.vision.sources import SourceError, open_source, to_bgr
from tests.ml.vision.sources.files import Picture, frames_of, refusal


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".webp", ".tiff", ".ppm", ".jp2"])
def test_image_kinds(tmp_path: Path, picture: Picture, suffix: str) -> None:
    path = tmp_path / f"picture{suffix}"
    path.write_bytes(cv2.imencode(suffix, picture)[1].tobytes())

    (frame,) = frames_of(path)

    assert (frame.index, frame.time) == (0, 0.0)
    assert frame.image.dtype == np.uint8
    assert np.abs(frame.image.astype(int) - picture).mean() < 6


def test_an_image_is_one_still_frame(tmp_path: Path, picture: Picture) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), picture)
    with open_source(str(tmp_path / "a.png")) as source:
        assert source.still
        assert not source.live
        assert source.read()
        assert source.read() is None


# Any array


@given(
    st.data(),
    st.sampled_from(
        [np.uint8, np.int8, np.uint16, np.int16, np.int32, np.float16, np.float32, np.float64, bool]
    ),
    st.sampled_from([None, 1, 2, 3, 4]),
)
def test_any_array_becomes_bgr_bytes(
    data: st.DataObject, dtype: type, channels: int | None
) -> None:
    height, width = data.draw(st.integers(1, 9)), 2 * data.draw(st.integers(1, 5))
    shape = (height, width) if channels is None else (height, width, channels)
    array = data.draw(hnp.arrays(dtype, shape))
    if data.draw(st.booleans()):
        array = array[::-1, ::-1]

    image = to_bgr(array)

    assert image.shape == (height, width, 3)
    assert image.dtype == np.uint8
    assert image.flags.c_contiguous


def test_values_are_kept(picture: Picture) -> None:
    assert to_bgr(picture) is picture, "a frame that needs nothing is not copied"
    np.testing.assert_array_equal(to_bgr(picture[:, ::-1]), picture[:, ::-1])
    np.testing.assert_array_equal(to_bgr(picture.astype(np.uint16) * 257), picture)
    assert np.abs(to_bgr(picture / np.float32(255)).astype(int) - picture).max() <= 1
    np.testing.assert_array_equal(to_bgr(picture.astype(np.int16)), picture)


def test_yuyv_is_decoded() -> None:
    """Grey of brightness 126 (of 16 to 235) in YUYV: half of white."""
    yuyv = np.dstack([np.full((4, 6), 126, np.uint8), np.full((4, 6), 128, np.uint8)])
    assert np.abs(to_bgr(yuyv).astype(int) - 128).max() <= 1


@pytest.mark.parametrize("shape", [(4, 4, 5), (4, 4, 0), (4, 5, 2)])
def test_unknown_channels_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(SourceError, match="channels"):
        to_bgr(np.zeros(shape, np.uint8))


# What bad input gets


@pytest.mark.parametrize("side", [32_000, 200_000, 2**31 - 1])
def test_images_that_claim_to_be_huge(tmp_path: Path, side: int) -> None:
    def chunk(kind: bytes, content: bytes) -> bytes:
        check = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)

    path = tmp_path / "huge.png"
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(bytes(100)))
        + chunk(b"IEND", b"")
    )
    assert "huge.png has more pixels than are read (178 million)" in refusal(path)
