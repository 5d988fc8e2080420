"""The picture of a face in FER2013's format, which data sets, cameras and network share."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

SIDE: Final = 48
"""Width and height in pixels."""


def shrink(grey: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """A grey picture [height, width] at 48×48: by area averaging if larger, else bilinearly."""
    if grey.shape == (SIDE, SIDE):
        return grey
    larger = min(grey.shape) >= SIDE
    picture: npt.NDArray[np.uint8] = cv2.resize(
        grey,
        (SIDE, SIDE),
        interpolation=cv2.INTER_AREA if larger else cv2.INTER_LINEAR,
    )
    return picture
