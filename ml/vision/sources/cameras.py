"""Cameras, by OpenCV: which are connected, and their frames."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
from cv2_enumerate_cameras import enumerate_cameras

from ml.vision.analysis import Frame
from ml.vision.sources.pixels import to_bgr
from ml.vision.sources.source import Source, SourceError

_BACKEND: Final = {
    "linux": cv2.CAP_V4L2,
    "darwin": cv2.CAP_AVFOUNDATION,
    "win32": cv2.CAP_MSMF,
}.get(sys.platform, cv2.CAP_ANY)


@dataclass(frozen=True)
class Camera:
    """A camera by its display name; the index can change whenever it is plugged in."""

    name: str
    index: int
    backend: int


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


class CameraSource(Source):
    """An open camera."""

    live = True
    still = False

    def __init__(self, wanted: str) -> None:
        """Open the camera of that name or number; the first one if ``wanted`` is empty.

        Raises SourceError if it is not there or cannot be opened.
        """
        camera = _find_camera(wanted)
        self.name = camera.name
        self._capture = cv2.VideoCapture(camera.index, camera.backend)
        if not self._capture.isOpened():
            self._capture.release()
            raise SourceError(_why_camera_fails(camera))
        # The newest frame, not one that has waited in the driver's queue.
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
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
