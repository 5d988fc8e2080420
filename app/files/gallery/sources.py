"""The files in which faces were found, read again to cut them out. For one thread."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QImage

from app.files.gallery.found_face import SIDE, Place
from ml.files import file_digest
from ml.vision.analysis import Turn
from ml.vision.sources import read_image
from ml.vision.sources.decoding import Image
from ml.vision.sources.moments import Moments
from ml.vision.sources.turned import turned

_FINER: Final = 2
"""Times as many pixels are cut out, for finer screens."""
_MARGIN: Final = 1.5
"""Side of what is cut out over the longer one of the box."""
_COARSE: Final = 2.0
"""Seconds by which the times of files are off on some file systems."""
_OPEN: Final = 3
"""Videos at once: a decoder takes a hundred megabytes for the largest."""


class Sources:
    def __init__(self, give_up: Callable[[], bool]) -> None:
        """``give_up`` is asked while something takes long."""
        self._give_up = give_up
        self._videos: OrderedDict[Path, Moments] = OrderedDict()
        """The one used last is last."""
        self._picture: tuple[Path, Image] | None = None
        """The last: many faces can be in one."""
        self._unchanged: dict[tuple[Path, int], bool] = {}
        """Of videos that are newer than their analysis, by the time of their change."""

    def cut_out(self, place: Place) -> QImage:
        """Raises ValueError or OSError, with a message for users."""
        if self._is_changed(place):
            raise ValueError(_tr("{} was changed after it was analysed.").format(place.file.name))
        image = turned(self._frame(place), Turn(place.turned))
        height, width = image.shape[:2]
        if place.size is not None and place.size != (width, height):
            raise ValueError(_tr("{} was changed after it was analysed.").format(place.file.name))
        return _square(image, place)

    def close(self) -> None:
        """Let go of all files."""
        for video in self._videos.values():
            video.close()
        self._videos.clear()
        self._picture = None

    def _frame(self, place: Place) -> Image:
        if not place.file.exists():
            raise ValueError(_tr("{} is not there any more.").format(place.file))
        image = self._picture_of(place.file) if place.time is None else self._moment(place)
        if image is None:
            raise ValueError(_tr("{} has no such frame any more.").format(place.file.name))
        return image

    def _picture_of(self, file: Path) -> Image:
        if self._picture is None or self._picture[0] != file:
            self._picture = None  # two large ones would not both be needed
            self._picture = file, read_image(file)
        return self._picture[1]

    def _moment(self, place: Place) -> Image | None:
        assert place.time is not None
        video = self._videos.pop(place.file, None) or Moments(place.file, self._give_up)
        self._videos[place.file] = video
        if len(self._videos) > _OPEN:
            self._videos.popitem(last=False)[1].close()
        return video.at(place.time)

    def _is_changed(self, place: Place) -> bool:
        """By its time. A video that was only copied back is still the same."""
        try:
            told = place.file.stat()
        except OSError:  # it is told when it is read
            return False
        if not place.analysed + _COARSE < told.st_mtime <= time.time():  # or else a wrong clock
            return False
        if not place.sha256:
            return True
        key = place.file, told.st_mtime_ns
        if key not in self._unchanged:
            self._unchanged[key] = file_digest(place.file) == place.sha256
        return not self._unchanged[key]


def _square(image: Image, place: Place) -> QImage:
    """Around the face, moved to where the frame has it whole."""
    height, width = image.shape[:2]
    x, y, box_width, box_height = place.box
    if not all(map(math.isfinite, place.box)) or min(box_width, box_height) <= 0:
        raise ValueError(_tr("The recording does not tell where in the frame this face is."))
    if not (x < width and y < height and x + box_width > 0 and y + box_height > 0):
        raise ValueError(_tr("{} was changed after it was analysed.").format(place.file.name))
    side = min(max(round(_MARGIN * max(box_width, box_height)), 1), width, height)
    left = min(max(round(x + (box_width - side) / 2), 0), width - side)
    top = min(max(round(y + (box_height - side) / 2), 0), height - side)
    part = np.ascontiguousarray(image[top : top + side, left : left + side])
    whole = QImage(part.data, side, side, 3 * side, QImage.Format.Format_BGR888)
    pixels = min(side, _FINER * SIDE)
    return whole.scaled(  # never the array's own pixels, also where the size is the same
        pixels,
        pixels,
        Qt.AspectRatioMode.IgnoreAspectRatio,
        Qt.TransformationMode.SmoothTransformation,
    ).copy()


def _tr(text: str) -> str:
    return QCoreApplication.translate("Sources", text)
