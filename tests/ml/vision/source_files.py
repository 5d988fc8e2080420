"""Videos to read, what comes out of them, and what is said of sources that cannot be read."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

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
