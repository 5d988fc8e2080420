"""Files written whole or not at all, and what tells whether two have the same content."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file that replaces ``path`` when the block ends, and is deleted if the block fails.

    It is written beside ``path`` and renamed, so that a reader never sees half of it.
    Missing folders are created. A device or a pipe, such as /dev/null, is written directly.
    Raises OSError if ``path`` cannot be written.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        with path.open("wb") as stream:
            yield stream
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())  # else a power cut can leave the new name on an empty file
        beside.chmod(0o644)  # mkstemp creates files that only their owner can read
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def file_digest(path: Path) -> str:
    """SHA-256 in hexadecimal. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
