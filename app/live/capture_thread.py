"""The blocking read loop of a source, in a thread of its own; consumers get the latest frame."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QThread, Signal

from ml.vision.analysis import Frame, Turn

if TYPE_CHECKING:
    from ml.vision.sources import Source

_RETRY_SECONDS: Final = 1.0
_BLACK_SECONDS: Final = 2.0
_BLACK_LEVEL: Final = 12
"""A covered or switched-off camera still sends a little noise."""
_LATE_SECONDS: Final = 0.25
"""A video that lags behind by more than this does not speed up to catch up."""


class LatestFrame:
    """A one-slot box: a slow consumer drops frames and never queues them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._frame: Frame | None = None

    def put(self, frame: Frame) -> bool:
        """Returns whether the box was empty, in which case its consumer has to be notified."""
        with self._lock:
            was_empty = self._frame is None
            self._frame = frame
        return was_empty

    def put_back(self, frame: Frame) -> None:
        """Put back a frame that was taken, unless a newer one is there."""
        with self._lock:
            self._frame = self._frame or frame

    def take(self) -> Frame | None:
        with self._lock:
            frame, self._frame = self._frame, None
        return frame


class CaptureThread(QThread):
    """Reads a source until it ends or ``stop`` is called."""

    opened = Signal(str, bool)
    """The source's name, and whether it is a still picture; again after each reconnection."""
    lost = Signal(str)
    """Why a live source was lost; the thread tries to reopen it until it is back."""
    failed = Signal(str)
    ended = Signal(str)
    notice = Signal(str)
    """A problem with the frames; empty once it is over."""
    frame_waiting = Signal()
    """The analysis box was empty and now holds a frame."""

    def __init__(
        self,
        address: str,
        display_box: LatestFrame,
        analysis_box: LatestFrame,
        *,
        loop: bool,
        turn: Turn = Turn.NONE,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("capture")
        self.loop = loop
        self._turn = turn
        self._address = address
        self._display_box = display_box
        self._analysis_box = analysis_box
        self._next_time = 0.0
        """Where the times of a reopened source begin: they never run backwards."""
        self._lost: float | None = None
        """When a live source was lost, as ``time.monotonic()``."""
        self._stop = threading.Event()
        self._changed = threading.Event()
        """What concerns a picture that stays on screen: its turn, or that it is to stop."""

    def stop(self) -> None:
        """Ask the loop to end; ``finished`` is emitted when it has."""
        self._stop.set()
        self._changed.set()

    def set_turn(self, turn: Turn) -> None:
        """Turn all frames from the next one on, and at once a picture that stays on screen."""
        self._turn = turn
        self._changed.set()

    def run(self) -> None:
        # Decoding needs OpenCV, whose slow import must not block the GUI thread.
        from ml.vision.sources import SourceError, open_source

        was_open = False
        while not self._stop.is_set():
            try:
                source = open_source(self._address)
            except SourceError as error:
                if not was_open:
                    self.failed.emit(str(error))
                    return
                self._stop.wait(_RETRY_SECONDS)
                continue
            was_open = True
            if self._lost is not None:
                self._next_time += time.monotonic() - self._lost
                self._lost = None
            self.opened.emit(source.name, source.still)
            try:
                only = self._deliver(source)
            except SourceError as error:
                if not source.live:
                    self.failed.emit(str(error))
                    return
                self._lost = time.monotonic()
                self.lost.emit(f"{error} Capture resumes as soon as it is back.")
                self._stop.wait(_RETRY_SECONDS)
                continue
            finally:
                source.close()
            if only is not None and (source.still or self.loop):
                self._keep_showing(only)
            elif not self.loop and not self._stop.is_set():
                self.ended.emit(f"{source.name} has ended.")
                return

    def _deliver(self, source: Source) -> Frame | None:
        """Deliver the frames of an open source; returns the frame if there was only one."""
        start = self._next_time
        clock = time.monotonic() - start
        bright = time.monotonic()
        noticed = False
        frames = 0
        only: Frame | None = None
        last = step = 0.0
        while not self._stop.is_set():
            frame = source.read()
            if frame is None:
                break
            frames += 1
            step = frame.time - last or step
            last = frame.time
            frame = replace(frame, time=start + frame.time, wall_time=time.time())
            self._next_time = frame.time + step
            if not source.live:
                clock = max(clock, time.monotonic() - frame.time - _LATE_SECONDS)
                if self._stop.wait(max(0.0, clock + frame.time - time.monotonic())):
                    break
            else:
                if frame.image[::16, ::16].max() > _BLACK_LEVEL:
                    bright = time.monotonic()
                black = time.monotonic() - bright > _BLACK_SECONDS
                if black is not noticed:
                    noticed = black
                    self.notice.emit(_black(source.name) if black else "")
            self._show(frame)
            only = frame if frames == 1 else None
        return only

    def _keep_showing(self, frame: Frame) -> None:
        """Until the capture is stopped, at each turn that is wanted."""
        while True:
            self._changed.wait()
            self._changed.clear()
            if self._stop.is_set():
                return
            self._show(frame)

    def _show(self, frame: Frame) -> None:
        from ml.vision.sources.turned import turned

        turn = self._turn
        frame = replace(frame, image=turned(frame.image, turn), turn=turn)
        self._display_box.put(frame)
        if self._analysis_box.put(frame):
            self.frame_waiting.emit()


def _black(name: str) -> str:
    return (
        f"{name} sends only black frames. Open its cover or shutter, switch on a light, or "
        "choose another source."
    )
