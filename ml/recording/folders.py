"""Recordings as folders: renamed, deleted."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Final

from ml.recording.about import is_plain, read_about
from ml.recording.columns import FACES_FILE
from ml.recording.errors import RecordingError

_QUIET: Final = 5.0
"""Seconds without a write after which nothing is being recorded: it is written every second."""
_LONGEST: Final = 255
"""Bytes of a folder's name, on most file systems."""
_DEVICES: Final = {"con", "prn", "aux", "nul"} | {
    f"{port}{n}" for port in ("com", "lpt") for n in "123456789¹²³"
}
"""Names that no file on Windows can have, nor can one that goes on after a point."""


def is_growing(folder: Path) -> bool:
    """Whether something is being recorded into it."""
    try:
        if time.time() - (folder / FACES_FILE).stat().st_mtime >= _QUIET:
            return False
        return read_about(folder).ended is None
    except OSError:
        return False
    except RecordingError:  # it cannot be told, so that nothing is risked
        return True


def rename_recording(folder: Path, name: str) -> Path:
    """The folder under its new name. Raises RecordingError."""
    if not _is_name(name):
        raise RecordingError(
            f"{name[:100]} cannot be the name of a folder on every system. Choose another one, "
            'without < > : " / \\ | ? *, and without points and spaces at the ends.'
        )
    target = folder.with_name(name)
    if target == folder:
        return folder
    refuse_if_growing(folder)
    try:
        # Where upper and lower case are the same, a folder may be renamed to its own name.
        if target.exists() and not target.samefile(folder):
            raise RecordingError(f"There is a recording named {name} already. Choose another name.")
        folder.rename(target)
    except OSError as error:
        raise RecordingError(
            f"{folder} cannot be renamed: {error.strerror or error}. Close other programs that "
            "use it, then try again."
        ) from error
    return target


def delete_recording(folder: Path) -> None:
    """For ever, with all that is in it; links in it are deleted, not followed.

    Raises RecordingError.
    """
    refuse_if_growing(folder)
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise RecordingError(f"{folder} cannot be deleted: {error.strerror or error}.") from error


def refuse_if_growing(folder: Path) -> None:
    """Raises RecordingError if something is being recorded into it."""
    if is_growing(folder):
        raise RecordingError(f"{folder.name} is being recorded. Stop recording first.")


def _is_name(name: str) -> bool:
    """Whether a folder can have it on every system."""
    return (
        is_plain(name)
        and name == name.strip(". ")
        and len(name.encode()) <= _LONGEST
        and name.partition(".")[0].rstrip().lower() not in _DEVICES
    )
