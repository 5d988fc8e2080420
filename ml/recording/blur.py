"""Faces made unrecognisable, in a frame that is to be recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from ml.vision.analysis import Face

Image = npt.NDArray[np.uint8]
"""BGR [height, width, 3]."""

_SIDE: Final = 1.7
"""Of the square that is covered, over the longer side of the face's box: hair and ears too, and
the whole head however it is tilted."""
_BLOCKS: Final = 3
"""Colours that are left across and down that square, each the mean of its ninth.

The most, and _SIDE the least, with which the detector finds no face there at any detection size,
not even with a score of 0.1: docs/measurements.md.
"""
_SAME: Final = 0.3
"""Overlap (intersection over union) from which a face is the one that was lost, and covers it."""
_KEPT: Final = 0.5
"""Seconds for which a face that is no longer found is still covered where it was last."""


@dataclass(frozen=True)
class _Place:
    face: Face
    seen: float
    """When, in seconds."""


class FaceBlur:
    """Covers the faces of frame after frame, in the order of their times."""

    def __init__(self) -> None:
        self._places: list[_Place] = []

    def blurred(self, image: Image, faces: Sequence[Face], time: float) -> Image:
        """A copy of ``image`` without its ``faces``, and without those lost a moment ago.

        ``time`` is the frame's, in seconds.
        """
        self._places = [*(_Place(face, time) for face in faces), *self._lost(faces, time)]
        copy = image.copy()
        for place in self._places:
            _cover(copy, place.face)
        return copy

    def _lost(self, faces: Sequence[Face], time: float) -> list[_Place]:
        """Where a face was, and none of ``faces`` is instead.

        By places, not by track ids: the track of somebody who only turned away may go on with
        somebody else. One who moves too fast to overlap leaves a trail, which covers too much.
        """
        lost = [place for place in self._places if time - place.seen <= _KEPT]
        for face in faces:
            nearest = max(lost, key=lambda place: place.face.overlap(face), default=None)
            if nearest is not None and nearest.face.overlap(face) >= _SAME:
                lost.remove(nearest)
        return lost


def _cover(image: Image, face: Face) -> None:
    side = _SIDE * max(face.width, face.height)
    (x, y), (height, width) = face.centre, image.shape[:2]
    left, top = max(round(x - side / 2), 0), max(round(y - side / 2), 0)
    right, bottom = min(round(x + side / 2), width), min(round(y + side / 2), height)
    if left >= right or top >= bottom:
        return
    part = image[top:bottom, left:right]
    # At the frame's border there is less of the square, and in as large blocks.
    blocks = [max(round(_BLOCKS * extent / side), 1) for extent in (right - left, bottom - top)]
    means = cv2.resize(part, blocks, interpolation=cv2.INTER_AREA)
    cv2.resize(means, (right - left, bottom - top), dst=part, interpolation=cv2.INTER_LINEAR)
