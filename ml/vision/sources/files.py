"""Files that are no sources, and why."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from ml.vision.sources.source import SourceError

_OTHERS: Final = {
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a zip archive, or a document in one",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"Rar!\x1a\x07": "a RAR archive",
    b"\x1f\x8b": "a gzip archive",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an Office document",
    b"SQLite format 3\0": "a database",
    b"\x7fELF": "a program",
    b"MZ": "a program",
}
"""What files that go by a video's or an image's name often are, by their first bytes."""


def check(path: Path) -> None:
    """Raises SourceError if there is nothing at ``path`` to be read."""
    try:
        exists = path.exists()
    except (OSError, ValueError) as error:  # a name too long, or in a folder that is closed to us
        raise SourceError(f"{str(path)[:200]} cannot be opened: {error}.") from error
    if not exists:
        if path.is_symlink():
            raise SourceError(f"{path} is a link to a file that is not there.")
        raise SourceError(f"There is no file {path}. Choose another source.")
    if path.is_dir():
        raise SourceError(f"{path} is a folder. Choose a video or an image in it.")
    if not path.is_file():  # reading from a pipe may never end
        raise SourceError(f"{path} is a device or a pipe, not a file. Choose another source.")
    if not os.access(path, os.R_OK):
        raise SourceError(f"{path} cannot be read: permission denied. Change its permissions.")
    if path.stat().st_size == 0:
        raise SourceError(f"{path.name} is empty (0 bytes). Choose another source.")


def other_kind(path: Path) -> str | None:
    """What the file is if it is known to be neither a video nor an image: "a PDF document"."""
    with path.open("rb") as file:
        start = file.read(1024)
    if _is_text(start):
        return "a text file"
    return next((kind for first, kind in _OTHERS.items() if start.startswith(first)), None)


def _is_text(start: bytes) -> bool:
    """FFmpeg renders text as video, and opens what playlists name; no container is plain text."""
    return not set(start) & (set(range(32)) - set(b"\t\n\r\f\x1b"))
