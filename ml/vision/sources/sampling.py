"""Which frames are read if not all are wanted."""

from __future__ import annotations

from typing import Final

_ROUNDING: Final = 1e-3
"""Seconds by which times in a file are off, for its clock is not that of the interval."""


class Sampling:
    """The first frame, and then one for each interval: the first that is not before its begin."""

    def __init__(self, interval: float) -> None:
        """``interval`` is in seconds; 0 wants all frames."""
        self._interval = interval
        self._due = 0.0

    def wants(self, time: float) -> bool:
        """Whether to read the frame at ``time`` seconds; to be asked of each, in their order."""
        if time < self._due - _ROUNDING:
            return False
        if self._interval > 0:
            # By the clock, not from frame to frame, which would add up what they come late.
            self._due = (time + _ROUNDING) // self._interval * self._interval + self._interval
        return True
