"""The frames of a video at given times, without reading all of it."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from itertools import pairwise
from pathlib import Path
from typing import Final

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from ml.vision.sources import open_file
from ml.vision.sources.decoding import Image, pictures
from ml.vision.sources.source import Source, SourceError
from ml.vision.sources.videos import LONGEST_GAP, open_video

_SAME: Final = 1e-4
"""Seconds by which the time of a frame may be off: recordings have four decimals."""
_NEAR: Final = 1.0
"""Seconds ahead that are sooner decoded than sought, whatever the key frames are."""
_EARLIER: Final = (0.0, 2.0, 10.0)
"""Seconds before a frame to seek to, one after the other: some files lead behind it."""


class Moments:
    """For one thread. Quickest for times that go forwards.

    Times are those of a VideoSource, in seconds since the first frame. Where a file can be relied
    on, they are its own, so that it can be sought; else, all of it is read up to the frame.
    """

    def __init__(self, path: Path, give_up: Callable[[], bool] = lambda: False) -> None:
        """``give_up`` is asked while all is read. Raises SourceError if there are no frames."""
        self._path, self._give_up = path, give_up
        self._opened = ExitStack()
        self._sought: _Sought | None = None
        self._read: _Read | None = None
        with ExitStack() as opened:
            # What is no video may be another source with several frames.
            with suppress(SourceError):
                container, stream = opened.enter_context(open_video(path))
                self._sought = _reliable(container, stream)
            if self._sought is not None:
                self._opened = opened.pop_all()

    def at(self, time: float) -> Image | None:
        """The frame of that very time, BGR [height, width, 3]; None if there is none.

        Raises SourceError if the file cannot be read.
        """
        image = self._sought.at(time) if self._sought is not None else None
        return image if image is not None else self._from_the_beginning(time)

    def close(self) -> None:
        self._opened.close()
        if self._read is not None:
            self._read.close()

    def _from_the_beginning(self, time: float) -> Image | None:
        if self._read is None or self._read.time > time + _SAME:
            if self._read is not None:
                self._read.close()
            self._read = _Read(open_file(self._path))
        return self._read.at(time, self._give_up)


class _Sought:
    """A video with times that can be relied on."""

    def __init__(
        self,
        container: InputContainer,
        stream: VideoStream,
        first: float,
        index: Sequence[tuple[float, bool]],
    ) -> None:
        """``first`` is the time of its first frame by its own clock. ``index`` has the times of
        frames, and whether they are key frames; it may have gaps, or end early.
        """
        self._container, self._stream, self._first = container, stream, first
        self._keys = [time - first for time, is_key in index if is_key]
        self._known = max((time - first for time, _ in index), default=-math.inf)
        """Time until which all key frames are known."""
        self._frames: Iterator[tuple[Image, float]] = iter(())
        self._decoded = math.inf
        """Time of the newest frame that was decoded."""
        self._wanted = 0.0
        self._last: tuple[Image, float] | None = None

    def at(self, time: float) -> Image | None:
        if self._last is not None and abs(self._last[1] - time) <= _SAME:
            return self._last[0]
        with suppress(OSError, av.FFmpegError):
            if self._is_ahead(time) and (image := self._next(time)) is not None:
                return image
            for earlier in _EARLIER:
                self._seek(time - earlier)
                if (image := self._next(time)) is not None:
                    return image
        return None

    def _is_ahead(self, time: float) -> bool:
        """Whether decoding on comes to ``time`` sooner than seeking."""
        if time <= self._decoded:
            return False
        if time - self._decoded <= _NEAR:
            return True
        between = bisect_right(self._keys, time) - bisect_right(self._keys, self._decoded)
        return time <= self._known and not between

    def _seek(self, time: float) -> None:
        assert self._stream.time_base is not None  # its frames have times
        told = math.floor((self._first + time + _SAME) / self._stream.time_base)
        self._container.seek(told, stream=self._stream)
        self._frames = pictures(self._container, self._stream, self._stamp)

    def _next(self, time: float) -> Image | None:
        """The frame at ``time``, None if the next one is later."""
        self._wanted = time
        self._last = next(self._frames, None)
        if self._last is None:
            self._decoded = math.inf
        elif abs(self._last[1] - time) <= _SAME:
            return self._last[0]
        return None

    def _stamp(self, told: float) -> float | None:
        self._decoded = told - self._first
        return self._decoded if self._decoded >= self._wanted - _SAME else None


def _reliable(container: InputContainer, stream: VideoStream) -> _Sought | None:
    """None unless a VideoSource tells the times of the frames as the file does."""
    first = next(pictures(container, stream, lambda told: told), None)
    if first is None or not math.isfinite(first[1]) or stream.time_base is None:
        return None
    with suppress(OSError, av.FFmpegError):
        container.seek(0)  # some files have their index at the end, where it is only read now
    tick = float(stream.time_base)
    index = [(entry.timestamp * tick, entry.is_keyframe) for entry in stream.index_entries]
    if any(later - earlier >= LONGEST_GAP for (earlier, _), (later, _) in pairwise(index)):
        return None
    return _Sought(container, stream, first[1], index)


class _Read:
    """A source that is read from its beginning on."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._image: Image | None = None
        self.time = -1.0
        """Of the newest frame, in seconds."""

    def at(self, time: float, give_up: Callable[[], bool]) -> Image | None:
        while self.time < time - _SAME and not give_up():
            frame = self._source.read()
            if frame is None:
                self.time = math.inf
                return None
            self._image, self.time = frame.image, frame.time
        return self._image if abs(self.time - time) <= _SAME else None

    def close(self) -> None:
        self._source.close()
