"""The built program as its own child: there is no ``python`` that could run ``-m ml``."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Final

TRAIN_WORKER: Final = "--train-worker"
"""The first argument of a process that is a command of ``python -m ml`` instead of a window."""


def run(arguments: Sequence[str]) -> int:
    """``python -m ml ARGUMENTS``; returns the exit status."""
    from ml.cli import main

    return main(arguments)


def worker_arguments(arguments: Sequence[str]) -> Sequence[str] | None:
    """What follows TRAIN_WORKER; None when a window is wanted."""
    again = arguments and os.path.realpath(arguments[0]) == os.path.realpath(sys.executable)
    if getattr(sys, "frozen", False) and again:
        # Several devices: each further process is started as `python SCRIPT`, both being this file.
        arguments = arguments[1:]
    return arguments[1:] if arguments[:1] == [TRAIN_WORKER] else None


def open_missing_streams() -> None:
    """A windowed program on Windows has no standard streams; libraries write to them unasked."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123
