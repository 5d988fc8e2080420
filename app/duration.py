"""Durations as text."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """The two largest of hours, minutes and seconds; a dash for ten years or more."""
    if not seconds < 10 * 365 * 86400:  # NaN and infinity too
        return "–"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def clock_time(seconds: float) -> str:
    """Of a moment in a source: minutes, seconds and tenths, with hours where there are any."""
    if seconds < 0:
        return f"-{clock_time(-seconds)}"
    tenths = round(seconds * 10)
    minutes, tenths = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    rest = f"{tenths // 10:02}.{tenths % 10}"
    return f"{hours}:{minutes:02}:{rest}" if hours else f"{minutes}:{rest}"
