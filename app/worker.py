"""The built program as its own child process: it has no ``python`` to run ``-m ml`` with."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from ml.command import BUNDLED


def run(arguments: Sequence[str]) -> int:
    """Run ``python -m ml ARGUMENTS``; returns the exit status."""
    from ml.cli import main

    return main(arguments)


def worker_arguments(arguments: Sequence[str]) -> Sequence[str] | None:
    """The arguments after BUNDLED; None if a window is wanted."""
    again = arguments and os.path.realpath(arguments[0]) == os.path.realpath(sys.executable)
    if getattr(sys, "frozen", False) and again:
        # Several devices: each further process is started as `python SCRIPT`; both are this file.
        arguments = arguments[1:]
    return arguments[1:] if arguments[:1] == [BUNDLED] else None


def open_missing_streams() -> None:
    """Open the standard streams that windowed programs on Windows lack: libraries write to them."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123
