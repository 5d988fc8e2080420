"""Video files."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import av
from av.codec.context import ThreadType
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from ml.vision.analysis import Frame
from ml.vision.sources.decoding import ALONE, THREADS, pictures, video_stream
from ml.vision.sources.sampling import Sampling
from ml.vision.sources.source import Source, SourceError

_USUAL_RATE: Final = 30.0
_MISSING: Final = 1.0
"""Seconds that files tell too much of their length at most."""
LONGEST_GAP: Final = 60.0
"""Seconds between two frames of a file: it may have been paused, or be a time-lapse."""


@contextlib.contextmanager
def open_video(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Its container and the stream to show. Raises SourceError if it is no video."""
    with contextlib.ExitStack() as opened:
        stream = None
        kinds: set[str] = set()
        with contextlib.suppress(OSError, av.FFmpegError):
            # FFmpeg is not given the name to open, in which it might see a pattern.
            file = opened.enter_context(path.open("rb"))
            container = opened.enter_context(
                av.open(file, "r", options=ALONE, metadata_errors="replace")
            )
            stream = video_stream(container)
            kinds = {
                each.type
                for each in container.streams
                if not each.disposition & Disposition.attached_pic
            }
        if kinds == {"audio"}:
            raise SourceError(f"{path.name} has sound, but no video. Choose another source.")
        if stream is None:
            raise SourceError(
                f"{path.name} cannot be read as a video: it is damaged, incomplete, or in an "
                "unsupported format. Choose another source."
            )
        stream.codec_context.thread_type = ThreadType.AUTO
        stream.codec_context.thread_count = THREADS
        yield container, stream


class VideoSource(Source):
    """A video file; it may hold anything."""

    live = False
    still = False

    def __init__(self, path: Path, interval: float = 0.0) -> None:
        """``interval`` is in seconds from one frame that is read to the next; 0 reads every frame.

        Raises SourceError if it is no video.
        """
        self.name = path.name
        self._opened = contextlib.ExitStack()
        container, stream = self._opened.enter_context(open_video(path))
        self.length = length_of(container, stream)
        self._clock = Clock(float(stream.guessed_rate or 0))
        self._start = (container.start_time or 0) / av.time_base
        self._passed = 0.0
        """Seconds of the file that were read."""
        self._pictures = pictures(
            container, stream, self._stamp, passed=self._on_passed, spoilt=self._on_spoilt
        )
        self._sampling = Sampling(interval)
        self._next_index = 0
        self._read_any = False

    def read(self) -> Frame | None:
        try:
            picture = next(self._pictures, None)
        except (OSError, av.FFmpegError):  # it is damaged from here on
            picture = None
        if picture is None:
            if not self._read_any:
                raise SourceError(f"{self.name} has no frames that can be decoded.")
            self.cut_off = self.length is not None and self._passed < self.length - _MISSING
            return None
        self._read_any = True
        image, (index, time) = picture
        return Frame(image, index, time)

    def _stamp(self, told: float) -> tuple[int, float] | None:
        """Number and time of the next frame; None if it is not due."""
        index, time = self._next_index, self._clock.time(told)
        self._next_index += 1
        return (index, time) if self._sampling.wants(time) else None

    def _on_passed(self, time: float) -> None:
        self._passed = max(self._passed, time - self._start)

    def _on_spoilt(self) -> None:
        self.spoilt += 1

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
            self._time += step if 0 < step < LONGEST_GAP else self._step
        self._told = told
        return self._time


def length_of(container: InputContainer, stream: VideoStream) -> float | None:
    """Seconds, as the stream or else its container tells."""
    if stream.duration is not None and stream.time_base is not None:
        length = float(stream.duration * stream.time_base)
    else:
        length = (container.duration or 0) / av.time_base
    return length if length > 0 else None
