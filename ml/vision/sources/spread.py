"""A few frames from all over a video, without decoding what lies between them."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from ml.vision.sources.animations import AnimationSource
from ml.vision.sources.decoding import Image, pictures
from ml.vision.sources.frame_durations import is_animated
from ml.vision.sources.source import SourceError
from ml.vision.sources.videos import length_of, open_video

_STEP: Final = 30
"""Frames from one to the next where they have to be read from the beginning."""


def spread_images(path: Path, count: int) -> Iterator[Image]:
    """At most ``count`` frames of a video, BGR [height, width, 3]; none if it is no video.

    Those that can be sought come first, from the whole video. If these are too few, frames from its
    beginning follow.
    """
    found = 0
    with (
        contextlib.suppress(SourceError, OSError, av.FFmpegError),
        open_video(path) as (container, stream),
    ):
        for image in _key_frames(container, stream, count):
            found += 1
            yield image
    with contextlib.suppress(SourceError, OSError, av.FFmpegError):
        # Whatever was sought, the very first one was.
        steps = islice(_all_frames(path), _STEP if found else 0, None, _STEP)
        yield from islice(steps, count - found)


def _all_frames(path: Path) -> Iterator[Image]:
    if is_animated(path):
        with contextlib.closing(AnimationSource(path)) as source:
            yield from (frame.image for frame in source)
    else:
        with open_video(path) as (container, stream):
            yield from (image for image, _ in pictures(container, stream, _told))


def _key_frames(container: InputContainer, stream: VideoStream, count: int) -> Iterator[Image]:
    """Those before ``count`` times that are spread evenly."""
    length = length_of(container, stream) or math.nan
    start = (container.start_time or 0) / av.time_base
    last = -math.inf
    for n in range(count):
        wanted = start + length * (n + 0.5) / count
        # Where it cannot be sought, it may be damaged only there; it has no length at all times.
        with contextlib.suppress(ValueError, OverflowError, OSError, av.FFmpegError):
            container.seek(round(wanted * av.time_base))
            image, time = next(pictures(container, stream, _told), (None, math.nan))
            if image is not None and time > last:
                last = time
                yield image


def _told(time: float) -> float:
    """Every frame is wanted, with the time that the video tells."""
    return time
