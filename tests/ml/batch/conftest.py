"""A folder with videos and pictures, good and bad, and what analyses it."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from ml.batch.networks import Networks
from ml.batch.options import BatchOptions

PORTRAITS = 3
"""Pictures in the folder that can be read."""


@pytest.fixture(scope="session")
def exact() -> Iterator[Networks]:
    """In float32."""
    networks = Networks(BatchOptions(exact=True, views=1), threads=2)
    # Its threads start when they are needed; a test would seem to have left them behind.
    together = threading.Barrier(networks.threads)
    list(networks.pool.map(lambda _: together.wait(), range(networks.threads)))
    yield networks
    networks.pool.shutdown()


@pytest.fixture
def folder(tmp_path: Path, clip: Path, portrait: npt.NDArray[np.uint8]) -> Path:
    """``Día 1``: a clip, three pictures, one broken; below it another clip, and a text."""
    top = tmp_path / "Día 1"
    below = top / "50 % #2"
    below.mkdir(parents=True)
    shutil.copy(clip, top / "a.avi")
    shutil.copy(clip, below / "b.avi")
    for n in range(PORTRAITS):
        size = 256 + 32 * n
        write_picture(top / f"{n} 顔.png", cv2.resize(portrait, (size, size)))
    (top / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more of it")
    (below / "notes.txt").write_text("Of the second day.")
    return top


def write_picture(path: Path, image: npt.NDArray[np.uint8]) -> None:
    path.write_bytes(cv2.imencode(path.suffix, image)[1].tobytes())
