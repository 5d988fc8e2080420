"""A csv file that grows, and on disk consists of whole rows."""

from __future__ import annotations

import csv
import errno
import io
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from ml.recording.cells import Value, to_cell
from ml.recording.columns import Column


class Table:
    """Rows stay in memory until they are flushed. For one thread."""

    def __init__(self, path: Path, columns: tuple[Column, ...]) -> None:
        """Creates the file. Raises FileExistsError if there is one, OSError."""
        self.path = path
        self._columns = columns
        # Unbuffered: Python would write again, at closing, what did not fit.
        self._file = path.open("xb", buffering=0)
        self._identity = os.fstat(self._file.fileno())
        self._size = 0
        """Bytes of the whole rows on disk."""
        self._pending = io.StringIO()
        self._writer = csv.writer(self._pending, lineterminator="\n")
        self._writer.writerow([column.name for column in columns])

    def add(self, values: Iterable[Value]) -> None:
        """A row, a value for each column."""
        self._writer.writerow(map(to_cell, self._columns, values))

    def flush(self) -> None:
        """Write all rows. Raises OSError, after which only those that fitted are on disk."""
        data = self._pending.getvalue().encode()
        self._pending.seek(0)
        self._pending.truncate()
        left = memoryview(data)
        try:
            self.check()
            while left:
                left = left[self._file.write(left) :]
        except OSError:
            # A row is a line, so that the last line end is the end of the last whole row.
            whole = data.rfind(b"\n", 0, len(data) - len(left)) + 1
            with suppress(OSError):
                self._file.truncate(self._size + whole)
            raise
        self._size += len(data)
        if not data:
            os.utime(self.path)  # others see that it is still written

    def check(self) -> None:
        """Raises OSError if the file is no longer in its place, where others would find it.

        On Linux and macOS one can go on to write to a file that was deleted.
        """
        if not os.path.samestat(self.path.stat(), self._identity):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))

    def close(self) -> None:
        """What was flushed then survives a power cut. Raises OSError."""
        with self._file:
            os.fsync(self._file.fileno())

    def discard(self) -> None:
        """Close and delete it."""
        self._file.close()
        self.path.unlink(missing_ok=True)
