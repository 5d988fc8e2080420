"""What an explanation lays over a face."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtGui import QImage


@dataclass(frozen=True)
class Overlay:
    """A square around the middle of a face's box."""

    track: int
    """The track id of the face."""
    image: QImage
    """With transparency."""
    side_per_height: float
    """The side of the square over the height of the box."""
    radians: float
    """By which the square is turned clockwise."""
