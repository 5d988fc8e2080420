"""What an answer is worth: how well the network can see the face, and what it lacks most."""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from ml.picture import SIDE
from ml.vision.analysis import Face, Fault, Quality
from ml.vision.face_crop import LEAST_EYE_DISTANCE, VIEWS

Picture = npt.NDArray[np.uint8]
_Curve = npt.NDArray[np.float64]
"""Rising values of a measure and the worth at each, [2, n]; linear between them."""


def _curve(*points: tuple[float, float]) -> _Curve:
    return np.array(points).T


_FINE: Final = 0.95
"""Value from which nothing is worth a mention: less than a twentieth is lost."""

# What is left of the bundled network's accuracy above chance: docs/measurements.md.
_HEIGHT: Final = _curve((0, 0.0), (25, 0.77), (29, 0.86), (32, 0.92), (36, 0.95), (42, 1.0))
_TONES: Final = _curve(
    (0, 0.0),
    (2.8, 0.25),
    (3.25, 0.33),
    (3.8, 0.58),
    (4.25, 0.73),
    (4.8, 0.86),
    (5.25, 0.92),
    (5.75, 0.95),
    (6.3, 0.98),
    (7.25, 1.0),
)
_SHARPNESS: Final = _curve(
    (0, 0.0),
    (0.27, 0.24),
    (0.35, 0.49),
    (0.46, 0.76),
    (0.56, 0.83),
    (0.65, 0.88),
    (0.75, 0.91),
    (0.85, 0.94),
    (1.05, 0.97),
    (1.15, 1.0),
    (1.25, 0.97),
    (1.35, 0.94),
    (1.45, 0.89),
    (1.55, 0.78),
    (1.65, 0.57),
    (1.7, 0.4),
)
_TURN: Final = _curve((10, 1.0), (66, 0.86))
_CUT_OFF: Final = _curve(
    (0.12, 1.0),
    (0.17, 0.95),
    (0.23, 0.92),
    (0.27, 0.89),
    (0.32, 0.81),
    (0.37, 0.74),
    (0.42, 0.6),
    (1, 0.0),
)

_SHARP: Final = 1.15
"""Sharpness of an ordinary picture: less is blur, more is noise."""
_DARK: Final = 85
_BRIGHT: Final = 170
"""The lower and the upper third of the grey levels."""
_NOSE: Final = 0.37
"""How far the nose is before the eyes, over their distance.

Measured on PublicTest, where turned heads have their eyes closer together relative to the mouth's
distance: docs/measurements.md.
"""
_HEIGHT_PER_EYES: Final = 2.66
"""Box height over the distance from the eyes to the mouth, and over that between the eyes: both
medians are the same on PublicTest, from which the two constants below are, too."""
_WIDTH_PER_HEIGHT: Final = 0.82
_CENTRE: Final = 0.32
"""Where the box's centre is on the way from the eyes to the mouth."""
_LEAST_SIDE: Final = 8
"""Pixels on which sharpness can be measured."""


def quality(picture: Picture, face: Face, size: tuple[float, float]) -> Quality:
    """Of ``face`` in a frame of ``size``, its width and height in pixels.

    ``picture`` is what the network is shown of it, grey [48, 48], in a view of the usual framing.
    """
    light, tones = float(picture.mean()), _tones(picture)
    sharpness = _sharpness(picture, face.height)
    turn, cut_off = _turn(face), _cut_off(face, size)
    worth, fault = min(
        (_worth(_HEIGHT, face.height), Fault.SMALL),
        (_worth(_TONES, tones), _fault_of_light(light)),
        (_worth(_SHARPNESS, sharpness), Fault.BLURRED if sharpness < _SHARP else Fault.NOISY),
        (_worth(_TURN, abs(turn)), Fault.TURNED),
        (_worth(_CUT_OFF, cut_off), Fault.CUT_OFF),
        key=lambda part: part[0],
    )
    return Quality(
        worth,
        fault if worth < _FINE else None,
        height=face.height,
        light=light,
        tones=tones,
        sharpness=sharpness,
        turn=turn,
        cut_off=cut_off,
    )


def _fault_of_light(light: float) -> Fault:
    if light > _BRIGHT:
        return Fault.BRIGHT
    return Fault.DARK if light < _DARK else Fault.FLAT


def _worth(curve: _Curve, measured: float) -> float:
    return float(np.interp(measured, *curve))


def _tones(picture: Picture) -> float:
    counts = np.bincount(picture.ravel(), minlength=256)
    shares = counts[counts > 0] / picture.size
    return float(max(-(shares * np.log2(shares)).sum(), 0.0))


def _sharpness(picture: Picture, height: float) -> float:
    """Along rows or columns, whichever is less: what moves is blurred in one direction."""
    # A small face is enlarged; that it lacks detail is told by its height.
    side = max(round(height * VIEWS[1][0]), _LEAST_SIDE)
    if side < SIDE:
        picture = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
    levels = picture.astype(np.float32)
    return min(_change_of_slope(levels, axis) for axis in (0, 1))


def _change_of_slope(levels: npt.NDArray[np.float32], axis: int) -> float:
    slopes = np.diff(levels, axis=axis)
    changes = np.diff(slopes, axis=axis)
    energy = float(np.square(slopes).mean())
    return math.sqrt(float(np.square(changes).mean()) / energy) if energy else 0.0


def _turn(face: Face) -> float:
    """From how far the nose is off the middle of the eyes, along their line."""
    (x1, y1), (x2, y2), (x, y) = face.landmarks[:3]
    distance = math.hypot(x2 - x1, y2 - y1)
    along = (1.0, 0.0)
    if distance > LEAST_EYE_DISTANCE * face.width:
        along = (x2 - x1) / distance, (y2 - y1) / distance
    offset = (x - (x1 + x2) / 2) * along[0] + (y - (y1 + y2) / 2) * along[1]
    return math.degrees(math.atan2(offset, _NOSE * distance))


def _cut_off(face: Face, size: tuple[float, float]) -> float:
    """By the landmarks: the box ends at the border with the face."""
    (x1, y1), (x2, y2), _, (x3, y3), (x4, y4) = face.landmarks
    eyes, mouth = ((x1 + x2) / 2, (y1 + y2) / 2), ((x3 + x4) / 2, (y3 + y4) / 2)
    # A turn shortens one of the two distances, a nod the other.
    height = _HEIGHT_PER_EYES * max(math.dist(eyes, mouth), math.hypot(x2 - x1, y2 - y1))
    if not height:
        return 0.0
    beyond = []
    for eye, lip, extent, end in zip(
        eyes, mouth, (height * _WIDTH_PER_HEIGHT, height), size, strict=True
    ):
        centre = eye + _CENTRE * (lip - eye)
        beyond.append(0.5 + max(-centre, centre - end) / extent)
    return min(max(*beyond, 0.0), 1.0)
