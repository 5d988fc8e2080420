"""Video files."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Final

import av
from av.codec.context import ThreadType
from av.container import InputContainer
from av.video.stream import VideoStream

from ml.vision.analysis import Frame
from ml.vision.sources.decoding import THREADS, pictures, video_stream
from ml.vision.sources.source import Source, SourceError

_ALONE: Final = {"protocol_whitelist": "none"}
"""Nothing else is opened through a file: playlists and their like name others, and addresses."""
_USUAL_RATE: Final = 30.0
_LONGEST_GAP: Final = 60.0
"""Seconds between two frames of a file: it may have been paused, or be a time-lapse."""


class VideoSource(Source):
    """A video file; it may hold anything."""

    live = False
    still = False

    def __init__(self, path: Path) -> None:
        """Raises SourceError if it is no video."""
        self.name = path.name
        with contextlib.ExitStack() as opened:
            stream = None
            with contextlib.suppress(OSError, av.FFmpegError):
                # FFmpeg is not given the name to open, in which it might see a pattern.
                file = opened.enter_context(path.open("rb"))
                container = opened.enter_context(
                    av.open(file, "r", options=_ALONE, metadata_errors="replace")
                )
                stream = video_stream(container)
            if stream is None:
                raise SourceError(
                    f"{path.name} cannot be read as a video: it is damaged, incomplete, or in an "
                    "unsupported format. Choose another source."
                )
            self._opened = opened.pop_all()
        stream.codec_context.thread_type = ThreadType.AUTO
        stream.codec_context.thread_count = THREADS
        self.length = _length(container, stream)
        self._pictures = pictures(container, stream)
        self._clock = Clock(float(stream.guessed_rate or 0))
        self._index = 0

    def read(self) -> Frame | None:
        try:
            picture = next(self._pictures, None)
        except (OSError, av.FFmpegError):  # it is damaged from here on
            picture = None
        if picture is None:
            if self._index == 0:
                raise SourceError(f"{self.name} has no frames that can be decoded.")
            return None
        frame = Frame(picture.image, self._index, self._clock.time(picture.time))
        self._index += 1
        return frame

    def close(self) -> None:
        self._opened.close()


class Clock:
    """Times of frames from those in the file, which broken files do not have or get wrong."""

    def __init__(self, rate: float) -> None:
        """``rate`` is of the frames per second, as the file tells it."""
        self._step = 1 / (rate if 1 <= rate <= 240 else _USUAL_RATE)
        self._told: float | None = None
        self._time = 0.0

    def time(self, told: float) -> float:
        """Seconds since the first frame, more for each; ``told`` is the next frame's, or NaN."""
        if self._told is not None:
            step = told - self._told
            self._time += step if 0 < step < _LONGEST_GAP else self._step
        self._told = told
        return self._time


def _length(container: InputContainer, stream: VideoStream) -> float | None:
    """Seconds, as the stream or else its container tells."""
    if stream.duration is not None and stream.time_base is not None:
        length = float(stream.duration * stream.time_base)
    else:
        length = (container.duration or 0) / av.time_base
    return length if length > 0 else None
