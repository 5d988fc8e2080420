"""What is seen: a frame, its faces, and the expression of each. Plain data, no torch, no cv2."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ml.expressions import EXPRESSIONS, Expression

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Point = tuple[float, float]

MAX_EXTRAPOLATION: Final = 0.25
"""Seconds a box is moved along its velocity before it is better left where it is."""


@dataclass(frozen=True)
class DetectionOptions:
    """How faces are sought."""

    long_side: int = 384
    """Longest side, in pixels, of the copy of the frame on which faces are sought."""
    min_score: float = 0.5
    min_size: float = 24.0
    """Least height of a face, in pixels of the frame."""


AUTOMATIC_VIEWS: Final = 0
"""Three views of each face while there is time for them, else one."""


@dataclass(frozen=True)
class AnalysisOptions:
    """How a frame is analysed."""

    detection: DetectionOptions = field(default_factory=DetectionOptions)
    interval: float = 0.0
    """Seconds of the source's time between two predictions; 0 predicts on every frame."""
    views: int = AUTOMATIC_VIEWS
    """Crops of each face whose predictions are averaged: 1, 3 or AUTOMATIC_VIEWS."""


@dataclass(frozen=True)
class Frame:
    """A picture and when it was seen."""

    image: npt.NDArray[np.uint8]
    """BGR [height, width, 3], contiguous; nobody writes to it once it is in a Frame."""
    index: int
    """Counts the frames of one opened source from 0."""
    time: float
    """Seconds since the source was opened; never runs backwards, also when a video loops."""
    wall_time: float = 0.0
    """When it was captured or played, in seconds since 1970; 0 where it was only read."""


@dataclass(frozen=True)
class Face:
    """A face found in a frame, in pixels of that frame."""

    x: float
    y: float
    width: float
    height: float
    score: float
    """How sure the detector is, 0 to 1."""
    landmarks: tuple[Point, Point, Point, Point, Point]
    """The eye at the picture's left, the other eye, nose, mouth corner at left, the other one."""

    @property
    def centre(self) -> Point:
        return self.x + self.width / 2, self.y + self.height / 2

    def overlap(self, other: Face) -> float:
        """Intersection over union of the two boxes."""
        width = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        height = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        if width <= 0 or height <= 0:
            return 0.0
        shared = width * height
        return shared / (self.width * self.height + other.width * other.height - shared)


@dataclass(frozen=True)
class TrackedFace:
    """A face that is followed from frame to frame, and what the network last said of it."""

    track: int
    """Stays the same while the face stays in view."""
    face: Face
    velocity: Point = (0.0, 0.0)
    """Pixels per second."""
    probabilities: tuple[float, ...] | None = None
    """One for each Expression, in their order; None until the network has seen the face."""
    answered: float | None = None
    """The time of the frame in which it saw it last, as ``Frame.time``."""
    views: int = 0
    """Crops that this answer is averaged over."""

    @property
    def expression(self) -> Expression | None:
        if self.probabilities is None:
            return None
        return max(EXPRESSIONS, key=self.probabilities.__getitem__)

    @property
    def confidence(self) -> float:
        return max(self.probabilities) if self.probabilities else 0.0

    def offset_after(self, seconds: float) -> Point:
        """How far the face will have moved, in pixels, if it keeps its velocity."""
        seconds = min(max(seconds, 0.0), MAX_EXTRAPOLATION)
        return self.velocity[0] * seconds, self.velocity[1] * seconds


@dataclass(frozen=True)
class Analysis:
    """The faces of one frame, largest first."""

    frame: Frame
    faces: tuple[TrackedFace, ...]
    milliseconds: float
    """What finding and classifying took."""
