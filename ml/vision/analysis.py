"""A frame, its faces and their expressions, as plain data without torch and cv2."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ml.expressions import EXPRESSIONS, Expression

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Point = tuple[float, float]

MAX_EXTRAPOLATION: Final = 0.25
"""Seconds for which a box is moved along its velocity; after that it stays where it is."""


@dataclass(frozen=True)
class DetectionOptions:
    """How faces are detected."""

    long_side: int = 512
    """Longest side, in pixels, of the reduced copy of the frame on which faces are detected."""
    min_score: float = 0.5
    """The detection threshold, 0 to 1."""
    min_size: float = 24.0
    """Minimum height of a face, in pixels of the frame."""


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
    """One picture of a source, with its number and its time."""

    image: npt.NDArray[np.uint8]
    """BGR [height, width, 3], contiguous; not to be modified once it is in a Frame."""
    index: int
    """Counts the frames of one opened source from 0."""
    time: float
    """Seconds since the source was opened; never decreases, even when a video loops."""
    wall_time: float = 0.0
    """When it was captured or played, in seconds since 1970; 0 if it was only read."""


@dataclass(frozen=True)
class Face:
    """A face found in a frame, in pixels of that frame."""

    x: float
    y: float
    width: float
    height: float
    score: float
    """How sure the detector is that it is a face, 0 to 1."""
    landmarks: tuple[Point, Point, Point, Point, Point]
    """Left eye, right eye, nose, left and right mouth corner; left as seen in the picture."""

    @property
    def centre(self) -> Point:
        """Of the box, in pixels of the frame."""
        return self.x + self.width / 2, self.y + self.height / 2

    def overlap(self, other: Face) -> float:
        """Intersection over union (IoU) of the two boxes, 0 to 1."""
        width = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        height = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        if width <= 0 or height <= 0:
            return 0.0
        shared = width * height
        return shared / (self.width * self.height + other.width * other.height - shared)


@dataclass(frozen=True)
class TrackedFace:
    """A face that is tracked from frame to frame, and its last prediction."""

    track: int
    """The track id, which stays the same while the face stays in view."""
    face: Face
    velocity: Point = (0.0, 0.0)
    """Pixels per second."""
    probabilities: tuple[float, ...] | None = None
    """One for each Expression, in their order; None before the first prediction."""
    answered: float | None = None
    """The time of the frame in which it saw it last, as ``Frame.time``."""
    views: int = 0
    """Crops that this answer is averaged over."""

    @property
    def expression(self) -> Expression | None:
        """The most probable one; None before the first prediction."""
        if self.probabilities is None:
            return None
        return max(EXPRESSIONS, key=self.probabilities.__getitem__)

    @property
    def confidence(self) -> float:
        """The highest probability; 0 before the first prediction."""
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
    """How long detection, tracking and prediction took."""
