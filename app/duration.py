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
