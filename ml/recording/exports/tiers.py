"""A recording as tiers of intervals, for programs that annotate."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from heapq import heappop, heappush

from ml.recording.corrected import Corrected
from ml.recording.exports.intervals import Interval, label_intervals, person_name
from ml.recording.marker import Marker


@dataclass(frozen=True)
class Tier:
    name: str
    """That of no other tier."""
    intervals: tuple[Interval, ...]
    """In the order of time; none overlap."""


def tiers(corrected: Corrected, name: str, marked: Iterable[Interval]) -> list[Tier]:
    """One of labels for each person, those of ``marked`` called ``name``, those of excluded times.

    Programs allow no overlaps within a tier: what overlaps is in further ones, with its own times.
    """
    excluded = (
        Interval(part.start, part.end, excluded_person(corrected, part.person))
        for part in corrected.excluded
    )
    parts = [
        (person_name(corrected, track), label_intervals(corrected, track))
        for track in corrected.tracks
    ]
    parts += [(name, lane) for lane in _lanes(marked)]
    parts += [("Excluded", lane) for lane in _lanes(excluded)]
    named: dict[str, Tier] = {}
    for wanted, intervals in parts:
        unique, number = wanted, 1
        while unique in named:
            number += 1
            unique = f"{wanted} ({number})"
        named[unique] = Tier(unique, tuple(intervals))
    return list(named.values())


def marker_text(marker: Marker) -> str:
    return ": ".join(part for part in (marker.label, marker.note) if part) or "marker"


def excluded_person(corrected: Corrected, track: int | None) -> str:
    """In words, whom an excluded time is about."""
    return "everybody" if track is None else person_name(corrected, track)


def _lanes(intervals: Iterable[Interval]) -> list[list[Interval]]:
    """As few as possible, the first ones the fullest, in each of which none overlap."""
    lanes: list[list[Interval]] = []
    free: list[int] = []
    taken: list[tuple[float, int]] = []  # until when, and the lane
    for interval in sorted(intervals, key=lambda interval: (interval.start, interval.end)):
        while taken and taken[0][0] <= interval.start:
            heappush(free, heappop(taken)[1])
        if free:
            lane = heappop(free)
        else:
            lane = len(lanes)
            lanes.append([])
        lanes[lane].append(interval)
        heappush(taken, (interval.end, lane))
    return lanes
