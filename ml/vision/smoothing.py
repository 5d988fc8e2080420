"""Smoothing of predictions over time."""

from __future__ import annotations

import math

Probabilities = tuple[float, ...]
"""One for each Expression, in their order."""


def smoothed(
    before: Probabilities, now: Probabilities, seconds: float, time_constant: float
) -> Probabilities:
    """``now``, drawn towards ``before``, which was smoothed itself ``seconds`` earlier.

    A first-order low-pass filter: what was predicted t seconds ago still counts exp(-t /
    ``time_constant``). It is exact for uneven times if each prediction is taken to hold since the
    one before (Eckner 2019, "Algorithms for Unevenly Spaced Time Series: Moving Averages and Other
    Rolling Operators", section 3). 0 does not smooth.
    """
    if time_constant <= 0:
        return now
    share = -math.expm1(-max(seconds, 0.0) / time_constant)
    return tuple(old + share * (new - old) for old, new in zip(before, now, strict=True))
