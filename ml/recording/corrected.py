"""A recording as it is looked at: with what the user corrected afterwards."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from ml.people.history import LONGEST, ROW, Rows, holding
from ml.recording.corrections import Corrections, Excluded
from ml.recording.faces import NOBODY, Faces
from ml.recording.limits import LATEST, number
from ml.recording.marker import GAP, Marker
from ml.recording.recording import Recording

_Mask = npt.NDArray[np.bool_]
_Numbers = npt.NDArray[np.int64]
_Times = npt.NDArray[np.float64]


class Corrected:
    """Has everybody's rows as a History has, those of merged people together; never changes."""

    def __init__(self, recording: Recording, corrections: Corrections) -> None:
        self.recording, self.corrections = recording, corrections
        faces = recording.faces
        tracks, places = np.unique(faces.person, return_inverse=True)
        people = [corrections.person(int(t)) if t != NOBODY else NOBODY for t in tracks]
        self.person: _Numbers = np.array(people, np.int64)[places]
        """[rows of Faces]: the track ids after merging; NOBODY stays."""
        self.excluded = tuple(
            part if part.person is None else replace(part, person=corrections.person(part.person))
            for part in corrections.excluded
        )
        """With track ids after merging."""
        self.kept = _kept(faces.time, self.person, self.excluded)
        """[rows of Faces]: False in the excluded times of that person or of everybody."""
        self.names = _names(recording, corrections)
        """Those that were given, by track id after merging."""
        self.markers: tuple[Marker, ...] = (
            recording.markers if corrections.markers is None else corrections.markers
        )
        self.note = recording.about.note if corrections.note is None else corrections.note
        self.start, self.end = 0.0, 0.0
        """Seconds since the first frame, of all rows."""
        seconds = _seconds(recording)
        if len(faces):
            self.start = float(faces.time[0])
            self.end = float(faces.time[-1] + seconds[-1])

        chosen = _one_for_each_time(faces, self.person)
        self.answers: _Numbers = chosen[self.kept[chosen]]
        """Rows of Faces with predictions that count, one for each person and time, in the order of
        person and time."""
        rows, kept = _rows(faces, seconds, chosen), self.kept[chosen]
        people_there, firsts = np.unique(self.person[chosen], return_index=True)
        bounds = [*firsts.tolist(), len(chosen)]
        in_order = np.argsort(chosen[firsts]).tolist()  # of their coming
        parts = {int(people_there[i]): slice(bounds[i], bounds[i + 1]) for i in in_order}
        self._rows = {track: rows[part] for track, part in parts.items()}
        self._counted = {track: rows[part][kept[part]] for track, part in parts.items()}

    @property
    def tracks(self) -> list[int]:
        """The track ids of all people with rows after merging, in the order of their coming."""
        return list(self._rows)

    def seen(self, start: float, end: float) -> list[int]:
        """The track ids of those with rows from ``start`` to ``end``, in the order of coming."""
        return [track for track in self._rows if len(self.rows(track, start, end))]

    def rows(self, track: int, start: float = -np.inf, end: float = np.inf) -> Rows:
        """Those of one person that hold somewhere from ``start`` to ``end``, also excluded ones."""
        return holding(self._rows.get(track, _NO_ROWS), start, end)

    def counted(self, track: int, start: float = -np.inf, end: float = np.inf) -> Rows:
        """As ``rows``, but without the excluded ones."""
        return holding(self._counted.get(track, _NO_ROWS), start, end)

    def counted_within(self, track: int, start: float, end: float) -> Rows:
        """Those of ``counted`` that begin from ``start`` to before ``end``: all of each is told."""
        rows = self._counted.get(track, _NO_ROWS)
        return rows[bisect_left(rows["time"], start) : bisect_left(rows["time"], end)]

    def at(self, track: int, time: float) -> np.void | None:
        """The row that holds at ``time``; None if the person was not seen then."""
        rows = self.rows(track, time, time)
        return rows[-1] if len(rows) else None

    def seconds(self, track: int) -> float:
        """For how long the person was in view, excluded times too."""
        return float(self.rows(track)["seconds"].sum(dtype=np.float64))


_NO_ROWS: Final = np.empty(0, ROW)


def _kept(time: _Times, person: _Numbers, excluded: Iterable[Excluded]) -> _Mask:
    kept = np.ones(len(time), bool)
    for part in excluded:
        first, past = np.searchsorted(time, (part.start, part.end))
        if part.person is None:
            kept[first:past] = False
        else:
            kept[first:past] &= person[first:past] != part.person
    return kept


def _names(recording: Recording, corrections: Corrections) -> dict[int, str]:
    """A person's own name, or else that of the first one who is part of them."""
    given = {**recording.faces.names, **corrections.names}
    names: dict[int, str] = {}
    for track in sorted(given):
        person = corrections.person(track)
        if given[track] and (track == person or given.get(person) is None):
            names.setdefault(person, given[track])
    return names


def _predicted(faces: Faces) -> _Mask:
    """[rows]: whether a prediction is in it."""
    predicted: _Mask = (faces.person != NOBODY) & ~np.isnan(faces.probabilities[:, 0])
    return predicted


def _seconds(recording: Recording) -> _Times:
    """[rows]: until the next analysed frame, as in a History.

    Nobody knows when the next one would have been at the end, and where the source was lost: it is
    taken for as long as it was before.
    """
    faces = recording.faces
    if not len(faces):
        return np.empty(0)
    begins = np.diff(faces.time, prepend=-1.0) > 0
    times = faces.time[begins]
    frame = np.cumsum(begins) - 1  # of each row
    # Of a video that was only looked at every minute, each look stands for a minute.
    told = number(recording.about.settings.get("interval"), 0, LATEST) or 0.0
    steps = np.append(np.minimum(np.diff(times), max(LONGEST, told)), 0.0)
    known = np.zeros(len(times), bool)
    known[frame[_predicted(faces)]] = True  # a History knows the steps of these only
    lost = [m.time for m in recording.markers if m.label == GAP and m.time >= times[0]]
    ends = np.unique([*(np.searchsorted(times, lost, "right") - 1), len(times) - 1]).astype(int)
    known[ends] = False
    last_known = np.maximum.accumulate(np.where(known, np.arange(len(times)), -1))[ends]
    steps[ends] = np.where(last_known >= 0, steps[last_known], 0.0)
    seconds: _Times = steps[frame]
    return seconds


def _one_for_each_time(faces: Faces, person: _Numbers) -> _Numbers:
    """Rows with a prediction, one for each person and time, in the order of person and time.

    Of several merged people in one frame it is the largest. Of a frame that was analysed again it
    is the last.
    """
    rows = np.flatnonzero(_predicted(faces))
    rows = rows[np.argsort(person[rows], kind="stable")]
    begins = (np.diff(person[rows], prepend=NOBODY) != 0) | (
        np.diff(faces.time[rows], prepend=-1.0) != 0
    )
    place = np.cumsum(begins) - 1
    largest = faces.person[rows[begins]][place] == faces.person[rows]
    chosen: _Numbers = rows[begins]
    chosen[place[largest]] = rows[largest]
    return chosen


def _rows(faces: Faces, seconds: _Times, chosen: _Numbers) -> Rows:
    rows = np.empty(len(chosen), ROW)
    rows["time"] = faces.time[chosen]
    rows["seconds"] = seconds[chosen]
    rows["raw"] = faces.raw[chosen]
    rows["probabilities"] = faces.probabilities[chosen]
    rows["quality"] = faces.quality[chosen]
    rows["label"] = faces.expressions(chosen)
    return rows
