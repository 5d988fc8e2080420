"""Writes a recording, in a thread of its own."""

from __future__ import annotations

import hashlib
import logging
import shutil
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, QThread, Signal

from app.live.recording.folders import new_folder, usual_folder
from app.live.stream import Observation
from ml.recording.about import About
from ml.recording.errors import RecordingError
from ml.recording.writer import Marker, RecordingWriter

_log = logging.getLogger(__name__)

_FLUSH_SECONDS: Final = 1.0
"""At most so much is lost when the program is killed."""
_MOST_WAITING: Final = 3000
"""Observations; more wait only where a disk hangs for minutes."""
_LITTLE_SPACE: Final = 200
"""Megabytes left on the disk, below which that is told: an hour of four people takes half of it."""


@dataclass(frozen=True)
class _Seen:
    observation: Observation
    names: Mapping[int, str]


class Recorder(QThread):
    """Takes observations from the window's thread without ever making it wait."""

    begun = Signal(object)
    """The folder of the recording, a Path."""
    failed = Signal(str)
    """Why the recording ended before it was stopped; what was written stays."""
    space_is_short = Signal(int)
    """Megabytes left on the disk; told once."""

    def __init__(
        self, folder: Path | None, about: About, weights: Path, parent: QObject | None = None
    ) -> None:
        """``folder`` is created; None is a new one, named by the time, where recordings are kept.

        ``about`` is completed by the SHA-256 of the file ``weights``.
        """
        super().__init__(parent)
        self.setObjectName("recorder")
        self.folder = folder
        self.dropped = 0
        """Observations that were not recorded."""
        self._about, self._weights = about, weights
        self._waiting: list[_Seen | Marker] = []
        self._changed = threading.Condition()
        self._ended = ""
        """How the recording ended; empty while it goes on."""

    # In the window's thread

    def add(self, observation: Observation, names: Mapping[int, str]) -> None:
        """``names`` are those that the user gave, by track id."""
        with self._changed:
            if len(self._waiting) < _MOST_WAITING:
                self._waiting.append(_Seen(observation, names))
                self._changed.notify()
            else:
                self.dropped += 1

    def mark(self, marker: Marker) -> None:
        with self._changed:
            self._waiting.append(marker)
            self._changed.notify()

    def stop(self, ended: str) -> None:
        """End after what waits; ``finished`` is emitted when all is written."""
        with self._changed:
            self._ended = self._ended or ended
            self._changed.notify()

    # In its own

    def run(self) -> None:
        try:
            folder = self.folder or new_folder(usual_folder(), datetime.now())
            writer = RecordingWriter(folder, self._complete(self._about))
            self.folder = folder
            self.begun.emit(folder)
            try:
                self._record(writer, folder)
            finally:
                writer.close(self._ended, self.dropped)
        except (RecordingError, OSError) as error:
            _log.warning("%s", error)
            self.failed.emit(str(error))

    def _complete(self, about: About) -> About:
        try:
            with self._weights.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:  # deleted since it was loaded
            digest = ""
        return replace(about, weights_sha256=digest)

    def _record(self, writer: RecordingWriter, folder: Path) -> None:
        flushed, told = time.monotonic(), False
        while True:
            with self._changed:
                while not (self._waiting or self._ended):
                    if not self._changed.wait(_FLUSH_SECONDS):
                        break
                waiting, self._waiting = self._waiting, []
                ended = bool(self._ended)
            for item in waiting:
                if isinstance(item, _Seen):
                    seen = item.observation
                    writer.add(seen.index, seen.time, seen.wall_time, seen.faces, item.names)
                else:
                    writer.mark(item)
            if ended:
                return
            if time.monotonic() - flushed >= _FLUSH_SECONDS:
                writer.flush()
                flushed = time.monotonic()
                free = _megabytes_free(folder)
                if free < _LITTLE_SPACE and not told:
                    told = True
                    self.space_is_short.emit(int(free))


def _megabytes_free(folder: Path) -> float:
    try:
        return shutil.disk_usage(folder).free / 2**20
    except OSError:  # it is gone, which the next flush tells
        return float("inf")
