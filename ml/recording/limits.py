"""Numbers that can be in a recording. Greater ones would only break what draws or counts them."""

from __future__ import annotations

from typing import Final

LATEST: Final = 1e7
"""Seconds, a third of a year; and how long before a recording a prediction may have been made."""
HIGHEST_COUNT: Final = 2**53
"""Whole numbers up to here are exact as floats, too."""
RANGES: Final = {
    "s": (-LATEST, LATEST),
    "px": (-1e6, 1e6),
    "0–1": (0, 1),
    "-1–1": (-1, 1),
    "count": (0, HIGHEST_COUNT),
    "id": (1, HIGHEST_COUNT),
    "°": (0, 270),
}
"""The least and the greatest value of a column, by its unit."""


def number(value: object, least: float, greatest: float) -> float | None:
    """``value`` of a JSON file; None unless it is a number from ``least`` to ``greatest``."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return float(value) if least <= value <= greatest else None
