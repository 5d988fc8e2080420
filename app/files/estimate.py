"""How long the whole queue will take, from the speed of what was analysed so far."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from app.files.entry import Entry
from ml.batch.items import Kind
from ml.batch.messages import Done


class TimeLeft(NamedTuple):
    seconds: float
    whole: bool
    """False if more is to be done whose length or speed is not known."""


def time_left(entries: Sequence[Entry], workers: int) -> TimeLeft | None:
    """With ``workers`` at once; None if nothing tells how fast it goes."""
    work, whole, known = 0.0, True, False
    for kind in Kind:
        of_kind = [entry for entry in entries if entry.item.kind is kind]
        todo = [entry for entry in of_kind if not entry.finished]
        pace = _pace(of_kind)
        if pace is None:
            whole = whole and not todo
            continue
        known = True
        for entry in todo:
            if entry.amount is None:
                whole = False
            else:
                work += max(entry.amount - entry.analysed, 0.0) * pace
    if not known:
        return None
    at_once = min(workers, sum(not entry.finished for entry in entries))
    return TimeLeft(work / max(at_once, 1), whole)


def _pace(entries: Iterable[Entry]) -> float | None:
    """Seconds that a second of video, or a picture, takes; None if none was analysed yet."""
    spent = analysed = 0.0
    for entry in entries:
        before = isinstance(entry.outcome, Done) and entry.outcome.unchanged
        if not before and entry.analysed:
            spent += entry.spent
            analysed += entry.analysed
    return spent / analysed if analysed else None
