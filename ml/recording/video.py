"""The video of a recording: each frame is encoded as it comes, and keeps its own time.

WebM with VP9: docs/decisions.md says why, docs/measurements.md what it takes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.video.frame import PictureType
from av.video.reformatter import ColorRange, Colorspace

from ml.recording.errors import unwritable
from ml.recording.sizes import fit

Image = npt.NDArray[np.uint8]
"""BGR [height, width, 3]."""

SUFFIX: Final = ".webm"
_TICKS: Final = 1000
"""Of the video's clock, per second; usual in WebM."""
_TICK: Final = Fraction(1, _TICKS)
_KEY_FRAME_EVERY: Final = _TICKS
"""Ticks until the next frame that needs none before it; players jump from one to the other."""
_USUAL_RATE: Final = 30
"""What the file tells players who ask for a rate; they show each frame at its own time."""
_ENCODER: Final = {
    "deadline": "realtime",
    "cpu-used": "8",  # the fastest
    "crf": "33",  # 0 (best) to 63; at 30, a webcam's noise makes files half as large again
    "b": "0",  # bits per second: whatever that quality takes
    "lag-in-frames": "0",  # else it keeps 25 frames to look ahead
}
_CONTAINER: Final = {
    # A cluster is written when the next begins. One for each frame takes some 20 bytes, and only
    # the last frame is lost with the process.
    "cluster_time_limit": "0",
    "flush_packets": "1",
}


class VideoWriter:
    """Writes a file that can be played at every moment; until it is closed, without its last frame.

    A RecordingError closes it, and what was written before can be played.
    """

    def __init__(self, path: Path, width: int, height: int) -> None:
        """Create or replace ``path``; its frames are ``width`` × ``height`` pixels.

        Raises RecordingError if it cannot be written.
        """
        self._path = path
        self._size = width, height
        self._last = -1
        self._next_key_frame = 0
        """Both in ticks."""
        self._closed = False
        self._container = av.open(str(path), "w", format="webm", options=_CONTAINER)
        self._stream = self._container.add_stream("libvpx-vp9", _USUAL_RATE, options=_ENCODER)
        self._stream.width, self._stream.height = self._size
        self._stream.pix_fmt = "yuv420p"
        encoder = self._stream.codec_context
        encoder.time_base = _TICK
        encoder.colorspace, encoder.color_range = Colorspace.ITU601, ColorRange.MPEG
        encoder.thread_count = 1  # the other cores have frames to analyse
        with self._explained():
            self._container.start_encoding()

    def add(self, image: Image, time: float) -> None:
        """Write the frame at ``time`` seconds, 0 or more and no earlier than the last.

        ``image`` is contiguous; one of another size is fitted into the video's, with black beside
        it. Raises RecordingError if it cannot be written.
        """
        frame = _encodable(_fitted(image, self._size))
        # Frames of the same millisecond follow one another.
        frame.pts = self._last = max(round(time * _TICKS), self._last + 1)
        frame.time_base = _TICK
        with self._explained():
            if frame.pts >= self._next_key_frame:
                frame.pict_type = PictureType.I
                self._next_key_frame = frame.pts + _KEY_FRAME_EVERY
                self._path.stat()  # a deleted file can be written to, but nobody finds it again
            self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        """Complete the file, unless that is done or an error closed it.

        Raises RecordingError if it fails; the file can be played even so.
        """
        if self._closed:
            return
        self._closed = True
        with self._explained():
            self._container.mux(self._stream.encode())
            self._container.close()

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (OSError, av.FFmpegError) as error:
            self._closed = True
            with contextlib.suppress(OSError, av.FFmpegError):
                self._container.close()
            raise unwritable(self._path, error) from error


def _fitted(image: Image, size: tuple[int, int]) -> Image:
    width, height = size
    if image.shape[:2] == (height, width):
        return image
    place = fit(image.shape[1], image.shape[0], size)
    smaller = place.width < image.shape[1]
    fitted = np.zeros((height, width, 3), np.uint8)
    fitted[place.top : place.top + place.height, place.left : place.left + place.width] = (
        cv2.resize(
            image,
            (place.width, place.height),
            interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR,
        )
    )
    return fitted


def _encodable(image: Image) -> av.VideoFrame:
    """``image`` in BT.601's luma and, at half the width and height, chroma."""
    if any(side % 2 for side in image.shape[:2]):  # which OpenCV does not convert
        return av.VideoFrame.from_numpy_buffer(image, "bgr24").reformat(format="yuv420p")
    # Faster than FFmpeg's own conversion: docs/measurements.md.
    return av.VideoFrame.from_ndarray(cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420), "yuv420p")
