"""Cameras, video files, streams and images, as timestamped frames."""

from __future__ import annotations

import os
import sys
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import cv2
import numpy as np
import numpy.typing as npt
from cv2_enumerate_cameras import enumerate_cameras

from ml.vision.analysis import Frame

# OpenCV and FFmpeg report every broken file on stderr; what matters is in our own messages. OpenCV
# may have been imported long before; FFmpeg reads its variable when the first video is opened.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

CAMERA_PREFIX: Final = "camera:"
_STREAM_TIMEOUT_MS: Final = 5000
_USUAL_RATE: Final = 30.0
_LONGEST_GAP: Final = 60.0
"""Seconds between two frames of a file: it may have been paused, or be a time-lapse."""
_BACKEND: Final = {
    "linux": cv2.CAP_V4L2,
    "darwin": cv2.CAP_AVFOUNDATION,
    "win32": cv2.CAP_MSMF,
}.get(sys.platform, cv2.CAP_ANY)


class SourceError(ValueError):
    """A source that cannot be read; the message says which, why, and what to do."""


@dataclass(frozen=True)
class Camera:
    """A camera by its display name; the index can change whenever it is plugged in."""

    name: str
    index: int
    backend: int


class Source(ABC):
    """An open source: iterate over its frames, then close it, or use a with statement."""

    name: str
    live: bool
    """Whether it delivers at its own pace (a camera, a stream), and may come back when lost."""
    still: bool
    """Whether it is a single image."""

    @abstractmethod
    def read(self) -> Frame | None:
        """The next frame; None at the end. Raises SourceError when the source is lost."""

    @abstractmethod
    def close(self) -> None:
        """Release the file or device; nothing can be read afterwards."""

    def __iter__(self) -> Iterator[Frame]:
        while frame := self.read():
            yield frame

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def list_cameras() -> list[Camera]:
    """The connected cameras; those of the same name are numbered."""
    found = [(info.name, info.index, info.backend) for info in enumerate_cameras(_BACKEND)]
    seen: Counter[str] = Counter()
    cameras = []
    for name, index, backend in sorted(found, key=lambda camera: camera[1]):
        seen[name] += 1
        numbered = name if seen[name] == 1 else f"{name} #{seen[name]}"
        cameras.append(Camera(numbered, index, backend))
    return cameras


def open_source(address: str) -> Source:
    """Open ``camera:NAME``, a camera's number, a stream's address, or a file.

    Raises SourceError if it cannot be opened.
    """
    if address.startswith(CAMERA_PREFIX) or address.isdecimal():
        return _Camera(address.removeprefix(CAMERA_PREFIX))
    if "://" in address:
        return _Stream(address)
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
        return _Image(path)
    if _is_text(path):
        raise SourceError(f"{path.name} is a text file, not a video. Choose another source.")
    return _Video(path)


def _is_text(path: Path) -> bool:
    """FFmpeg renders text as video, and opens what playlists name; no container is plain text."""
    with path.open("rb") as file:
        start = set(file.read(1024))
    return not start & (set(range(32)) - set(b"\t\n\r\f\x1b"))


def read_image(path: Path) -> npt.NDArray[np.uint8]:
    """An image as BGR uint8 [height, width, 3], whatever its channels and depth, upright by EXIF.

    Raises SourceError if it cannot be decoded, OSError if it cannot be read.
    """
    # imread cannot open paths outside the code page on Windows.
    content = np.fromfile(path, dtype=np.uint8)
    try:
        image = cv2.imdecode(content, cv2.IMREAD_COLOR)
    except cv2.error:  # it claims more pixels than OpenCV accepts
        image = None
    if image is None:
        raise SourceError(f"{path.name} is damaged: it cannot be decoded as an image.")
    return to_bgr(image)


def to_bgr(image: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Any image OpenCV delivers, as contiguous BGR uint8 [height, width, 3].

    Floats are taken as 0 to 1, two channels as YUYV. Raises SourceError for other channel counts.
    """
    if image.dtype == np.uint16:
        image = (image // np.uint16(256)).astype(np.uint8)
    elif np.issubdtype(image.dtype, np.floating):
        image = (np.nan_to_num(np.clip(image, 0, 1)) * 255).astype(np.uint8)
    elif image.dtype != np.uint8:
        image = np.clip(image.astype(np.float64), 0, 255).astype(np.uint8)
    channels = 1 if image.ndim == 2 else image.shape[2]
    if channels == 1:
        image = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
    elif channels == 2 and image.shape[1] % 2 == 0:
        image = cv2.cvtColor(image, cv2.COLOR_YUV2BGR_YUY2)
    elif channels == 4:
        image = cv2.cvtColor(image, cv2.COLOR_BGRA2BGR)
    elif channels != 3:
        raise SourceError(f"Images with {channels} channels are not supported.")
    return np.ascontiguousarray(image, dtype=np.uint8)


class _Image(Source):
    live = False
    still = True

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self._image: npt.NDArray[np.uint8] | None = read_image(path)

    def read(self) -> Frame | None:
        if self._image is None:
            return None
        frame = Frame(self._image, 0, 0.0)
        self._image = None
        return frame

    def close(self) -> None:
        self._image = None


class _Video(Source):
    live = False
    still = False

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self._capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
        self._index = 0
        if not self._capture.isOpened():
            raise SourceError(
                f"{path.name} cannot be read as a video: it is damaged, incomplete, or in an "
                "unsupported format. Choose another source."
            )
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        self._rate = rate if 1 <= rate <= 240 else _USUAL_RATE
        self._timestamp = self._time = 0.0

    def read(self) -> Frame | None:
        got, image = self._capture.read()
        if not got:
            if self._index == 0:
                raise SourceError(f"{self.name} has no frames that can be decoded.")
            return None
        # Files of variable frame rate give each frame's time; broken ones give nonsense.
        timestamp = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        if self._index:
            step = timestamp - self._timestamp
            self._time += step if 0 < step < _LONGEST_GAP else 1 / self._rate
        self._timestamp = timestamp
        frame = Frame(to_bgr(image), self._index, self._time)
        self._index += 1
        return frame

    def close(self) -> None:
        self._capture.release()


class _Live(Source):
    live = True
    still = False

    def __init__(self, name: str, capture: cv2.VideoCapture) -> None:
        self.name = name
        self._capture = capture
        self._index = 0
        self._start = time.monotonic()

    def read(self) -> Frame | None:
        got, image = self._capture.read()
        if not got or image is None or image.size == 0:
            raise SourceError(f"{self.name} stopped sending frames.")
        frame = Frame(to_bgr(image), self._index, time.monotonic() - self._start)
        self._index += 1
        return frame

    def close(self) -> None:
        self._capture.release()


class _Stream(_Live):
    def __init__(self, address: str) -> None:
        capture = cv2.VideoCapture(
            address,
            cv2.CAP_FFMPEG,
            [
                cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
                _STREAM_TIMEOUT_MS,
                cv2.CAP_PROP_READ_TIMEOUT_MSEC,
                _STREAM_TIMEOUT_MS,
            ],
        )
        if not capture.isOpened():
            raise SourceError(
                f"No stream responds at {address}. Check the address, and that its sender is on."
            )
        super().__init__(address, capture)


class _Camera(_Live):
    def __init__(self, wanted: str) -> None:
        camera = _find_camera(wanted)
        capture = cv2.VideoCapture(camera.index, camera.backend)
        if not capture.isOpened():
            capture.release()
            raise SourceError(_why_camera_fails(camera))
        # The newest frame, not one that has waited in the driver's queue.
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        super().__init__(camera.name, capture)


def _find_camera(wanted: str) -> Camera:
    """The camera of that name or number; the first one if ``wanted`` is empty."""
    cameras = list_cameras()
    if not wanted and cameras:
        return cameras[0]
    for camera in cameras:
        if wanted == camera.name or (wanted.isdecimal() and int(wanted) == camera.index):
            return camera
    if not cameras:
        raise SourceError(
            "No camera was found. Plug one in, or choose a video or an image instead."
        )
    names = ", ".join(camera.name for camera in cameras)
    raise SourceError(f"The camera {wanted} is not connected. Choose one that is: {names}.")


def _why_camera_fails(camera: Camera) -> str:
    device = Path(f"/dev/video{camera.index}")
    if sys.platform == "linux" and device.exists() and not os.access(device, os.R_OK | os.W_OK):
        return (
            f"You have no permission to use {camera.name} ({device}). Join the group that has: "
            "sudo usermod -aG video $USER, then log out and in again."
        )
    if sys.platform == "darwin":
        return (
            f"{camera.name} could not be opened. Allow access in System Settings, Privacy & "
            "Security, Camera, and close other programs that use it."
        )
    return f"{camera.name} is busy: close the other program that uses it, then press Start again."
