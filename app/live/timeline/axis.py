"""Where a time axis has its ticks."""

from __future__ import annotations

import math
from typing import Final

_STEPS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
"""Seconds between two ticks: those that clocks make familiar."""


def ticks(start: float, end: float, at_most: int) -> list[int]:
    """Whole seconds from ``start`` to ``end``, about ``at_most`` of them."""
    wanted = (end - start) / max(at_most, 1)
    step = next((step for step in _STEPS if step >= wanted), None)
    if step is None:
        step = _STEPS[-1] * math.ceil(wanted / _STEPS[-1])
    return list(range(math.ceil(start / step) * step, math.floor(end) + 1, step))
