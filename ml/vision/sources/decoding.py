"""Encoded video, by PyAV (FFmpeg): its frames as upright pictures, each with its time."""

from __future__ import annotations

import gc
import math
import os
import time
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeVar

import av
import numpy as np
import numpy.typing as npt
from av.container import InputContainer
from av.sidedata.sidedata import Type
from av.stream import Disposition
from av.video.stream import VideoStream

from ml.vision.sources.orientation import Orientation

ALONE: Final = {"protocol_whitelist": "none"}
"""Nothing else is opened through a file: playlists and their like name others, and addresses."""
THREADS: Final = min(4, max(1, (os.cpu_count() or 1) // 4))
"""For decoding; the other cores have frames to analyse. docs/measurements.md has what more gain."""


Image = npt.NDArray[np.uint8]
"""BGR [height, width, 3], contiguous."""
Stamp = TypeVar("Stamp")


def video_stream(container: InputContainer) -> VideoStream | None:
    """The one to show; None if there is only sound, perhaps with its cover, or no decoder."""
    stream = container.streams.best("video")
    if not isinstance(stream, VideoStream) or stream.disposition & Disposition.attached_pic:
        return None
    return stream if stream.codec_context else None


def pictures(
    container: InputContainer,
    stream: VideoStream,
    stamp: Callable[[float], Stamp | None],
    patience: float = math.inf,
    passed: Callable[[float], None] = lambda _: None,
    spoilt: Callable[[], None] = lambda: None,
) -> Iterator[tuple[Image, Stamp]]:
    """All that can be decoded of ``stream``, in the order to show it; the rest is left out.

    ``stamp`` is given the time of each frame, in seconds by the clock of the video, or NaN if it
    does not tell; what it makes of it comes with the picture. For None the frame is passed over,
    which takes less than to make a picture of it. ``passed`` is given the end of each packet that
    is read, also of sound, in seconds by the same clock; ``spoilt`` is called for one that cannot
    be decoded.

    Raises av.FFmpegError or OSError where the container cannot be read on, and TimeoutError if no
    picture comes for ``patience`` seconds.
    """
    upright = _Upright()
    since = time.monotonic()
    for packet in container.demux():
        if packet.pts is not None and packet.time_base is not None:
            passed(float((packet.pts + (packet.duration or 0)) * packet.time_base))
        if packet.stream.index == stream.index:
            for picture in _decoded(stream, packet, upright, stamp, spoilt):
                yield picture
                since = time.monotonic()
        if time.monotonic() - since > patience:
            raise TimeoutError


def _decoded(
    stream: VideoStream,
    packet: av.Packet[Any],
    upright: _Upright,
    stamp: Callable[[float], Stamp | None],
    spoilt: Callable[[], None],
) -> list[tuple[Image, Stamp]]:
    known = upright.known
    try:
        decoded = [
            (upright.image(frame), stamped)
            for frame in stream.decode(packet)
            if (stamped := stamp(math.nan if frame.pts is None else frame.time)) is not None
        ]
        if upright.known and not known:
            # A frame that was asked how it is turned refers to itself. It is young enough for this
            # quick collection; a video that is repeated would otherwise leave one at each turn.
            gc.collect(1)
        return decoded
    except (av.FFmpegError, ValueError):  # damaged, or pixels of a kind that FFmpeg cannot convert
        spoilt()
        return []


class _Upright:
    """Turns and mirrors the frames of a video as it says by its display matrix."""

    def __init__(self) -> None:
        self._orientation: Orientation | None = None

    @property
    def known(self) -> bool:
        """Whether the first frame was asked how it is turned."""
        return self._orientation is not None

    def image(self, frame: av.VideoFrame) -> Image:
        # By the frame's own matrix and range of colours. To start threads takes longer than that.
        (plane,) = frame.reformat(format="bgr24", threads=1).planes
        # Not copied where the lines are without padding; to_ndarray would.
        lines = np.frombuffer(memoryview(plane), np.uint8).reshape(frame.height, plane.line_size)
        image = lines[:, : 3 * frame.width].reshape(frame.height, frame.width, 3)
        self._orientation = self._orientation or _orientation(frame)
        return self._orientation.of(image)


def _orientation(frame: av.VideoFrame) -> Orientation:
    side_data: Any = frame.side_data  # PyAV's annotations have only one kind
    if Type.DISPLAYMATRIX not in side_data:
        return Orientation()
    # A pixel (x, y) is shown at (ax + cy, bx + dy); the last row and column are of no use here.
    display = np.frombuffer(side_data[Type.DISPLAYMATRIX], np.int32).reshape(3, 3)
    (a, b), (c, d) = display[:2, :2].tolist()
    if abs(a) + abs(d) < abs(b) + abs(c):
        return Orientation(True, c < 0, b < 0)
    return Orientation(False, a < 0, d < 0)
