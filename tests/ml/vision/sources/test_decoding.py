"""What is decoded looks as what was encoded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from av.video.reformatter import ColorRange, Colorspace

from tests.ml.vision.sources.files import Picture, difference, encode, frames_of


@pytest.mark.parametrize(
    ("name", "codec", "pixels"),
    [
        ("v.mp4", "libsvtav1", "yuv420p"),
        ("v.webm", "libsvtav1", "yuv420p10le"),
        ("v.mp4", "libx265", "yuv420p"),
        ("v.mov", "libx265", "yuv420p10le"),
        ("v.mov", "libx265", "yuv422p10le"),
        ("v.mp4", "libx264", "yuv444p"),
        ("v.mkv", "libx264", "yuv420p10le"),
        ("v.webm", "libvpx-vp9", "yuv420p"),
        ("v.mpg", "mpeg2video", "yuv420p"),
        ("v.mp4", "mpeg4", "yuv420p"),
        ("v.mov", "prores_ks", "yuv422p10le"),
        ("v.avi", "mjpeg", "yuvj420p"),
    ],
)
def test_codecs(tmp_path: Path, portrait: Picture, name: str, codec: str, pixels: str) -> None:
    small = cv2.resize(portrait, (128, 128), interpolation=cv2.INTER_AREA)
    images = [np.roll(small, 8 * n, axis=1) for n in range(4)]
    quality = {"crf": "10"} if codec.startswith("lib") else {"qmin": "2", "qmax": "2"}
    frames = frames_of(encode(tmp_path / name, images, codec, pixels, **quality))
    assert len(frames) == 4
    for frame, image in zip(frames, images, strict=True):
        assert difference(frame.image, image) < 6


@pytest.mark.parametrize(
    ("name", "codec", "pixels"),
    [
        ("v.mp4", "libx264", "yuv444p"),
        ("v.mp4", "libx265", "yuv444p10le"),
        ("v.webm", "libvpx-vp9", "yuv420p"),
        ("v.mkv", "mpeg4", "yuv420p"),
        ("v.avi", "mjpeg", "yuvj420p"),
    ],
)
def test_odd_sizes(tmp_path: Path, portrait: Picture, name: str, codec: str, pixels: str) -> None:
    image = cv2.resize(portrait, (131, 97), interpolation=cv2.INTER_AREA)
    quality = {"crf": "10"} if codec.startswith("lib") else {"qmin": "2", "qmax": "2"}
    frames = frames_of(encode(tmp_path / name, [image] * 3, codec, pixels, **quality))
    assert len(frames) == 3
    for frame in frames:
        assert difference(frame.image, image) < 6


@pytest.mark.parametrize("size", [(48, 64), (47, 63), (1, 1)], ids=str)
@pytest.mark.parametrize(
    "pixels",
    [
        "yuv420p",
        "yuv411p",
        "yuv422p",
        "yuv444p",
        "yuv420p10le",
        "yuv422p12le",
        "yuv444p16le",
        "yuva420p",
        "bgra",
        "gbrp16le",
    ],
)
def test_pixel_formats(
    tmp_path: Path, picture: Picture, pixels: str, size: tuple[int, int]
) -> None:
    image = np.ascontiguousarray(picture[: size[0], : size[1]])
    (frame,) = frames_of(encode(tmp_path / "v.mkv", [image], "ffv1", pixels))
    assert frame.image.flags.c_contiguous
    assert difference(frame.image, image) < 4


@pytest.mark.parametrize("pixels", ["gray", "gray16le"])
def test_grey(tmp_path: Path, picture: Picture, pixels: str) -> None:
    image = np.repeat(picture[:, :, 1:2], 3, axis=2)
    (frame,) = frames_of(encode(tmp_path / "v.mkv", [image], "ffv1", pixels))
    assert difference(frame.image, image) < 2


@pytest.mark.parametrize("matrix", [Colorspace.ITU601, Colorspace.ITU709])
@pytest.mark.parametrize("span", [ColorRange.MPEG, ColorRange.JPEG])
@pytest.mark.parametrize("pixels", ["yuv420p", "yuv444p", "yuv420p10le"])
def test_colours(
    tmp_path: Path, picture: Picture, matrix: Colorspace, span: ColorRange, pixels: str
) -> None:
    """The other matrix or span would make a difference of 4 or more."""
    path = encode(tmp_path / "v.mkv", [picture], "ffv1", pixels, matrix=matrix, span=span)
    (frame,) = frames_of(path)
    assert difference(frame.image, picture) < 3


@pytest.mark.parametrize("flip", [{}, {"hflip": True}, {"vflip": True}], ids=str)
@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
@pytest.mark.parametrize("name", ["v.mp4", "v.mov"])
def test_turned_and_mirrored(
    tmp_path: Path, picture: Picture, name: str, degrees: int, flip: dict[str, Any]
) -> None:
    """As telephones record: the file says how to turn its pictures, anticlockwise."""
    turn = {"degrees": degrees, **flip}
    frames = frames_of(encode(tmp_path / name, [picture] * 3, crf="10", display=turn))
    expected = np.rot90(picture, degrees // 90)
    if flip:
        expected = np.flip(expected, 1 if "hflip" in flip else 0)
    for frame in frames:
        assert difference(frame.image, expected) < 8
        assert frame.image.flags.c_contiguous
