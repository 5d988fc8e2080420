"""Which face of a frame is which face of the frames before.

Faces are told apart by where they are, how they move and how large they are, never by whose they
are. A Kalman filter predicts where each known face is now, also while it is hidden, and how sure
that is. Faces are then given to tracks so that all of them together are likeliest. Taking the
likeliest pair first instead was as good for two people who cross, but lost more of the faces that
stand close together when a camera moves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from ml.vision.analysis import Face, Point, TrackedFace
from ml.vision.assignment import assign

# Lengths are in heights of the face, but for those that are said to be in pixels. The values were
# chosen on simulated people who walk, cross, hide and sit; tests/ml/vision/paths.py has such.

_PATIENCE: Final = 2.0
"""Seconds for which a lost face gets its track back if it reappears where it may be by then."""
_LONGEST_STEP: Final = 1.0
"""Seconds that pass at most from one frame to the next: a clock that jumps loses nobody."""
_COAST: Final = 1.0
"""Seconds for which a face is thought to go on as it went; then it has stopped."""
_JITTER: Final = 0.07
"""Standard deviation of the detector's centres; more than it has, for heads also nod and turn."""
_FIRST_SPEED: Final = 1.2
"""Standard deviation of a new face's speed in each direction, per second."""
_UNREST: Final = 3.0
"""Spectral density of the acceleration of a face that is still, in heights²/s³."""
_UNREST_OF_SPEED: Final = 4.0
"""What each height²/s² of speed adds to it: who moves fast also stops and turns fast."""
_MOST_VARIANCE: Final = 4.0
"""Of the predicted centre: somebody hidden may come out so far from there, but not anywhere."""
_TAILS: Final = 3.0
"""Degrees of freedom of Student's t. With fewer, it wonders less at sudden moves."""
_SIZE_SPREAD: Final = 0.08
"""Standard deviation of the logarithm of a face's height from one frame to the next."""
_SIZE_DRIFT: Final = 0.02
"""What each second unseen adds to the square of that."""
_LARGEST_SIZE_COST: Final = 8.0
"""A face that is much too large or small counts as no more than that: it may be half covered."""
_NEW: Final = 3.5
"""Cost of a new track. With more, newcomers take the tracks of those who have just left; with less,
who turned back behind somebody comes out as another."""


@dataclass(frozen=True)
class _Motion:
    """A Kalman filter of constant velocity; both directions have the same variances."""

    centre: Point
    """In pixels."""
    velocity: Point
    """In pixels per second."""
    height: float
    """Of the face when last seen, in pixels."""
    centre_variance: float = _JITTER**2
    covariance: float = 0.0
    velocity_variance: float = _FIRST_SPEED**2

    def rescaled(self, across: float, down: float) -> _Motion:
        (x, y), (vx, vy) = self.centre, self.velocity
        return replace(
            self,
            centre=(x * across, y * down),
            velocity=(vx * across, vy * down),
            height=self.height * down,
        )

    def turned(self, height: int) -> _Motion:
        """A quarter clockwise, with the frame, which was ``height`` pixels high."""
        (x, y), (vx, vy) = self.centre, self.velocity
        return replace(self, centre=(height - y, x), velocity=(-vy, vx))

    def after(self, seconds: float) -> _Motion:
        """Where it is predicted to be if it was not seen for ``seconds``."""
        going = min(seconds, _COAST)
        (x, y), (vx, vy) = self.centre, self.velocity
        unrest = _UNREST + _UNREST_OF_SPEED * (vx * vx + vy * vy) / self.height**2
        return _Motion(
            (x + vx * going, y + vy * going),
            self.velocity,
            self.height,
            self.centre_variance
            + 2 * seconds * self.covariance
            + seconds**2 * self.velocity_variance
            + unrest * seconds**3 / 3,
            self.covariance + seconds * self.velocity_variance + unrest * seconds**2 / 2,
            self.velocity_variance + unrest * seconds,
        )

    def seen(self, face: Face) -> _Motion:
        """Corrected by where it was found."""
        total = self.centre_variance + _JITTER**2
        gain, velocity_gain = self.centre_variance / total, self.covariance / total
        (x, y), (vx, vy) = self.centre, self.velocity
        dx, dy = face.centre[0] - x, face.centre[1] - y
        return _Motion(
            (x + gain * dx, y + gain * dy),
            (vx + velocity_gain * dx, vy + velocity_gain * dy),
            face.height,
            self.centre_variance * (1 - gain),
            self.covariance * (1 - gain),
            self.velocity_variance - velocity_gain * self.covariance,
        )


@dataclass(frozen=True)
class _Known:
    face: TrackedFace
    """As it was last seen."""
    motion: _Motion
    unseen: float = 0.0
    """Seconds since then."""

    @property
    def expected(self) -> tuple[float, float, float, float, float]:
        """Where its centre should be by now, its height, the centre's variance, and ``unseen``."""
        motion = self.motion.after(self.unseen)
        return *motion.centre, motion.height, motion.centre_variance, self.unseen

    def follow(self, face: Face) -> _Known:
        if self.unseen > 0:
            motion = self.motion.after(self.unseen).seen(face)
        else:  # Of a clock that stands or runs backwards no velocity can be learnt.
            motion = replace(self.motion, centre=face.centre, height=face.height)
        return _Known(replace(self.face, face=face, velocity=motion.velocity), motion)


class Tracker:
    """Tracks faces by their motion and their size; see the top of the file."""

    def __init__(self) -> None:
        self._newest = 0
        """The highest track id so far; they count from 1, as people do."""
        self._time: float | None = None
        self._known: dict[int, _Known] = {}
        """By track id."""

    def update(self, faces: list[Face], time: float) -> list[TrackedFace]:
        """``faces`` of the frame at ``time`` seconds, in the same order, with their track ids."""
        self._wait_until(time)
        followed = [
            known.follow(face) if known else self._new(face)
            for face, known in zip(faces, self._match(faces), strict=True)
        ]
        self._known |= {known.face.track: known for known in followed}
        return [known.face for known in followed]

    def _wait_until(self, time: float) -> None:
        """Forget who has not been seen for too long."""
        passed = 0.0 if self._time is None else min(max(time - self._time, 0.0), _LONGEST_STEP)
        self._time = time
        self._known = {
            track: replace(known, unseen=known.unseen + passed)
            for track, known in self._known.items()
            if known.unseen + passed <= _PATIENCE
        }

    def _match(self, faces: list[Face]) -> list[_Known | None]:
        """For each face the known one that it is, None for new ones."""
        tracks = list(self._known.values())
        if not faces or not tracks:
            return [None] * len(faces)
        # A column for each track, and one for each face to be new.
        costs = np.full((len(faces), len(tracks) + len(faces)), _NEW)
        costs[:, : len(tracks)] = _costs(faces, tracks)
        return [tracks[n] if n < len(tracks) else None for n in assign(costs)]

    def _new(self, face: Face) -> _Known:
        self._newest += 1
        motion = _Motion(face.centre, (0.0, 0.0), face.height)
        return _Known(TrackedFace(self._newest, face), motion)

    def forget(self) -> None:
        """All faces; track ids go on."""
        self._known = {}

    def rescale(self, across: float, down: float) -> None:
        """Frames have become so many times as wide and as high, and their faces with them."""
        self._known = {
            track: replace(known, motion=known.motion.rescaled(across, down))
            for track, known in self._known.items()
        }

    def turn(self, quarters: int, size: tuple[int, int]) -> tuple[int, int]:
        """Frames have been turned by so many quarters clockwise, and their faces with them.

        ``size`` is their width and height until now; returns what these have become.
        """
        width, height = size
        for _ in range(quarters):
            self._known = {
                track: replace(known, motion=known.motion.turned(height))
                for track, known in self._known.items()
            }
            width, height = height, width
        return width, height

    def change(self, change: Callable[[TrackedFace], TrackedFace]) -> None:
        """Change what is known of all faces besides their places: their predictions."""
        self._known = {
            track: replace(known, face=change(known.face)) for track, known in self._known.items()
        }

    def remember(self, face: TrackedFace) -> None:
        """Store what was added to a tracked face since ``update``: its prediction."""
        self._known[face.track] = replace(self._known[face.track], face=face)


def _costs(faces: list[Face], tracks: list[_Known]) -> npt.NDArray[np.float64]:
    """How unlikely each face [row] is to be each track's [column].

    The negative logarithm of the likelihood, up to a constant, so that costs may be added.
    """
    x, y, height = np.array([(*face.centre, face.height) for face in faces]).T[:, :, None]
    x0, y0, height0, variance, unseen = np.array([known.expected for known in tracks]).T
    squared_distance = ((x - x0) ** 2 + (y - y0) ** 2) / (height * height0)
    variance = np.minimum(variance, _MOST_VARIANCE) + _JITTER**2
    place = (_TAILS + 2) / 2 * np.log1p(squared_distance / (_TAILS * variance)) + np.log(variance)
    spread = 1 + _SIZE_DRIFT / _SIZE_SPREAD**2 * unseen
    growth = np.log(height / height0) / _SIZE_SPREAD
    size = np.minimum(growth**2 / spread / 2, _LARGEST_SIZE_COST) + np.log(spread) / 2
    costs: npt.NDArray[np.float64] = place + size
    return costs
