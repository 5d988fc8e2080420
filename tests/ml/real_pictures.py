"""Pictures of the real data set, where it is there."""

from __future__ import annotations

import random
import zipfile
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest


def some_of_public_test(fer2013_path: Path, count: int) -> npt.NDArray[np.uint8]:
    """The same ``count`` pictures each time, grey [count, 48, 48]; skips if there is no zip."""
    if fer2013_path.suffix != ".zip":
        pytest.skip("needs FER2013 as a zip")
    with zipfile.ZipFile(fer2013_path) as archive:
        names = sorted(name for name in archive.namelist() if "PublicTest" in name)
        return np.stack(
            [
                cv2.imdecode(np.frombuffer(archive.read(name), np.uint8), cv2.IMREAD_GRAYSCALE)
                for name in random.Random(0).sample(names, count)
            ]
        )
