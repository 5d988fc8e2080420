"""Which face of this frame is which face of the last."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ml.analysis import Face, Point, TrackedFace

_MIN_OVERLAP: Final = 0.2
_PATIENCE: Final = 1.0
"""Seconds for which a face that was lost is known again where it was."""
_SMOOTHING: Final = 0.5
"""Share of the newest measurement in the velocity."""


class Tracker:
    """Follows faces by the overlap of their boxes."""

    def __init__(self) -> None:
        self._next_track = 0
        self._known: dict[int, tuple[TrackedFace, float]] = {}
        """Faces by track, each with the time it was last seen."""

    def update(self, faces: list[Face], time: float) -> list[TrackedFace]:
        """``faces`` of the frame at ``time`` seconds, in the same order, with their tracks."""
        free = {
            track: (known, seen)
            for track, (known, seen) in self._known.items()
            if time - seen <= _PATIENCE
        }
        tracked = []
        for face in faces:
            overlaps = {track: face.overlap(known.face) for track, (known, _) in free.items()}
            best = max(overlaps, key=overlaps.__getitem__, default=None)
            if best is None or overlaps[best] < _MIN_OVERLAP:
                tracked.append(TrackedFace(self._next_track, face))
                self._next_track += 1
                continue
            known, seen = free.pop(best)
            velocity = _velocity(known, face, time - seen)
            tracked.append(replace(known, face=face, velocity=velocity))
        self._known = free | {face.track: (face, time) for face in tracked}
        return tracked

    def remember(self, face: TrackedFace) -> None:
        """Keep what has been learnt about a tracked face since ``update``."""
        _, seen = self._known[face.track]
        self._known[face.track] = face, seen


def _velocity(known: TrackedFace, face: Face, seconds: float) -> Point:
    if seconds <= 0:
        return known.velocity
    vx, vy = (
        old * (1 - _SMOOTHING) + _SMOOTHING * (now - then) / seconds
        for old, now, then in zip(known.velocity, face.centre, known.face.centre, strict=True)
    )
    return vx, vy
