"""Frames of one size in a video of another."""

from __future__ import annotations

from typing import Final, NamedTuple

SIZE_OF_PICTURES: Final = (1280, 960)
"""Width and height, in pixels, of the video of a recording of pictures, which are of any size."""


class Fit(NamedTuple):
    """Where a frame is in a video of another size: as large as that allows, in the middle."""

    left: int
    top: int
    width: int
    height: int


def fit(width: int, height: int, size: tuple[int, int]) -> Fit:
    """Of a frame of ``width`` × ``height`` pixels; ``size`` is the video's width and height."""
    scale = min(size[0] / width, size[1] / height)
    inner_width, inner_height = max(round(width * scale), 1), max(round(height * scale), 1)
    left, top = (size[0] - inner_width) // 2, (size[1] - inner_height) // 2
    return Fit(left, top, inner_width, inner_height)
