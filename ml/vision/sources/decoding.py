"""Encoded video, by PyAV (FFmpeg): its frames as upright pictures, each with its time."""

from __future__ import annotations

import gc
import math
import os
import time
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.container import InputContainer
from av.sidedata.sidedata import Type
from av.stream import Disposition
from av.video.stream import VideoStream

THREADS: Final = min(4, max(1, (os.cpu_count() or 1) // 4))
"""For decoding; the other cores have frames to analyse. docs/measurements.md has what more gain."""


class Picture(NamedTuple):
    """A decoded frame."""

    image: npt.NDArray[np.uint8]
    """BGR [height, width, 3], contiguous."""
    time: float
    """Seconds by the clock of the video; NaN if it does not tell."""


def video_stream(container: InputContainer) -> VideoStream | None:
    """The one to show; None if there is only sound, perhaps with its cover, or no decoder."""
    stream = container.streams.best("video")
    if not isinstance(stream, VideoStream) or stream.disposition & Disposition.attached_pic:
        return None
    return stream if stream.codec_context else None


def pictures(
    container: InputContainer, stream: VideoStream, patience: float = math.inf
) -> Iterator[Picture]:
    """All that can be decoded of ``stream``, in the order to show it; the rest is left out.

    Raises av.FFmpegError or OSError where the container cannot be read on, and TimeoutError if no
    picture comes for ``patience`` seconds.
    """
    upright = _Upright()
    since = time.monotonic()
    for packet in container.demux():
        if packet.stream.index == stream.index:
            for picture in _decoded(stream, packet, upright):
                yield picture
                since = time.monotonic()
        if time.monotonic() - since > patience:
            raise TimeoutError


def _decoded(stream: VideoStream, packet: av.Packet[Any], upright: _Upright) -> list[Picture]:
    known = upright.known
    try:
        decoded = [
            Picture(upright.image(frame), math.nan if frame.pts is None else frame.time)
            for frame in stream.decode(packet)
        ]
        if upright.known and not known:
            # A frame that was asked how it is turned refers to itself. It is young enough for this
            # quick collection; a video that is repeated would otherwise leave one at each turn.
            gc.collect(1)
        return decoded
    except (av.FFmpegError, ValueError):  # damaged, or pixels of a kind that FFmpeg cannot convert
        return []


class _Upright:
    """Turns and mirrors the frames of a video as it says by its display matrix."""

    def __init__(self) -> None:
        self._turn: _Turn | None = None

    @property
    def known(self) -> bool:
        """Whether the first frame was asked how it is turned."""
        return self._turn is not None

    def image(self, frame: av.VideoFrame) -> npt.NDArray[np.uint8]:
        # By the frame's own matrix and range of colours. To start threads takes longer than that.
        (plane,) = frame.reformat(format="bgr24", threads=1).planes
        # Not copied where the lines are without padding; to_ndarray would.
        lines = np.frombuffer(memoryview(plane), np.uint8).reshape(frame.height, plane.line_size)
        image = lines[:, : 3 * frame.width].reshape(frame.height, frame.width, 3)
        self._turn = self._turn or _turn(frame)
        if self._turn.transposed:
            image = cv2.transpose(image)
        if self._turn.mirrored:
            image = cv2.flip(image, 1)
        if self._turn.upended:
            image = cv2.flip(image, 0)
        return np.ascontiguousarray(image, np.uint8)


class _Turn(NamedTuple):
    """What makes a frame upright, in this order."""

    transposed: bool
    mirrored: bool
    upended: bool


def _turn(frame: av.VideoFrame) -> _Turn:
    side_data: Any = frame.side_data  # PyAV's annotations have only one kind
    if Type.DISPLAYMATRIX not in side_data:
        return _Turn(False, False, False)
    # A pixel (x, y) is shown at (ax + cy, bx + dy); the last row and column are of no use here.
    display = np.frombuffer(side_data[Type.DISPLAYMATRIX], np.int32).reshape(3, 3)
    (a, b), (c, d) = display[:2, :2].tolist()
    if abs(a) + abs(d) < abs(b) + abs(c):
        return _Turn(True, c < 0, b < 0)
    return _Turn(False, a < 0, d < 0)
