"""Praat's TextGrid: interval tiers of labels, markers and excluded times; a point tier of markers.

https://www.fon.hum.uva.nl/praat/manual/TextGrid_file_formats.html
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from ml.recording.corrected import Corrected
from ml.recording.exports.intervals import Interval
from ml.recording.exports.tiers import marker_text, tiers

_SHORTEST: Final = 0.0001
"""Seconds: the grid of a recording without any time is not empty."""


def content(corrected: Corrected) -> bytes:
    """UTF-8, in the long text format. Tiers have texts from beginning to end, empty in between."""
    end = max(corrected.end, _SHORTEST)
    marked = (
        Interval(m.time, m.until, marker_text(m)) for m in corrected.markers if m.until is not None
    )
    whole = tiers(corrected, "Marked intervals", marked)
    parts = [_interval_tier(tier.name, tier.intervals, end) for tier in whole]
    parts.append(_point_tier("Markers", _points(corrected, end), end))
    lines = [
        'File type = "ooTextFile"',
        'Object class = "TextGrid"',
        "",
        "xmin = 0 ",
        f"xmax = {end:.4f} ",
        "tiers? <exists> ",
        f"size = {len(parts)} ",
        "item []: ",
    ]
    for number, part in enumerate(parts, 1):
        lines += [f"    item [{number}]:", *part]
    return ("\n".join(lines) + "\n").encode()


def _points(corrected: Corrected, end: float) -> list[tuple[float, str]]:
    """Where markers begin. Praat has one point at a time: those of the same share it."""
    texts: dict[float, list[str]] = {}
    for marker in corrected.markers:
        if 0 <= marker.time <= end:
            texts.setdefault(round(marker.time, 4), []).append(marker_text(marker))
    return [(time, "; ".join(at)) for time, at in sorted(texts.items())]


def _interval_tier(name: str, intervals: Sequence[Interval], end: float) -> list[str]:
    whole = list(_without_gaps(intervals, end))
    lines = _head("IntervalTier", name, end, f"intervals: size = {len(whole)} ")
    for number, interval in enumerate(whole, 1):
        lines += [
            f"        intervals [{number}]:",
            f"            xmin = {interval.start:.4f} ",
            f"            xmax = {interval.end:.4f} ",
            f"            text = {_quoted(interval.text)} ",
        ]
    return lines


def _point_tier(name: str, points: Sequence[tuple[float, str]], end: float) -> list[str]:
    lines = _head("TextTier", name, end, f"points: size = {len(points)} ")
    for number, (time, text) in enumerate(points, 1):
        lines += [
            f"        points [{number}]:",
            f"            number = {time:.4f} ",
            f"            mark = {_quoted(text)} ",
        ]
    return lines


def _head(kind: str, name: str, end: float, size: str) -> list[str]:
    return [
        f'        class = "{kind}" ',
        f"        name = {_quoted(name)} ",
        "        xmin = 0 ",
        f"        xmax = {end:.4f} ",
        f"        {size}",
    ]


def _without_gaps(intervals: Iterable[Interval], end: float) -> Iterable[Interval]:
    """With empty texts between them; rounded, so that each begins where the last ends."""
    now, end = 0.0, round(end, 4)
    for interval in intervals:
        begin, past = max(round(interval.start, 4), now), min(round(interval.end, 4), end)
        if past <= begin:
            continue
        if begin > now:
            yield Interval(now, begin, "")
        yield Interval(begin, past, interval.text)
        now = past
    if now < end:
        yield Interval(now, end, "")


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
