"""``python -m ml`` as a child process."""

from __future__ import annotations

import sys
from typing import Final

BUNDLED: Final = "--train-worker"
"""First argument of the built program that makes it run ``python -m ml`` instead of a window."""


def ml_command() -> list[str]:
    """The command for ``python -m ml``; a built program has no ``python`` and runs itself."""
    if getattr(sys, "frozen", False):
        return [sys.executable, BUNDLED]
    return [sys.executable, "-m", "ml"]
