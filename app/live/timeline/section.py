"""Which part of the courses is shown: from when to when, whose, and the moment marked in it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from ml.people.history import History, Rows

SPANS: Final = (15.0, 30.0, 60.0, 120.0, 300.0, 600.0)
"""Seconds that can be shown at once."""
_INSIDE: Final = 0.1
"""How far from the edge, as a share of the span, a moment is shown that was out of view."""


def spans_up_to(widest: float) -> list[float]:
    """Those that can be chosen of what lasts ``widest`` seconds, which is the last of them."""
    spans = [span for span in SPANS if span < widest]
    while spans and 2 * spans[-1] < widest:
        spans.append(2 * spans[-1])
    return [*spans, widest]


class Courses(Protocol):
    """What is shown: a History, or the like from elsewhere."""

    start: float
    """Of all rows, in seconds; ``end`` too."""
    end: float

    @property
    def tracks(self) -> list[int]: ...
    def seen(self, start: float, end: float) -> list[int]: ...
    def rows(self, track: int, start: float = ..., end: float = ...) -> Rows: ...
    def at(self, track: int, time: float) -> np.void | None: ...


class Section:
    """Shows the newest times until it is scrolled back, or a moment is chosen."""

    def __init__(self) -> None:
        self.courses: Courses = History()
        self.chosen: int | None = None
        """The track id of the person whose curves are shown."""
        self.span = 60.0
        """Seconds shown."""
        self.moment: float | None = None
        """The time chosen, in seconds."""
        self._held: float | None = None
        """The right edge that was scrolled to; None is the newest time."""

    @property
    def empty(self) -> bool:
        """Whether nobody was seen at all, or for an instant only, as in a photograph."""
        return self.courses.start == self.courses.end or not self.courses.tracks

    @property
    def follows(self) -> bool:
        """Whether the newest time is shown, and the section moves on with it."""
        return self._held is None

    @property
    def end(self) -> float:
        """The time at the right edge, in seconds."""
        return self.newest if self._held is None else self._held

    @property
    def start(self) -> float:
        return self.end - self.span

    @property
    def newest(self) -> float:
        """The end that shows the newest time; as long as the span is not full, its end."""
        return max(self.courses.end, self.oldest)

    @property
    def oldest(self) -> float:
        """The end that shows the oldest time at the left."""
        return self.courses.start + self.span

    @property
    def others(self) -> list[int]:
        """The track ids of all who are in view in the time shown, but the chosen person's."""
        if self.empty:
            return []
        return [t for t in self.courses.seen(self.start, self.end) if t != self.chosen]

    def follow(self) -> None:
        """Show the newest time, now and from now on."""
        self._held = None

    def hold(self) -> None:
        """Keep showing what is shown."""
        self._held = self.end

    def scroll_to(self, end: float) -> None:
        """As far as there is something to show; at the newest time, follow it again."""
        at_newest = end >= self.newest and self.moment is None
        self._held = None if at_newest else min(max(end, self.oldest), self.newest)

    def set_span(self, span: float) -> None:
        """Around the moment if it is in view, else up to the same end."""
        end = self.end
        if self.moment is not None and self.start <= self.moment <= end:
            end = self.moment + (end - self.moment) * span / self.span
        self.span = span
        if self._held is not None:
            self.scroll_to(end)

    def choose_moment(self, moment: float | None) -> None:
        """Mark that time, and see to it that it is in view and stays there; None marks none."""
        self.moment = moment
        if moment is None:
            return
        if moment < self.start:
            self.scroll_to(moment + (1 - _INSIDE) * self.span)
        elif moment > self.end:
            self.scroll_to(moment + _INSIDE * self.span)
        else:
            self.hold()

    def after(self, seconds: float) -> float:
        """The time so long after the moment, or before it."""
        return min(max(self._now + seconds, self.courses.start), self.courses.end)

    def next_row(self, step: int) -> float:
        """The time of the chosen person's next row after the moment, or with -1 before it."""
        times, now = self._times, self._now
        if not len(times):
            return now
        place = bisect_right(times, now) if step > 0 else bisect_left(times, now) - 1
        return float(times[min(max(place, 0), len(times) - 1)])

    def last_row(self, step: int) -> float:
        """The time of the chosen person's last row, or with -1 the first."""
        times = self._times
        return float(times[-1 if step > 0 else 0]) if len(times) else self._now

    @property
    def _now(self) -> float:
        """The moment, or else the newest time shown."""
        return self.moment if self.moment is not None else min(self.end, self.courses.end)

    @property
    def _times(self) -> npt.NDArray[np.float64]:
        if self.chosen is None:
            return np.empty(0)
        return self.courses.rows(self.chosen)["time"]
