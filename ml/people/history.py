"""The course of every person's answers: a row per person and observation, for the last hour."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt

from ml.expressions import EXPRESSIONS
from ml.vision.analysis import TrackedFace

ROW: Final = np.dtype(
    [
        ("time", "f8"),  # of the frame, in seconds since the source was opened
        ("seconds", "f4"),  # until the next observation
        ("raw", "f2", len(EXPRESSIONS)),
        ("probabilities", "f2", len(EXPRESSIONS)),
        ("quality", "f2"),  # 0 to 1
        ("label", "u1"),  # the most probable Expression
    ],
    align=True,
)
Rows = npt.NDArray[np.void]
"""Of dtype ROW, in the order of their times."""

_KEPT: Final = 3600.0
"""Seconds; older rows are dropped."""
_MOST_ROWS: Final = 1_200_000
"""Of all people, 58 MB: an hour of ten at 30 observations a second, or less time of more people."""
LONGEST: Final = 2.0
"""Seconds for which an observation holds at most: nobody knows what was during a longer pause."""
_TRIM_EVERY: Final = 4096
"""Rows that are added between two looks at what is too old."""


def holding(rows: Rows, start: float, end: float) -> Rows:
    """Those of one person's ``rows`` that hold somewhere from ``start`` to ``end``; a view."""
    times = rows["time"]
    # bisect, for numpy's search would copy the column first.
    first, past = bisect_right(times, start), bisect_right(times, end)
    if first and rows["time"][first - 1] + rows["seconds"][first - 1] >= start:
        first -= 1
    return rows[first:past]


class History:
    """Filled observation by observation, in the order of their times; read at any moment."""

    def __init__(self) -> None:
        self._courses: dict[int, _Course] = {}
        self._in_view: list[_Course] = []
        """Those of the last observation, whose last rows still last."""
        self._step = 0.0
        """Seconds between the last two observations."""
        self._begun = False
        self._untrimmed = 0
        self.start = 0.0
        """Time of the oldest observation kept."""
        self.end = 0.0
        """Time of the newest observation; rows may last until then."""

    @property
    def tracks(self) -> list[int]:
        """The track ids of all people with rows, in the order of their coming."""
        return list(self._courses)

    def seen(self, start: float, end: float) -> list[int]:
        """The track ids of those with rows from ``start`` to ``end``, in the order of coming."""
        return [
            track
            for track, course in self._courses.items()
            # Most of a long capture's people were there long before: do not search their rows.
            if course.reaches(start, end) and len(course.rows(start, end))
        ]

    def rows(self, track: int, start: float = -np.inf, end: float = np.inf) -> Rows:
        """Those of one person that hold somewhere from ``start`` to ``end``; a view, none copied.

        Two rows in a row that do not touch (``time`` + ``seconds`` of the first is less than
        ``time`` of the second) have a gap between them, in which the person was not seen.
        """
        course = self._courses.get(track)
        return course.rows(start, end) if course is not None else np.empty(0, ROW)

    def seconds(self, track: int) -> float:
        """For how long the person was in view."""
        course = self._courses.get(track)
        return course.seconds if course is not None else 0.0

    def at(self, track: int, time: float) -> np.void | None:
        """The row that holds at ``time``; None if the person was not seen then."""
        rows = self.rows(track, time, time)
        return rows[-1] if len(rows) else None

    def add(self, time: float, faces: Iterable[TrackedFace]) -> None:
        """The observation at ``time`` seconds, which may not be earlier than the last.

        Another at the same time, of a frame that was analysed again, takes the place of the first.
        """
        if self._begun and time == self.end:
            self._take_back()
        elif self._begun:
            self._hold(time - self.end)
        else:
            self._begun, self.start = True, time
        self.end = time
        self._in_view = []
        for face in faces:
            if face.probabilities is not None:
                course = self._courses.setdefault(face.track, _Course())
                course.append(time, face)
                self._in_view.append(course)
        self._untrimmed += len(self._in_view)
        if self._untrimmed >= _TRIM_EVERY:
            self._untrimmed = 0
            self._trim()

    def interrupt(self) -> None:
        """Nothing is known from the last observation until the next."""
        self._hold(self._step)
        self._in_view = []

    def _take_back(self) -> None:
        """The rows of the last observation."""
        for course in self._in_view:
            course.drop_last()
        self._courses = {track: course for track, course in self._courses.items() if len(course)}

    def _hold(self, seconds: float) -> None:
        for course in self._in_view:
            self._step = min(seconds, LONGEST)
            course.hold(self._step)

    def _trim(self) -> None:
        oldest = self.end - _KEPT
        while True:
            for track, course in list(self._courses.items()):
                course.drop_before(oldest)
                if not len(course):
                    del self._courses[track]
            self.start = max(self.start, oldest)
            if sum(map(len, self._courses.values())) <= _MOST_ROWS:
                return
            oldest = self.start + (self.end - self.start) / 10


class _Course:
    """The rows of one person, in an array that grows."""

    def __init__(self) -> None:
        self._array = np.empty(64, ROW)
        self._first = self._past = 0
        self.seconds = 0.0
        """Of all rows."""

    def __len__(self) -> int:
        return self._past - self._first

    def reaches(self, start: float, end: float) -> bool:
        """Whether the time between its first and its last row meets that from start to end."""
        last = self._array[self._past - 1]
        return bool(
            self._array["time"][self._first] <= end and last["time"] + last["seconds"] >= start
        )

    def rows(self, start: float, end: float) -> Rows:
        return holding(self._array[self._first : self._past], start, end)

    def append(self, time: float, face: TrackedFace) -> None:
        if self._past == len(self._array):
            self._make_room()
        quality = np.nan if face.quality is None else face.quality.value
        row = (time, 0, face.raw, face.probabilities, quality, face.expression)
        self._array[self._past] = row
        self._past += 1

    def hold(self, seconds: float) -> None:
        """The last row for so long."""
        last = self._array["seconds"][self._past - 1 : self._past]
        self.seconds += seconds - float(last[0])
        last[0] = seconds

    def drop_last(self) -> None:
        self.hold(0)
        self._past -= 1

    def drop_before(self, time: float) -> None:
        times = self._array["time"][self._first : self._past]
        old = bisect_left(times, time)
        self.seconds -= float(self._array["seconds"][self._first :][:old].sum(dtype=np.float64))
        self._first += old

    def _make_room(self) -> None:
        """At the front, where rows were dropped, or else at the end."""
        rows = self._array[self._first : self._past]
        if self._first < len(self._array) // 4:
            self._array = np.empty(len(rows) * 3 // 2, ROW)
        self._array[: len(rows)] = rows
        self._first, self._past = 0, len(rows)
