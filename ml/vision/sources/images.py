"""Image files, and images as OpenCV delivers them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from ml.vision.analysis import Frame
from ml.vision.sources.source import Source, SourceError


def read_image(path: Path) -> npt.NDArray[np.uint8]:
    """An image as BGR uint8 [height, width, 3], whatever its channels and depth, upright by EXIF.

    Raises SourceError if it cannot be decoded, OSError if it cannot be read.
    """
    # imread cannot open paths outside the code page on Windows.
    content = np.fromfile(path, dtype=np.uint8)
    try:
        image = cv2.imdecode(content, cv2.IMREAD_COLOR)
    except cv2.error:  # it claims more pixels than OpenCV accepts
        image = None
    if image is None:
        raise SourceError(f"{path.name} is damaged: it cannot be decoded as an image.")
    return to_bgr(image)


def to_bgr(image: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Any image OpenCV delivers, as contiguous BGR uint8 [height, width, 3].

    Floats are taken as 0 to 1, two channels as YUYV. Raises SourceError for other channel counts.
    """
    if image.dtype == np.uint16:
        image = (image // np.uint16(256)).astype(np.uint8)
    elif np.issubdtype(image.dtype, np.floating):
        image = (np.nan_to_num(np.clip(image, 0, 1)) * 255).astype(np.uint8)
    elif image.dtype != np.uint8:
        image = np.clip(image.astype(np.float64), 0, 255).astype(np.uint8)
    channels = 1 if image.ndim == 2 else image.shape[2]
    if channels == 1:
        image = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
    elif channels == 2 and image.shape[1] % 2 == 0:
        image = cv2.cvtColor(image, cv2.COLOR_YUV2BGR_YUY2)
    elif channels == 4:
        image = cv2.cvtColor(image, cv2.COLOR_BGRA2BGR)
    elif channels != 3:
        raise SourceError(f"Images with {channels} channels are not supported.")
    return np.ascontiguousarray(image, dtype=np.uint8)


class ImageSource(Source):
    """An image, as a single frame."""

    live = False
    still = True

    def __init__(self, path: Path) -> None:
        """Raises SourceError if it cannot be decoded."""
        self.name = path.name
        self._image: npt.NDArray[np.uint8] | None = read_image(path)

    def read(self) -> Frame | None:
        if self._image is None:
            return None
        frame = Frame(self._image, 0, 0.0)
        self._image = None
        return frame

    def close(self) -> None:
        self._image = None
