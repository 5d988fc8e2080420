"""Which face of a frame is which face of the frame before."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ml.vision.analysis import Face, Point, TrackedFace

_MIN_OVERLAP: Final = 0.2
_PATIENCE: Final = 1.0
"""Seconds for which a lost face gets its track back if it reappears in its place."""
_SMOOTHING: Final = 0.5
"""Weight of the newest measurement in the velocity."""


class Tracker:
    """Tracks faces by the overlap of their boxes."""

    def __init__(self) -> None:
        self._next_track = 0
        self._known: dict[int, tuple[TrackedFace, float]] = {}
        """Faces by track id, each with the time it was last seen."""

    def update(self, faces: list[Face], time: float) -> list[TrackedFace]:
        """``faces`` of the frame at ``time`` seconds, in the same order, with their track ids."""
        free = {
            track: (known, seen)
            for track, (known, seen) in self._known.items()
            if time - seen <= _PATIENCE
        }
        # Best overlap first, so that a newcomer does not take the track of a face it partly hides.
        pairs = sorted(
            (
                (face.overlap(known.face), position, track)
                for position, face in enumerate(faces)
                for track, (known, _) in free.items()
            ),
            reverse=True,
        )
        follows: dict[int, TrackedFace] = {}
        for overlap, position, track in pairs:
            if overlap < _MIN_OVERLAP or position in follows or track not in free:
                continue
            known, seen = free.pop(track)
            velocity = _velocity(known, faces[position], time - seen)
            follows[position] = replace(known, face=faces[position], velocity=velocity)
        tracked = [follows.get(position) or self._new(face) for position, face in enumerate(faces)]
        self._known = free | {face.track: (face, time) for face in tracked}
        return tracked

    def _new(self, face: Face) -> TrackedFace:
        self._next_track += 1
        return TrackedFace(self._next_track - 1, face)

    def forget_answers(self) -> None:
        """Of all faces: another network is to be asked."""
        self._known = {
            track: (replace(face, probabilities=None, answered=None), seen)
            for track, (face, seen) in self._known.items()
        }

    def remember(self, face: TrackedFace) -> None:
        """Store what was added to a tracked face since ``update``: its prediction."""
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
