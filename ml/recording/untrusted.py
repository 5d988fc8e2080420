"""Opens files of recordings, also of others': never a pipe, and no more than is reasonable."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ml.recording.errors import RecordingError


class MissingError(RecordingError):
    """A file of a recording that is not there."""


@contextmanager
def opened(path: Path) -> Iterator[tuple[IO[bytes], int]]:
    """The file, and its size in bytes. Raises RecordingError, also while it is read."""
    try:
        if path.exists() and not path.is_file():
            raise RecordingError(f"{path} is not a file.")  # a pipe would never end
        with path.open("rb") as file:
            yield file, os.fstat(file.fileno()).st_size
    except (FileNotFoundError, NotADirectoryError):
        raise MissingError(f"{path.parent} is not a recording: it has no {path.name}.") from None
    except OSError as error:
        raise RecordingError(f"{path} cannot be read: {error.strerror or error}.") from error
    except MemoryError as error:
        raise RecordingError(f"{path} cannot be read: there is too little memory.") from error


def read_bytes(path: Path, longest: int) -> bytes:
    """All of the file. Raises RecordingError, also if it has more than ``longest`` bytes."""
    with opened(path) as (file, size):
        if size > longest:
            raise RecordingError(
                f"{path} is too long: it has {size >> 20} MB, and at most {longest >> 20} MB are "
                "read."
            )
        return file.read(size)
