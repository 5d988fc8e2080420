"""A frame, its faces and their expressions, as plain data without torch and cv2."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, IntEnum, auto
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
    smoothing: float = 0.0
    """Time constant of the smoothing over time, in seconds; 0 does not smooth."""


class Turn(IntEnum):
    """Quarter turns of a picture, in degrees clockwise."""

    NONE = 0
    RIGHT = 90
    OVER = 180
    LEFT = 270


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
    turn: Turn = Turn.NONE
    """How its image was turned since it was read."""


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


class Fault(Enum):
    """What makes a prediction worth less."""

    SMALL = auto()
    DARK = auto()
    BRIGHT = auto()
    """Too bright: white all over."""
    FLAT = auto()
    """Little contrast, neither dark nor bright: haze, a dirty lens."""
    BLURRED = auto()
    NOISY = auto()
    TURNED = auto()
    CUT_OFF = auto()
    """By the border of the frame."""


@dataclass(frozen=True)
class Quality:
    """How well a face can be seen; ``ml.vision.quality`` measures it."""

    value: float
    """What the prediction is worth, 0 to 1: the share that is left of the accuracy above chance.

    The least that one measure leaves. Several that are poor at once leave less than that.
    """
    fault: Fault | None
    """What takes most of the worth; None if next to nothing is lost."""
    height: float
    """Of the box, in pixels of the frame."""
    light: float
    """Mean grey level, 0 to 255."""
    tones: float
    """Entropy of the grey levels, 0 to 8 bits: how much the light lets one tell apart."""
    sharpness: float
    """How much grey levels change their slope from pixel to pixel, over the slope: 0 for an even
    ramp, √3 for pure noise. 1.0 to 1.3 in sharp pictures."""
    turn: float
    """Of the head, in degrees from -90 to 90; positive is to the right as seen in the picture."""
    cut_off: float
    """Share of the face that is beyond the border of the frame, 0 to 1, by the landmarks."""


@dataclass(frozen=True)
class TrackedFace:
    """A face that is tracked from frame to frame, and its last prediction."""

    track: int
    """The track id, which stays the same while the face stays in view."""
    face: Face
    velocity: Point = (0.0, 0.0)
    """Pixels per second."""
    raw: tuple[float, ...] | None = None
    """What the network predicted: a probability for each Expression, in their order; None before
    the first prediction."""
    probabilities: tuple[float, ...] | None = None
    """The same corrected by the person's neutral baseline and smoothed, where these are on."""
    answered: float | None = None
    """The time of the frame in which the network saw it last, as ``Frame.time``."""
    views: int = 0
    """Crops that this answer is averaged over."""
    quality: Quality | None = None
    """Of the picture that it was predicted from."""
    baseline: float | None = None
    """How much of the neutral baseline was seen, 0 to 1, from where on it is used; None if it was
    not asked for."""

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
