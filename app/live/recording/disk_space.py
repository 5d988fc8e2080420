"""How long a disk still takes what is being written to it."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Final

_SETTLED: Final = 5.0
"""Seconds of writing from which the rate is known."""
_TOLD: Final = (60.0, 600.0)
"""Seconds left below which that is told, once each."""


class DiskSpace:
    """Of the disk on which the files in ``folder`` grow."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._began = time.monotonic()
        self._told: set[float] = set()

    def news(self) -> float | None:
        """Seconds until the disk is full, when there is a reason to tell; else None."""
        spent = time.monotonic() - self._began
        if spent < _SETTLED:
            return None
        left = self._left(spent)
        below = next((limit for limit in _TOLD if left < limit), None)
        if below is None or below in self._told:
            return None
        self._told.update(limit for limit in _TOLD if limit >= below)
        return left

    def _left(self, spent: float) -> float:
        try:
            free = shutil.disk_usage(self._folder).free
            written = sum(file.stat().st_size for file in self._folder.iterdir())
        except OSError:  # it is gone, which the next flush tells
            return float("inf")
        return free * spent / max(written, 1)
