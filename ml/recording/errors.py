"""What goes wrong with a recording on disk, told to people."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Final

_FULL: Final = "Free some space, or record to another disk."
_LOCKED: Final = "Allow writing there, or record to another folder."
_WHAT_TO_DO: Final = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: "Record to a disk that takes larger files.",  # FAT32 takes 4 GB
    errno.ENOENT: "It was moved or deleted: record to another folder.",
    errno.EACCES: _LOCKED,
    errno.EPERM: _LOCKED,
    errno.EROFS: _LOCKED,
}


class RecordingError(ValueError):
    """A recording that cannot be written or read; the message says which file, why, what to do."""


def unwritable(path: Path, error: Exception) -> RecordingError:
    """Of a file of a recording that had begun; ``error`` is an OSError, or one of FFmpeg.

    The message goes into recording.json, too, and so tells no folders but the recording's own.
    """
    place = f"{path.absolute().parent.name}/{path.name}"
    number, why = getattr(error, "errno", None) or 0, getattr(error, "strerror", None) or error
    what_to_do = _WHAT_TO_DO.get(number, "Record to another folder.")
    return RecordingError(
        f"{place} cannot be written: {why}. The recording has ended; what was "
        f"written before is kept. {what_to_do}"
    )
