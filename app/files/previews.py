"""Small pictures of what is in the queue, and the lengths of its videos, read in a thread."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, QSize, QThread, Signal, Slot
from PySide6.QtGui import QImage

from ml.batch.items import Item, Kind

if TYPE_CHECKING:
    from ml.vision.analysis import Frame

_log = logging.getLogger(__name__)
T = TypeVar("T")

SIZE: Final = QSize(72, 44)
"""Of a picture at most, in pixels of a screen without scaling."""
_FINER: Final = 2
"""Times as many pixels are kept, for finer screens."""
_KEPT: Final = 300
"""Pictures of 50 kB; more than the rows of any screen."""
_WAITING: Final = 24
"""Pictures that wait to be read: rows that were scrolled past are not among them for long."""
_DARK: Final = 48
"""Frames of a video that are read at most, to find one that is not all of one colour."""
_PLAIN: Final = 6.0
"""Standard deviation of grey values, of 255, below which a picture shows nothing."""
_STOP_MS: Final = 10_000


class Previews(QThread):
    """The picture asked for last is read first, and lengths when no pictures wait."""

    pictured = Signal(object)
    """The Item whose picture is there now."""
    measured = Signal(object, object)
    """An Item and its length in seconds, or None."""
    _read = Signal(object, object)
    """An Item and a QImage, null if it cannot be read."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("previews")
        self._images: OrderedDict[Path, QImage] = OrderedDict()
        """The one used last is last. By the first file."""
        self._wanted: deque[Item] = deque(maxlen=_WAITING)
        self._lengths: deque[Item] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._read.connect(self._keep)

    # In the window's thread

    def picture(self, item: Item) -> QImage | None:
        """None until it is read, which this call asks for; a null one if it cannot be read."""
        file = item.files[0]
        image = self._images.get(file)
        if image is None and item not in self._wanted:
            self._ask(self._wanted, [item])
        if image is not None:
            self._images.move_to_end(file)
        return image

    def measure(self, items: Iterable[Item]) -> None:
        """Read the lengths of the videos among them."""
        self._ask(self._lengths, [item for item in items if item.kind is Kind.VIDEO])

    def shut_down(self) -> bool:
        """What waits is not read any more; returns whether the thread ended in time."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        return self.wait(_STOP_MS)

    def _ask(self, where: deque[Item], items: list[Item]) -> None:
        with self._changed:
            if self._closed:
                return
            where += items
            self._changed.notify()
        if items and not self.isRunning():
            self.start()

    @Slot(object, object)
    def _keep(self, item: Item, image: QImage) -> None:
        self._images[item.files[0]] = image
        while len(self._images) > _KEPT:
            self._images.popitem(last=False)
        self.pictured.emit(item)

    # In its own

    def run(self) -> None:
        while (next_one := self._next()) is not None:
            item, pictured = next_one
            file = item.files[0]
            if pictured:
                self._read.emit(item, _tried(_image, file) or QImage())
            else:
                self.measured.emit(item, _tried(_length, file))

    def _next(self) -> tuple[Item, bool] | None:
        """An item and whether its picture is wanted, else its length; None at the end."""
        with self._changed:
            while not (self._closed or self._wanted or self._lengths):
                self._changed.wait()
            if self._closed:
                return None
            if self._wanted:
                return self._wanted.pop(), True
            return self._lengths.popleft(), False


def _tried(read: Callable[[Path], T | None], file: Path) -> T | None:
    """None for a file that cannot be read: the analysis will tell why."""
    try:
        return read(file)
    except (ValueError, OSError):
        return None
    except Exception:  # what waits must be read all the same
        _log.exception("unexpected error")
        return None


def _length(file: Path) -> float | None:
    from ml.vision.sources import open_source

    with open_source(str(file)) as source:
        return source.length


def _image(file: Path) -> QImage | None:
    """Of a picture, or of the first frame of a video that shows something."""
    from ml.vision.sources import open_source

    with open_source(str(file)) as source:
        frame = _telling(source)
        return _shrunk(frame.image) if frame is not None else None


def _telling(frames: Iterable[Frame]) -> Frame | None:
    frame = None
    for frame in islice(frames, _DARK):
        if float(np.std(frame.image[::8, ::8])) > _PLAIN:
            break
    return frame


def _shrunk(picture: npt.NDArray[np.uint8]) -> QImage:
    """A picture BGR [height, width, 3] at _FINER times SIZE at most."""
    import cv2

    height, width = picture.shape[:2]
    scale = min(_FINER * SIZE.width() / width, _FINER * SIZE.height() / height, 1.0)
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    small = np.ascontiguousarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
    return QImage(small.data, *size, 3 * size[0], QImage.Format.Format_BGR888).copy()
