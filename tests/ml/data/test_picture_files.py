from __future__ import annotations

import contextlib
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.data.dataset import DatasetError
from ml.data.fer2013 import load
from ml.data.picture_files import decode
from ml.picture import SIDE
from tests.ml.data.small_data_sets import (
    by_name,
    encoded,
    noise,
    plain_files,
    write_folder,
    write_zip,
)


def test_jpeg_and_other_sizes(tmp_path: Path) -> None:
    files = {name: encoded(pixels) for name, pixels in plain_files(2).items()}
    constant = np.full((SIDE, SIDE), 77, np.uint8)
    large = np.kron(constant, np.ones((3, 3), np.uint8))
    blocks = np.kron(noise(1), np.ones((2, 2), np.uint8))
    files |= {
        "happy/jpeg.jpg": encoded(constant, "JPEG"),
        "happy/large.png": encoded(large),
        "happy/small.bmp": encoded(constant[:20, :30], "BMP"),
        "happy/blocks.png": encoded(blocks),
        "happy/colour.png": encoded(np.stack([constant] * 3, axis=-1)),
    }
    pictures = {
        name: np.frombuffer(pixels, np.uint8).reshape(SIDE, SIDE)
        for name, (pixels, _) in by_name(load(write_folder(tmp_path, files))).items()
    }
    for name in ("jpeg.jpg", "large.png", "small.bmp", "colour.png"):
        np.testing.assert_array_equal(pictures[f"happy/{name}"], constant)
    np.testing.assert_array_equal(pictures["happy/blocks.png"], noise(1))  # the mean of each block


@given(st.sampled_from(["PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM"]), st.data())
@settings(max_examples=60)
def test_a_damaged_picture_is_decoded_or_refused(kind: str, data: st.DataObject) -> None:
    content = bytearray(encoded(noise(1), kind))
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    del content[data.draw(st.integers(0, len(content))) :]
    with contextlib.suppress(ValueError):  # any other error fails the test
        assert decode(bytes(content)).shape == (SIDE, SIDE)


def huge_png() -> bytes:
    """A well-formed picture of 40,000 × 40,000 black pixels in 200 bytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", 40_000, 40_000, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(40_001)))
        + chunk(b"IEND", b"")
    )


BAD_PICTURES = {
    "empty": (b"", "is an empty file"),
    "text": (b"hello", "is not an image"),
    "truncated PNG": (encoded(noise(1))[:1200], "truncated"),
    "truncated JPEG": (encoded(noise(1), "JPEG")[:1200], "truncated"),
    "too many pixels": (huge_png(), "more pixels"),
    "too many bytes": (bytes((32 << 20) + 1), "is larger than a picture"),
    "16 bits": (encoded(np.zeros((SIDE, SIDE), np.uint16)), "8 bits a channel"),
}


@pytest.mark.parametrize("write", [write_folder, write_zip])
@pytest.mark.parametrize("kind", BAD_PICTURES)
def test_bad_pictures_are_named_or_skipped(
    tmp_path: Path, kind: str, write: Callable[..., Path]
) -> None:
    content, problem = BAD_PICTURES[kind]
    files = {name: encoded(pixels) for name, pixels in plain_files(2).items()}
    padding = {"notes.bin": np.random.default_rng(0).bytes(400_000)}  # the zip itself is no bomb
    path = write(tmp_path / "data.zip", files | padding | {"happy/bad.png": content})
    with pytest.raises(DatasetError, match=rf"happy/bad\.png .*{problem}") as caught:
        load(path)
    assert "--skip-bad" in str(caught.value)
    dataset = load(path, skip_bad=True)
    assert len(dataset.bad) == 1
    assert dataset.bad[0].startswith("happy/bad.png ")
    assert len(dataset.splits()["all"]) == 14
