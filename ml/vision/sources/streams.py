"""Streams: video from a network address."""

from __future__ import annotations

import time
from typing import Final

import av
from av.codec.context import ThreadType

from ml.vision.addresses import without_credentials
from ml.vision.analysis import Frame
from ml.vision.sources.decoding import THREADS, pictures, video_stream
from ml.vision.sources.source import Source, SourceError

_TIMEOUT: Final = 5.0
"""Seconds that may pass until a stream is open, and from one frame to the next."""
_OPTIONS: Final = {"rtsp_transport": "tcp"}
"""UDP, which RTSP would use, loses packets and is kept out by many networks."""


class StreamSource(Source):
    """An open stream; its frames have the times of their arrival."""

    live = True
    still = False

    def __init__(self, address: str) -> None:
        """Raises SourceError if no video comes from there."""
        self.name = without_credentials(address)
        try:
            self._container = av.open(
                address, "r", options=_OPTIONS, timeout=_TIMEOUT, metadata_errors="replace"
            )
        except (OSError, ValueError, av.FFmpegError) as error:
            raise SourceError(_silent(self.name)) from error
        stream = video_stream(self._container)
        if stream is None:
            self.close()
            raise SourceError(_silent(self.name))
        # Threads that each take a frame would hold back as many.
        stream.codec_context.thread_type = ThreadType.SLICE
        stream.codec_context.thread_count = THREADS
        self._pictures = pictures(self._container, stream, lambda told: told, _TIMEOUT)
        self._index = 0
        self._start = time.monotonic()

    def read(self) -> Frame | None:
        try:
            picture = next(self._pictures, None)
        except (OSError, av.FFmpegError):
            picture = None
        if picture is None:
            raise SourceError(f"{self.name} stopped sending frames.")
        frame = Frame(picture[0], self._index, time.monotonic() - self._start)
        self._index += 1
        return frame

    def close(self) -> None:
        self._container.close()


def _silent(name: str) -> str:
    return f"No stream responds at {name}. Check the address, and that its sender is on."
