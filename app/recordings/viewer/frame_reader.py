"""Decodes the frame of the time that is shown, in a thread of its own."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QThread, Signal

if TYPE_CHECKING:
    from ml.recording.playback import VideoReader


class FrameReader(QThread):
    """Of many times that are asked for while it decodes, only the newest counts."""

    decoded = Signal(object)
    """A Picture: another one than the last."""
    failed = Signal(str)
    """Why there are no pictures."""

    def __init__(self, path: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("frame reader")
        self._path = path
        self._wanted: float | None = 0.0
        self._changed = threading.Condition()
        self._stopped = False

    # In the window's thread

    def ask(self, time: float) -> None:
        """For the frame that is shown at ``time`` seconds."""
        with self._changed:
            self._wanted = time
            self._changed.notify()

    def stop(self) -> None:
        """``finished`` is emitted when it has ended."""
        with self._changed:
            self._stopped = True
            self._changed.notify()

    # In its own

    def run(self) -> None:
        from ml.recording.errors import RecordingError
        from ml.recording.playback import VideoReader  # FFmpeg takes long to import

        try:
            video = VideoReader(self._path)
        except RecordingError as error:
            self.failed.emit(str(error))
            return
        try:
            self._serve(video)
        finally:
            video.close()

    def _serve(self, video: VideoReader) -> None:
        shown: float | None = None
        while (wanted := self._next()) is not None:
            picture = video.at(wanted)
            if picture.time != shown:
                shown = picture.time
                self.decoded.emit(picture)

    def _next(self) -> float | None:
        """None at the end."""
        with self._changed:
            while self._wanted is None and not self._stopped:
                self._changed.wait()
            wanted, self._wanted = self._wanted, None
            return None if self._stopped else wanted
