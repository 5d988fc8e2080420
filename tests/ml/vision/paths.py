"""People who walk through a picture on known paths, and a detector that misses some of them.

Lengths are in heights of a usual face, so that a speed of 1 is one face a second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ml.vision.analysis import Face
from ml.vision.tracker import Tracker

Way = Callable[[float], tuple[float, float]]
"""From seconds to the centre of the face."""

_PIXELS: Final = 100.0
"""Of a usual face's height."""
_ASPECT: Final = 0.8


@dataclass(frozen=True)
class Person:
    """Somebody in view from ``enters`` to ``leaves``; a larger face is nearer, and covers others.

    Who comes back after having left is another Person: nobody is recognised.
    """

    path: Way
    size: float | Callable[[float], float] = 1.0
    enters: float = 0.0
    leaves: float = float("inf")
    hidden: tuple[float, float] = (0.0, 0.0)
    """From when to when something that is not a face covers theirs."""

    def box(self, time: float) -> tuple[float, float, float]:
        """Centre and height at ``time``."""
        return *self.path(time), self.size(time) if callable(self.size) else self.size

    def in_view(self, time: float) -> bool:
        start, end = self.hidden
        return self.enters <= time < self.leaves and not start <= time < end


@dataclass(frozen=True)
class Detector:
    """What is found of the people in view."""

    rate: float
    """Analyses a second."""
    jitter: float = 0.03
    """Standard deviation of centre and size, in sizes of the face."""
    missed: float = 0.0
    """Share of faces that are not found although they are in full view."""
    most_covered: float = 0.5
    """A face of which nearer ones cover more is not found."""

    def watch(
        self, people: Sequence[Person], seconds: float, rng: np.random.Generator
    ) -> Iterator[tuple[float, list[tuple[int, Face]]]]:
        """Each analysis: its time, and the faces found with whose they are, largest first."""
        for time in np.arange(0, seconds, 1 / self.rate):
            boxes = {n: p.box(time) for n, p in enumerate(people) if p.in_view(time)}
            found = []
            for n, (x, y, size) in boxes.items():
                covered = sum(_cover(boxes[n], other) for m, other in boxes.items() if m != n)
                dx, dy, growth = rng.normal(0, self.jitter, 3)
                height = size * np.exp(growth) * _PIXELS
                width = height * _ASPECT
                left = (x + dx * size) * _PIXELS - width / 2
                top = (y + dy * size) * _PIXELS - height / 2
                if covered <= self.most_covered and rng.random() >= self.missed:
                    found.append((n, Face(left, top, width, height, 0.9, ((0.0, 0.0),) * 5)))
            found.sort(key=lambda pair: -pair[1].height)
            yield float(time), found


def _cover(face: tuple[float, float, float], other: tuple[float, float, float]) -> float:
    """Share of ``face`` that ``other`` covers; none if it is the smaller one, thus behind."""
    if other[2] <= face[2]:
        return 0.0
    share = 1.0
    for at, other_at, aspect in zip(face[:2], other[:2], (_ASPECT, 1), strict=True):
        reach = (face[2] + other[2]) / 2 * aspect
        share *= min(max((reach - abs(at - other_at)) / (face[2] * aspect), 0.0), 1.0)
    return share


def ids(
    people: Sequence[Person], detector: Detector, seconds: float, seed: int = 0
) -> list[set[int]]:
    """The track ids that each of ``people`` had; one each, and no two the same, if all is well."""
    tracker = Tracker()
    seen: list[set[int]] = [set() for _ in people]
    for time, found in detector.watch(people, seconds, np.random.default_rng(seed)):
        tracked = tracker.update([face for _, face in found], time)
        for (n, _), face in zip(found, tracked, strict=True):
            seen[n].add(face.track)
    return seen


def one_each(seen: Sequence[set[int]]) -> bool:
    """Whether every person had one track id, and nobody another's."""
    return all(len(tracks) == 1 for tracks in seen) and len(set.union(*seen)) == len(seen)
