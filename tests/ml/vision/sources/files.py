"""Videos to read, what comes out of them, and what is said of sources that cannot be read."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt
import pytest
from av.video.reformatter import ColorRange, Colorspace
from PIL import Image

from ml.vision.analysis import Frame
from ml.vision.sources import SourceError, open_source

Picture = npt.NDArray[np.uint8]


def frames_of(path: Path) -> list[Frame]:
    with open_source(str(path)) as source:
        return list(iter(source.read, None))


def refusal(address: object) -> str:
    """What is said of a source that cannot be opened, or not be read from."""
    with pytest.raises(SourceError) as caught, open_source(str(address)) as source:
        source.read()
    message = str(caught.value)
    assert "\n" not in message
    return message


def write_video(path: Path, rate: float, count: int, codec: str = "MJPG") -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), rate, (64, 48))
    assert writer.isOpened()
    for n in range(count):
        writer.write(np.full((48, 64, 3), 5 * n, np.uint8))
    writer.release()
    return path


def encode(
    path: Path,
    images: Sequence[Picture],
    codec: str = "libx264",
    pixels: str = "yuv420p",
    *,
    times: Sequence[float] | None = None,
    matrix: Colorspace = Colorspace.ITU601,
    span: ColorRange = ColorRange.MPEG,
    display: Mapping[str, Any] | None = None,
    **options: str,
) -> Path:
    """A video by PyAV: at 25 frames a second unless ``times`` tell others, in s.

    ``matrix`` and ``span`` are of its colours, ``display`` what set_display_rotation takes.
    """
    height, width = images[0].shape[:2]
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, 25, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, pixels
        encoder = stream.codec_context
        encoder.colorspace, encoder.color_range, encoder.thread_count = matrix, span, 1
        if display is not None:
            stream.set_display_rotation(**display)
        if times is not None:
            encoder.time_base = Fraction(1, 1000)
        for n, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(image, "bgr24").reformat(
                format=pixels, dst_colorspace=matrix, dst_color_range=span
            )
            frame.pts = n if times is None else round(times[n] * 1000)
            frame.time_base = Fraction(1, 25 if times is None else 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    """An image file by Pillow."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def bgr(image: Image.Image) -> Picture:
    return np.ascontiguousarray(np.asarray(image.convert("RGB"))[:, :, ::-1])


def difference(image: Picture, other: Picture) -> float:
    """The mean of how much their values differ, 0 to 255."""
    assert image.shape == other.shape
    return float(np.abs(image.astype(int) - other).mean())
