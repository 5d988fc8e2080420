"""How an image lies, and what makes it upright."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt


class Orientation(NamedTuple):
    """What makes an image upright, in this order."""

    transposed: bool = False
    mirrored: bool = False
    upended: bool = False

    def of(self, image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """``image`` [height, width, 3] upright and contiguous; itself if it is both."""
        if self.transposed:
            image = cv2.transpose(image)
        if self.mirrored:
            image = cv2.flip(image, 1)
        if self.upended:
            image = cv2.flip(image, 0)
        return np.ascontiguousarray(image, np.uint8)
