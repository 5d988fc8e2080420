"""Small pictures of faces, cut out of the files in which they were found."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QThread, Signal, Slot
from PySide6.QtGui import QImage

from app.files.gallery.found_face import Place

if TYPE_CHECKING:
    from app.files.gallery.sources import Sources

_log = logging.getLogger(__name__)

_MOST_BYTES: Final = 96 << 20
"""Of the pictures that are kept: 600, more than the largest screen shows at once."""
_IDLE: Final = 3.0
"""Seconds without anything to do after which files are let go: on Windows, an open one can neither
be renamed nor deleted."""
_STOP_MS: Final = 10_000
"""Longer than finding a frame takes, or reading a large picture."""


class Crops(QThread):
    """Only what is wanted now is read; nothing is stored on disk."""

    changed = Signal()
    """There is another picture."""
    _read = Signal(object, object, str)
    """A Place, and its QImage or why there is none."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("crops")
        self._kept: OrderedDict[Place, QImage | str] = OrderedDict()
        """A picture, or why there is none. The one used last is last."""
        self._bytes = 0
        self._wanted: list[Place] = []
        """Those that are not read yet, the next one last."""
        self._changed = threading.Condition()
        self._closed = False
        self._read.connect(self._keep)

    # In the window's thread

    def picture(self, place: Place) -> QImage | str | None:
        """Or why there is none; None until it is read."""
        return self._kept.get(place)

    def want(self, places: Iterable[Place]) -> None:
        """Read the pictures of ``places``; those that were wanted before are not any more."""
        missing = []
        for place in places:
            if place in self._kept:
                self._kept.move_to_end(place)
            else:
                missing.append(place)
        # Those of a file together, and in its order, for which the fewest frames are decoded.
        missing.sort(key=lambda place: (str(place.file), place.time or 0.0), reverse=True)
        with self._changed:
            self._wanted = missing
            self._changed.notify()
        if missing and not self._closed and not self.isRunning():
            self.start()

    def forget_problems(self) -> None:
        """Files that were missing may be there now."""
        for place in [place for place, kept in self._kept.items() if isinstance(kept, str)]:
            del self._kept[place]

    def shut_down(self) -> bool:
        """Returns whether the thread ended in time."""
        with self._changed:
            self._closed = True
            self._wanted = []
            self._changed.notify()
        return self.wait(_STOP_MS)

    @Slot(object, object, str)
    def _keep(self, place: Place, image: QImage, problem: str) -> None:
        self._bytes -= _bytes(self._kept.get(place))  # it may have been wanted and read twice
        self._kept[place] = problem or image
        self._bytes += _bytes(self._kept[place])
        while self._bytes > _MOST_BYTES and self._kept:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= _bytes(oldest)
        self.changed.emit()

    # In its own

    def run(self) -> None:
        from app.files.gallery.sources import Sources  # OpenCV takes long to import

        place: Place | None = None
        sources = Sources(give_up=lambda: self._is_given_up(place))
        try:
            while (place := self._next(sources)) is not None:
                image, problem = self._cut_out(sources, place)
                if not self._is_given_up(place):
                    self._done(place, image, problem)
        finally:
            sources.close()

    def _next(self, sources: Sources) -> Place | None:
        """None at the end. It stays among the wanted ones until it is done."""
        with self._changed:
            if not self._wanted and not self._closed:
                self._changed.wait(_IDLE)
            while not self._wanted and not self._closed:
                sources.close()
                self._changed.wait()
            return None if self._closed else self._wanted[-1]

    def _is_given_up(self, place: Place | None) -> bool:
        """Whether it was wanted, and is not any more."""
        with self._changed:
            return self._closed or place not in self._wanted

    def _done(self, place: Place, image: QImage, problem: str) -> None:
        with self._changed:
            self._wanted = [other for other in self._wanted if other != place]
        self._read.emit(place, image, problem)

    def _cut_out(self, sources: Sources, place: Place) -> tuple[QImage, str]:
        try:
            return sources.cut_out(place), ""
        except ValueError as error:  # its message is for users
            return QImage(), str(error)
        except OSError as error:
            text = self.tr("{} cannot be read: {}.")
            return QImage(), text.format(place.file.name, error.strerror or error)
        except MemoryError:
            return QImage(), self.tr("There is too little memory for {}.").format(place.file.name)
        except Exception:  # the others must be read all the same
            _log.exception("unexpected error")
            return QImage(), self.tr("Unexpected error. See the log for details.")


def _bytes(kept: QImage | str | None) -> int:
    return kept.sizeInBytes() if isinstance(kept, QImage) else 0
