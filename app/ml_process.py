"""``python -m ml`` as child processes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QObject, QProcess

from ml.command import ml_command

MESSAGE_PREFIX: Final = "python -m ml: "
"""Prefix of the command line's messages for users."""


def ml_process(arguments: Sequence[str], parent: QObject) -> QProcess:
    """``python -m ml ARGUMENTS``, not started yet; Ctrl+C in the terminal does not reach it.

    The window decides when it ends.
    """
    program, *rest = ml_command()
    process = QProcess(parent)
    process.setProgram(program)
    process.setArguments([*rest, *arguments])
    if sys.platform != "win32":
        process.setUnixProcessParameters(QProcess.UnixProcessFlag.CreateNewSession)
    return process


def start_detached(arguments: Sequence[str]) -> bool:
    """Start ``python -m ml ARGUMENTS`` as an independent process, which outlives this program."""
    program, *rest = ml_command()
    process = QProcess()
    process.setProgram(program)
    process.setArguments([*rest, *arguments])
    process.setStandardInputFile(QProcess.nullDevice())
    process.setStandardOutputFile(QProcess.nullDevice())
    process.setStandardErrorFile(QProcess.nullDevice())
    started: object = process.startDetached()  # a bool, though PySide's stubs say a tuple
    return bool(started[0] if isinstance(started, tuple) else started)
