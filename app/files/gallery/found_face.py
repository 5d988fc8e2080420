"""One face of the gallery."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ml.expressions import Expression

SIDE: Final = 112
"""Of its picture, in pixels of a screen without scaling."""


@dataclass(frozen=True)
class Place:
    """Where a face is to be seen."""

    file: Path
    time: float | None
    """Seconds since the first frame of a video; None for a picture."""
    box: tuple[float, float, float, float]
    """x, y, width, height, in pixels of the upright frame. Not relied on."""
    turned: int
    """Degrees clockwise by which the frame was turned to be upright."""
    size: tuple[int, int] | None
    """Width and height of the upright picture, in pixels; None for a video."""
    analysed: float
    """When it was, in seconds since 1970."""
    sha256: str
    """Of the video that was analysed; empty if that is not known."""


@dataclass(frozen=True)
class FoundFace:
    folder: Path
    """Of the recording."""
    time: float
    """Seconds since the recording's first frame."""
    person: int
    """Track id after merging; of a picture, the number of the face in it."""
    name: str
    """That the user gave; empty without."""
    place: Place
    expression: Expression
    probabilities: tuple[float, ...]
    """Of each Expression."""
    quality: float | None
    """0 to 1."""

    @property
    def probability(self) -> float:
        """Of its expression."""
        return self.probabilities[self.expression]
