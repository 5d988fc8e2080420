"""The recordings in a folder, told without reading all that is in them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ml.recording.about import ABOUT_FILE, About, read_about
from ml.recording.columns import FACES_FILE
from ml.recording.corrections import read_corrections
from ml.recording.errors import RecordingError
from ml.recording.faces_csv import check_header
from ml.recording.folders import is_growing
from ml.recording.limits import LATEST, number
from ml.recording.untrusted import opened

_MOST_SEARCHED: Final = 20_000
"""Folders without a recording of their own: somebody may choose a whole disk."""
_END: Final = 1 << 16
"""Bytes at the end of faces.csv, or at its start, in which a whole line is looked for."""


@dataclass(frozen=True)
class Found:
    folder: Path
    about: About | None
    """None if it cannot be read; ``problem`` then says why."""
    problem: str
    """What is wrong with it, in words; empty if nothing is."""
    bytes: int
    """Of all its files."""
    seconds: float | None
    """Its length; None if it is not known."""
    people: int | None
    """Track ids in it; None if they were not counted, as the program was killed."""
    note: str
    """The user's own, as corrected."""
    growing: bool
    """Whether it is being recorded."""


def find_recordings(folder: Path) -> Iterator[Found]:
    """Those in ``folder`` and in folders in it, in the order of their names; also damaged ones.

    Links are not followed, hidden folders not searched, and no more than _MOST_SEARCHED. There are
    none in a folder that is missing. Raises RecordingError for one that cannot be read.
    """
    try:
        waiting = _folders(folder)
    except FileNotFoundError:
        return
    except OSError as error:
        raise RecordingError(
            f"The folder {folder} cannot be read: {error.strerror or error}. Choose another one."
        ) from error
    searched = 0
    while waiting:
        path = waiting.pop()
        names = _sizes(path)
        if ABOUT_FILE in names or FACES_FILE in names:
            yield _found(path, sum(names.values()))
        elif searched < _MOST_SEARCHED and not path.name.startswith("."):
            searched += 1
            with suppress(OSError):
                waiting += _folders(path)


def _folders(folder: Path) -> list[Path]:
    """Those right in it, the last one first. Raises OSError."""
    with os.scandir(folder) as entries:
        paths = [Path(entry) for entry in entries if entry.is_dir(follow_symlinks=False)]
    return sorted(paths, reverse=True)


def _sizes(folder: Path) -> dict[str, int]:
    """Of the files in it, by name; empty if it cannot be read, or vanished meanwhile."""
    sizes: dict[str, int] = {}
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            file = entry.is_file(follow_symlinks=False)
            sizes[entry.name] = entry.stat(follow_symlinks=False).st_size if file else 0
    return sizes


def _found(folder: Path, size: int) -> Found:
    about: About | None = None
    problem, note, seconds = "", "", None
    try:
        about = read_about(folder)
        note, seconds = about.note, about.seconds
        start, end = _ends(folder / FACES_FILE)
        check_header(folder / FACES_FILE, start)
        seconds = _time(end) if seconds is None else seconds
        corrected = read_corrections(folder).note
        note = note if corrected is None else corrected
    except RecordingError as error:
        problem = str(error)
    people = about.people if about else None
    growing = about is not None and about.ended is None and is_growing(folder)
    return Found(folder, about, problem, size, seconds, people, note, growing)


def _ends(path: Path) -> tuple[bytes, bytes]:
    """The first line, and the last whole one; empty if there is none. Raises RecordingError."""
    with opened(path) as (file, size):
        start = file.read(min(size, _END))
        file.seek(max(size - _END, 0))
        lines = file.read(min(size, _END)).split(b"\n")
    head, line_end, _ = start.partition(b"\n")
    return head + line_end if line_end else b"", lines[-2] if len(lines) > 2 else b""


def _time(line: bytes) -> float | None:
    """That in the first cell."""
    with suppress(ValueError):
        return number(float(line.partition(b",")[0]), 0, LATEST)
    return None
