"""What a webcam and the room before it do to the picture of a face, one way at a time.

``augment`` makes training pictures worse with some of them, ``stress`` measures all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
"""Grey, [side, side]."""
Way = Callable[[Picture, float, np.random.Generator], Any]
"""Gives an array that is yet to be clipped to grey levels."""

_EYES: Final = ((0.31, 0.38), (0.69, 0.38))
"""Where the eyes are in FER2013's pictures, roughly, as shares of the side."""


def degraded(way: Way, picture: Picture, strength: float, random: np.random.Generator) -> Picture:
    """``picture`` made worse, by as much as ``strength`` says in the way's own unit."""
    return np.asarray(np.clip(way(picture, strength, random), 0, 255), dtype=np.uint8)


def far(picture: Picture, pixels: float, _: np.random.Generator) -> Any:  # noqa: ANN401
    small = cv2.resize(picture, (int(pixels), int(pixels)), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, picture.shape[::-1], interpolation=cv2.INTER_LINEAR)


def blurred(picture: Picture, sigma: float, _: np.random.Generator) -> Any:  # noqa: ANN401
    return cv2.GaussianBlur(picture, (0, 0), sigma)


def moved(picture: Picture, pixels: float, random: np.random.Generator) -> Any:  # noqa: ANN401
    """Blurred along a line, as a head that moves."""
    size = int(pixels)
    kernel = np.zeros((size, size), np.float32)
    angle = random.uniform(0, np.pi)
    middle = (size - 1) / 2
    for step in np.linspace(-middle, middle, 4 * size):
        x, y = round(middle + step * np.cos(angle)), round(middle + step * np.sin(angle))
        kernel[y, x] = 1
    return cv2.filter2D(picture, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE)


def noisy(picture: Picture, sigma: float, random: np.random.Generator) -> Any:  # noqa: ANN401
    return picture + random.normal(0, sigma, picture.shape)


def compressed(picture: Picture, quality: float, _: np.random.Generator) -> Any:  # noqa: ANN401
    content = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(quality)])[1]
    return cv2.imdecode(content, cv2.IMREAD_GRAYSCALE)


def dim(picture: Picture, gain: float, random: np.random.Generator) -> Any:  # noqa: ANN401
    """Little light, and the noise of a sensor that makes up for it."""
    return picture * gain + random.normal(0, 4, picture.shape)


def backlit(picture: Picture, gain: float, random: np.random.Generator) -> Any:  # noqa: ANN401
    """A dark face before a bright window, whose light veils one side."""
    across = np.linspace(0, 1, picture.shape[1]) ** 3
    if random.random() < 0.5:
        across = across[::-1]
    return picture * gain + 200 * (1 - gain) * across


def wearing_glasses(picture: Picture, shade: float, random: np.random.Generator) -> Any:  # noqa: ANN401
    """Dark rims, and lenses that let 1 - ``shade`` of the light through."""
    side = picture.shape[0]
    worn = cv2.resize(picture, None, fx=4, fy=4, interpolation=cv2.INTER_LINEAR)
    lenses, rims = np.zeros_like(worn), np.zeros_like(worn)
    shift = random.uniform(-0.03, 0.03)
    for x, y in _EYES:
        centre = (round(4 * side * x), round(4 * side * (y + shift)))
        axes = (round(4 * side * 0.15), round(4 * side * 0.11))
        cv2.ellipse(lenses, centre, axes, 0, 0, 360, 255, -1)
        cv2.ellipse(rims, centre, axes, 0, 0, 360, 255, 6)
    bridge = round(4 * side * (_EYES[0][1] + shift))
    cv2.line(rims, (round(4 * side * 0.46), bridge), (round(4 * side * 0.54), bridge), 255, 6)
    worn = np.where(rims > 0, 25, np.where(lenses > 0, worn * (1 - shade), worn))
    return cv2.resize(worn.astype(np.uint8), (side, side), interpolation=cv2.INTER_AREA)


def turned(picture: Picture, degrees: float, random: np.random.Generator) -> Any:  # noqa: ANN401
    """To the side: a flat face in perspective, seen from four widths away."""
    side = float(picture.shape[0] - 1)
    angle = np.radians(degrees) * (1 if random.random() < 0.5 else -1)
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], np.float64)
    nearness = 1 / (1 + corners[:, 0] * np.sin(angle) / 8)
    seen = np.stack([corners[:, 0] * np.cos(angle), corners[:, 1]], axis=1) * nearness[:, None]
    matrix = cv2.getPerspectiveTransform(
        ((corners + 1) / 2 * side).astype(np.float32), ((seen + 1) / 2 * side).astype(np.float32)
    )
    return _warped(picture, matrix)


def tilted(picture: Picture, degrees: float, random: np.random.Generator) -> Any:  # noqa: ANN401
    angle = degrees if random.random() < 0.5 else -degrees
    middle = (picture.shape[0] - 1) / 2
    rotation = cv2.getRotationMatrix2D((middle, middle), angle, 1.0)
    return _warped(picture, np.vstack([rotation, (0, 0, 1)]))


def misplaced(picture: Picture, share: float, random: np.random.Generator) -> Any:  # noqa: ANN401
    """A detector's box that is off by up to ``share`` of its side, and as much in size."""
    side = picture.shape[0]
    scale = 1 + share * random.uniform(-1, 1)
    shift = side * share * random.uniform(-1, 1, 2)
    middle = (side - 1) / 2 * (1 - scale)
    matrix = np.array([(scale, 0, middle + shift[0]), (0, scale, middle + shift[1]), (0, 0, 1)])
    return _warped(picture, matrix)


def _warped(picture: Picture, matrix: npt.NDArray[np.floating]) -> Any:  # noqa: ANN401
    return cv2.warpPerspective(
        picture, matrix, picture.shape[::-1], borderMode=cv2.BORDER_REPLICATE
    )
