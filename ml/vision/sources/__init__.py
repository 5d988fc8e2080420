"""Cameras, video files, streams and images, as timestamped frames."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import cv2

from ml.vision.sources.cameras import Camera, CameraSource, list_cameras
from ml.vision.sources.images import ImageSource, read_image, to_bgr
from ml.vision.sources.source import Source, SourceError
from ml.vision.sources.streams import StreamSource
from ml.vision.sources.videos import VideoSource

__all__ = [
    "Camera",
    "Source",
    "SourceError",
    "list_cameras",
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
        exists = path.exists()
    except (OSError, RuntimeError) as error:  # a name too long, the home folder of an unknown user
        raise SourceError(f"{address[:200]} cannot be opened: {error}.") from error
    if not exists:
        raise SourceError(f"There is no file {path}. Choose another source.")
    if path.is_dir():
        raise SourceError(f"{path} is a folder. Choose a video or an image in it.")
    if not os.access(path, os.R_OK):
        raise SourceError(f"{path} cannot be read: permission denied. Change its permissions.")
    if path.stat().st_size == 0:
        raise SourceError(f"{path.name} is empty (0 bytes). Choose another source.")
    if cv2.haveImageReader(str(path)) and path.suffix.lower() != ".gif":
        return ImageSource(path)
    if _is_text(path):
        raise SourceError(f"{path.name} is a text file, not a video. Choose another source.")
    return VideoSource(path)


def _is_text(path: Path) -> bool:
    """FFmpeg renders text as video, and opens what playlists name; no container is plain text."""
    with path.open("rb") as file:
        start = set(file.read(1024))
    return not start & (set(range(32)) - set(b"\t\n\r\f\x1b"))
