"""Times in which a person's label stays the same, for programs that annotate intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ml.expressions import LABELS
from ml.recording.corrected import Corrected

_GAP: Final = 0.002
"""Seconds that may lie between two rows that follow each other: times have four decimals."""


@dataclass(frozen=True)
class Interval:
    start: float
    """Seconds since the first frame; ``end`` likewise."""
    end: float
    text: str


def label_intervals(corrected: Corrected, track: int) -> list[Interval]:
    """Of one person, in the order of time; none where they were not seen or are excluded."""
    rows = corrected.counted(track)
    rows = rows[rows["seconds"] > 0]
    if not len(rows):
        return []
    times, labels = rows["time"], rows["label"]
    ends = times + rows["seconds"]
    begins = np.ones(len(rows), bool)
    begins[1:] = (labels[1:] != labels[:-1]) | (times[1:] - ends[:-1] > _GAP)
    first = np.flatnonzero(begins)
    last = np.append(first[1:], len(rows)) - 1
    # One ends where the next begins, though sums of times differ a little.
    until = ends[last]
    until[:-1] = np.minimum(until[:-1], times[first][1:])
    joined = np.append(times[first][1:] - until[:-1] <= _GAP, [False])
    until[joined] = times[first][1:][joined[:-1]]
    return [
        Interval(float(start), float(end), LABELS[label])
        for start, end, label in zip(times[first], until, labels[first], strict=True)
    ]


def person_name(corrected: Corrected, track: int) -> str:
    """The name that the user gave, with the number where two have the same; or the number."""
    name = corrected.names.get(track)
    if not name:
        return f"Person {track}"
    return name if list(corrected.names.values()).count(name) == 1 else f"{name} ({track})"
