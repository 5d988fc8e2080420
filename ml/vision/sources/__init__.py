"""Cameras, video files, streams, images and animated ones, as timestamped frames."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import cv2

from ml.vision.sources.animations import AnimationSource
from ml.vision.sources.cameras import Camera, CameraSource, list_cameras
from ml.vision.sources.files import check, other_kind
from ml.vision.sources.frame_durations import is_animated
from ml.vision.sources.images import ImageSource, is_image, read_image
from ml.vision.sources.pixels import to_bgr
from ml.vision.sources.source import Source, SourceError
from ml.vision.sources.streams import StreamSource
from ml.vision.sources.videos import VideoSource

__all__ = [
    "Camera",
    "Source",
    "SourceError",
    "is_animated",
    "is_image",
    "list_cameras",
    "open_file",
    "open_source",
    "read_image",
    "to_bgr",
]

# OpenCV reports every broken file on stderr; what matters is in our own messages. PyAV is silent.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

CAMERA_PREFIX: Final = "camera:"


def open_source(address: str) -> Source:
    """Open ``camera:NAME``, a camera's number, a stream's address, or a file.

    Raises SourceError if it cannot be opened.
    """
    if address.startswith(CAMERA_PREFIX) or address.isdecimal():
        return CameraSource(address.removeprefix(CAMERA_PREFIX))
    if "://" in address:
        return StreamSource(address)
    try:
        path = Path(address).expanduser()
    except RuntimeError as error:  # the home folder of an unknown user
        raise SourceError(f"{address[:200]} cannot be opened: {error}.") from error
    return open_file(path)


def open_file(path: Path, interval: float = 0.0) -> Source:
    """A video or an image; ``interval`` is as for VideoSource. Raises SourceError."""
    check(path)
    if is_animated(path):
        return AnimationSource(path, interval)
    if is_image(path):
        return ImageSource(path)
    if kind := other_kind(path):
        raise SourceError(f"{path.name} is {kind}, not a video or image. Choose another source.")
    return VideoSource(path, interval)
