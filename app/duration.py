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


def clock_time(seconds: float, decimals: int = 1) -> str:
    """Of a moment in a source: minutes, seconds and decimals, with hours where there are any."""
    if seconds < 0:
        return f"-{clock_time(-seconds, decimals)}"
    whole, part = divmod(round(seconds * 10**decimals), 10**decimals)
    minutes, whole = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    rest = f"{whole:02}.{part:0{decimals}}"
    return f"{hours}:{minutes:02}:{rest}" if hours else f"{minutes}:{rest}"
