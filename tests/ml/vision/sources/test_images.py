from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ml.vision.sources import SourceError, open_source, read_image, to_bgr
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


@pytest.mark.parametrize(
    ("make", "like"),
    [
        (lambda p: p[:, :, 1], lambda p: np.repeat(p[:, :, 1:2], 3, axis=2)),
        (lambda p: np.dstack([p, np.full((48, 64), 90, np.uint8)]), lambda p: p),
        (lambda p: p.astype(np.uint16) * 257, lambda p: p),
        (lambda p: p[:, :, 1].astype(np.uint16) * 257, lambda p: np.dstack([p[:, :, 1]] * 3)),
        (
            lambda p: np.dstack([p, np.full((48, 64), 9, np.uint8)]).astype(np.uint16) * 257,
            lambda p: p,
        ),
    ],
    ids=["grey", "4 channels", "16 bits", "16 bits grey", "16 bits 4 channels"],
)
def test_png_kinds(
    tmp_path: Path,
    picture: Picture,
    make: Callable[[Picture], npt.NDArray[Any]],
    like: Callable[[Picture], Picture],
) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), make(picture))
    image = read_image(tmp_path / "a.png")
    assert np.abs(image.astype(int) - like(picture)).max() <= 1


def test_photographs_are_upright_by_their_exif(tmp_path: Path, picture: Picture) -> None:
    content = cv2.imencode(".jpg", picture)[1].tobytes()
    # A minimal EXIF block: orientation (tag 0x0112) 6, to be turned clockwise by 90°.
    exif = b"Exif\0\0MM\0*\0\0\0\x08" + struct.pack(">HHHIHHI", 1, 0x0112, 3, 1, 6, 0, 0)
    segment = b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif
    (tmp_path / "a.jpg").write_bytes(content[:2] + segment + content[2:])

    image = read_image(tmp_path / "a.jpg")

    assert image.shape == (64, 48, 3)
    assert np.abs(image.astype(int) - np.rot90(picture, -1)).mean() < 6


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


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".bmp"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_images_cut_short(tmp_path: Path, picture: Picture, suffix: str, share: float) -> None:
    content = cv2.imencode(suffix, picture)[1].tobytes()
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content[: int(len(content) * share)])
    assert f"a{suffix}" in refusal(path)


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
    assert "huge.png is damaged" in refusal(path)
