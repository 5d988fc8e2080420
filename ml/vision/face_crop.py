"""From a face in a frame to pictures of it: grey, and framed as FER2013 frames its faces."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from ml.picture import shrink
from ml.vision.analysis import Face, Point

# Measured with this detector on 900 Training pictures: the box is 45.4 of the 48 pixels high and
# its centre is the picture's centre.
_SIDE_PER_BOX_HEIGHT: Final = 1.06
VIEWS: Final[dict[int, Sequence[float]]] = {
    1: (_SIDE_PER_BOX_HEIGHT,),
    3: (0.85, _SIDE_PER_BOX_HEIGHT, 1.2),
}
"""Side of the crops over the box's height, by the number of views that are averaged.

Photographs and film frames are not framed as FER2013's: three crops gain 1.4 to 2.8 points there.
"""
_UPRIGHT_WITHIN: Final = math.radians(10)
"""Roll up to which a face is left as it is: docs/measurements.md has what was measured."""
LEAST_EYE_DISTANCE: Final = 0.2
"""Share of the box's width below which the eye line is too short to give the roll (a profile)."""


@dataclass(frozen=True)
class CropPlace:
    """The square of a frame that a picture of a face shows, in pixels of that frame."""

    centre: Point
    side: float
    radians: float
    """How far the square is turned about its centre, clockwise as seen in the frame."""


def crop_place(face: Face, ratio: float = _SIDE_PER_BOX_HEIGHT) -> CropPlace:
    """Where the crop lies whose side is ``ratio`` times the box's height; else, of the one view."""
    roll = _roll(face)
    radians = roll if abs(roll) > _UPRIGHT_WITHIN else 0.0
    return CropPlace(face.centre, max(face.height * ratio, 1.0), radians)


def face_pictures(
    image: npt.NDArray[np.uint8], face: Face, views: int = 1
) -> npt.NDArray[np.uint8]:
    """The face as the network is shown it, upright if it is tilted far.

    ``image`` is BGR [height, width, 3]; the result is grey [views, 48, 48]. What lies outside the
    image repeats its edge.
    """
    return np.stack([_crop(image, crop_place(face, ratio)) for ratio in VIEWS[views]])


def _crop(image: npt.NDArray[np.uint8], place: CropPlace) -> npt.NDArray[np.uint8]:
    pixels = max(round(place.side), 1)
    cos = math.cos(place.radians) * place.side / pixels
    sin = math.sin(place.radians) * place.side / pixels
    centre_x, centre_y = place.centre
    # Pixel (0, 0) covers 0..1, so its middle is at 0.5: both centres are shifted by half a pixel.
    middle = pixels / 2 - 0.5
    from_crop = np.array(
        [
            [cos, -sin, centre_x - 0.5 - cos * middle + sin * middle],
            [sin, cos, centre_y - 0.5 - sin * middle - cos * middle],
        ]
    )
    crop = cv2.warpAffine(
        image,
        from_crop,
        (pixels, pixels),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return shrink(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY))


def _roll(face: Face) -> float:
    """Angle between the eye line and the horizontal, in radians; 0 for a profile."""
    (x1, y1), (x2, y2) = face.landmarks[:2]
    if abs(x2 - x1) + abs(y2 - y1) < LEAST_EYE_DISTANCE * face.width:
        return 0.0
    return math.atan2(y2 - y1, x2 - x1)
