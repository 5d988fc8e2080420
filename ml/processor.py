"""The processor: how much of it there is for this process, and how urgently it asks."""

from __future__ import annotations

import ctypes
import os
import sys


def processors() -> int:
    """That this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def yield_processor() -> None:
    """Run this process at a lower priority than other programs."""
    if sys.platform == "win32":
        below_normal = 0x4000
        kernel = ctypes.windll.kernel32
        kernel.SetPriorityClass(kernel.GetCurrentProcess(), below_normal)
    else:
        os.nice(10)
