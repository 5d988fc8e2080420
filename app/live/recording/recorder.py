"""Writes a recording, in a thread of its own."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, QThread, Signal
from PySide6.QtWidgets import QApplication

from app.live.recording.disk_space import DiskSpace
from app.live.recording.folders import new_folder
from app.live.recording.plan import RecordingPlan
from app.live.stream import Observation
from ml.files import file_digest
from ml.recording.about import About
from ml.recording.errors import RecordingError
from ml.recording.marker import Marker
from ml.vision.analysis import Analysis

if TYPE_CHECKING:
    from ml.recording.writer import RecordingWriter

_log = logging.getLogger(__name__)

_NICE: Final = 5
"""Of 19: with two busy cores, still a quarter of one."""
_FLUSH_SECONDS: Final = 1.0
"""At most so much is lost when the program is killed."""
_MOST_WAITING: Final = 3000
"""Analyses; more wait only where a disk hangs for minutes."""
_MOST_PIXELS: Final = 32 << 20
"""Bytes of frames that wait for the encoder: a second of 640×480, or a third of one of 1280×720."""


@dataclass(frozen=True)
class _Seen:
    observation: Observation
    names: Mapping[int, str]
    image: npt.NDArray[np.uint8] | None
    """Of the frame, if it is to be filmed."""


class Recorder(QThread):
    """Takes analyses from the window's thread without ever making it wait."""

    begun = Signal(object)
    """The folder of the recording, a Path."""
    failed = Signal(str)
    """Why the recording ended before it was stopped; what was written stays."""
    space_is_short = Signal(float)
    """Seconds until the disk is full."""

    def __init__(
        self, plan: RecordingPlan, about: About, weights: Path, parent: QObject | None = None
    ) -> None:
        """``about`` is completed by the plan's note, and the SHA-256 of the file ``weights``."""
        super().__init__(parent)
        self.setObjectName("recorder")
        self.plan = plan
        self.folder: Path | None = None
        """Of the recording, once it has begun."""
        self.dropped = 0
        """Analyses that were not recorded."""
        self.pictures_dropped = 0
        """Of those that were recorded, how many are not in the video."""
        self._about, self._weights = about, weights
        self._font = QApplication.font()
        self._waiting: deque[_Seen | Marker] = deque()
        self._pixels = 0
        """Bytes of frames that wait."""
        self._changed = threading.Condition()
        self._ended = ""
        """How the recording ended; empty while it goes on."""

    # In the window's thread

    def add(self, analysis: Analysis, names: Mapping[int, str]) -> None:
        """``names`` are those that the user gave, by track id."""
        image = analysis.frame.image
        filmed = self.plan.video is not None
        observation = Observation.of(analysis)
        with self._changed:
            if self._ended:
                return
            if len(self._waiting) >= _MOST_WAITING:
                self.dropped += 1
                return
            fits = filmed and (not self._pixels or self._pixels + image.nbytes <= _MOST_PIXELS)
            self._pixels += image.nbytes if fits else 0
            self.pictures_dropped += filmed and not fits
            self._waiting.append(_Seen(observation, names, image if fits else None))
            self._changed.notify()

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
        _yield_processor()
        # The encoder and OpenCV take a quarter of a second to import.
        from ml.recording.writer import RecordingWriter

        try:
            plan = self.plan
            folder = new_folder(plan.folder, datetime.now()) if plan.within else plan.folder
            writer = RecordingWriter(folder, self._complete(self._about), plan.video)
            self.folder = folder
            self.begun.emit(folder)
            try:
                self._record(writer, folder)
            finally:
                writer.close(self._ended, self.dropped, self.pictures_dropped)
        except (RecordingError, OSError) as error:
            _log.warning("%s", error)
            self.failed.emit(str(error))

    def _complete(self, about: About) -> About:
        try:
            digest = file_digest(self._weights)
        except OSError:  # deleted since it was loaded
            digest = ""
        return replace(about, weights_sha256=digest, note=self.plan.note)

    def _record(self, writer: RecordingWriter, folder: Path) -> None:
        from app.live.recording.pictures import Pictures

        pictures = Pictures(self.plan.video, self._font) if self.plan.video else None
        space = DiskSpace(folder)
        flushed = time.monotonic()
        while True:
            item, ended = self._next()
            if isinstance(item, _Seen):
                seen, names, image = item.observation, item.names, item.image
                if image is not None and pictures is not None:
                    image = pictures.of(image, seen.faces, names, seen.time)
                writer.add(seen.index, seen.time, seen.wall_time, seen.faces, names, image)
            elif item is not None:
                writer.mark(item)
            elif ended:
                return
            if time.monotonic() - flushed >= _FLUSH_SECONDS:
                writer.flush()
                flushed = time.monotonic()
                left = space.news()
                if left is not None:
                    self.space_is_short.emit(left)

    def _next(self) -> tuple[_Seen | Marker | None, bool]:
        """What has waited longest, None after a second without any; and whether all have come."""
        with self._changed:
            if not (self._waiting or self._ended):
                self._changed.wait(_FLUSH_SECONDS)
            item = self._waiting.popleft() if self._waiting else None
            if isinstance(item, _Seen) and item.image is not None:
                self._pixels -= item.image.nbytes
            return item, bool(self._ended)


def _yield_processor() -> None:
    """To the window and the analysis: what waits here is only written later."""
    if sys.platform == "linux":  # which takes no heed of the priorities of a QThread
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
    else:
        thread = QThread.currentThread()
        thread.setPriority(QThread.Priority.LowPriority)
