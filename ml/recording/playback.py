"""The video of a recording, read at any time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import av
import numpy as np
import numpy.typing as npt

from ml.recording.errors import RecordingError

_CONTAINER: Final = "matroska"
"""Whatever the file says it is: other formats can name files and addresses that would be opened."""
_MOST_PIXELS: Final = 8192 * 8192
_TICK: Final = 0.001
"""Of the clock of a WebM file, in seconds."""
_NEAR: Final = 1.2
"""Seconds ahead that are sooner decoded than sought: there is a key frame every second."""


@dataclass(frozen=True)
class Picture:
    time: float
    """Seconds since the first frame."""
    image: npt.NDArray[np.uint8]
    """BGR [height, width, 3]."""


class VideoReader:
    """For one thread. Untrusted: a damaged file ends where it is damaged."""

    def __init__(self, path: Path) -> None:
        """Raises RecordingError if it is no video that can be decoded."""
        if path.is_symlink() or (path.exists() and not path.is_file()):
            raise RecordingError(f"{path.name} is not a file.")  # a pipe would never end
        try:
            self._container = av.open(
                str(path),
                format=_CONTAINER,
                options={"protocol_whitelist": "file"},
                metadata_errors="replace",
            )
        except (OSError, av.FFmpegError) as error:
            raise RecordingError(
                f"{path.name} cannot be read: {error.strerror or error}. The data can be looked at "
                "without it."
            ) from error
        self._frames: Iterator[av.VideoFrame] = iter(())
        self._current: av.VideoFrame | None = None
        self._next: av.VideoFrame | None = None
        """None at the end."""
        if not self._container.streams.video or not self._seek(0.0):
            self.close()
            raise RecordingError(
                f"{path.name} has no pictures that can be decoded. The data can be looked at "
                "without it."
            )

    def at(self, time: float) -> Picture:
        """The frame that is shown at ``time`` seconds: the last one that is not later.

        The first one before that, and the last one after the end.
        """
        if not self._is_near(time):
            self._seek(time)
        while self._next is not None and self._begin(self._next) <= time:
            self._advance()
        assert self._current is not None  # the first frame was decoded, so that a seek finds one
        image = self._current.to_ndarray(format="bgr24", threads=1).astype(np.uint8, copy=False)
        return Picture(self._begin(self._current), image)

    def close(self) -> None:
        self._container.close()

    def _is_near(self, time: float) -> bool:
        """Whether the frame at ``time`` is best found by decoding on."""
        if self._current is None or time < self._begin(self._current):
            return False
        return self._next is None or time <= self._begin(self._next) + _NEAR

    def _seek(self, time: float) -> bool:
        """Whether there is a frame."""
        last, self._current, self._next = self._current, None, None
        with suppress(OSError, av.FFmpegError):  # it goes on from where it is
            # Rounded to the file's clock, it could be later than ``time``.
            self._container.seek(round(max(time - _TICK, 0.0) * av.time_base))
        self._frames = self._container.decode(video=0)
        self._advance()
        self._advance()
        if self._current is None:
            self._current = last
        return self._current is not None

    def _advance(self) -> None:
        self._current = self._next or self._current
        self._next = self._decoded()

    def _decoded(self) -> av.VideoFrame | None:
        try:
            frame = next(self._frames, None)
        except (OSError, av.FFmpegError):
            return None
        if frame is None or frame.time is None or frame.width * frame.height > _MOST_PIXELS:
            return None
        return frame

    @staticmethod
    def _begin(frame: av.VideoFrame) -> float:
        return float(frame.time or 0.0)
