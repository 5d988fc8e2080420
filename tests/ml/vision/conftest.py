from __future__ import annotations

import numpy as np
import pytest

from tests.ml.vision.sources.files import Picture


@pytest.fixture
def picture() -> Picture:
    """A smooth coloured picture [48, 64, 3] that survives compression, blue at its left."""
    rows, columns = np.mgrid[0:48, 0:64]
    return np.stack([255 - columns * 4, rows * 5, columns * 4], axis=2).astype(np.uint8)
