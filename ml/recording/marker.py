"""A moment or an interval that the user marked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

GAP: Final = "gap"
"""Label of the markers that are set when the source is lost: nothing is known until it is back."""


@dataclass(frozen=True)
class Marker:
    """While it is recorded, its times are as ``Frame.time``; in a recording, since its start."""

    time: float
    """In seconds; ``until`` likewise."""
    until: float | None
    """None for a moment."""
    label: str = ""
    note: str = ""
