"""One capture at a time, from Start to Stop: owns the capture and the analysis thread."""

from __future__ import annotations

import logging
from enum import Enum, auto
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, QThread, Signal, Slot

from app.live.analysis_worker import AnalysisWorker, NetworkFailure, NetworkInUse, NetworkRequest
from app.live.capture_thread import CaptureThread, LatestFrame
from app.live.stream import AnalysisStream, Began, Ended, Gap, NetworkChanged
from ml.vision.analysis import Analysis, AnalysisOptions, Turn

_log = logging.getLogger(__name__)

_STOP_MS: Final = 8000
"""Longer than a stream's read may block."""


class State(Enum):
    IDLE = auto()
    OPENING = auto()
    RUNNING = auto()
    LOST = auto()
    """A live source was lost; the capture resumes when it is back."""
    STOPPING = auto()


class LiveSession(QObject):
    """Starts, stops and reconnects; publishes only what belongs to the current capture."""

    state_changed = Signal(object)
    network_ready = Signal(object)
    """NetworkInUse."""
    network_failed = Signal(object)
    """NetworkFailure; the previous network, if any, stays in use."""
    message = Signal(str, bool)
    """For the user, and whether it is serious; an empty one clears the last."""

    _network_wanted = Signal(object)
    _options_wanted = Signal(object)
    _baseline_wanted = Signal(int, bool)
    _session_begins = Signal(int, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state = State.IDLE
        self.stream = AnalysisStream(self)
        self.display_box = LatestFrame()
        self.network: NetworkInUse | None = None
        self.options = AnalysisOptions()
        self._turn = Turn.NONE
        """Of this capture and the next ones."""
        self._requested_network: NetworkRequest | None = None
        self._number = 0
        self._capture: CaptureThread | None = None
        self._began = False
        """Whether Began was emitted for this capture."""
        self._end = ""
        """Why the capture ended; empty if the user stopped it."""
        self._next: tuple[str, bool] | None = None
        """Address, and whether to loop: started as soon as the current capture has ended."""

        self._worker = AnalysisWorker()
        self._worker_thread = QThread(self)
        self._worker_thread.setObjectName("analysis")
        self._worker.moveToThread(self._worker_thread)
        self._network_wanted.connect(self._worker.use_network)
        self._options_wanted.connect(self._worker.configure)
        self._baseline_wanted.connect(self._worker.set_baseline)
        self._session_begins.connect(self._worker.begin)
        self._worker.analysed.connect(self._on_analysed)
        self._worker.network_ready.connect(self._on_network_ready)
        self._worker.network_failed.connect(self._on_network_failed)
        self._worker_thread.start()

    @property
    def active(self) -> bool:
        return self.state not in (State.IDLE, State.STOPPING)

    def use_network(self, weights: Path, device: str) -> None:
        """Load ``weights`` on ``device``; the current network stays in use until that succeeds."""
        self._requested_network = NetworkRequest(weights, device)
        self._network_wanted.emit(self._requested_network)

    def configure(self, options: AnalysisOptions) -> None:
        self.options = options
        self._options_wanted.emit(options)

    def set_baseline(self, track: int, wanted: bool) -> None:
        """Measure a person's neutral baseline from now on and correct by it, or drop it."""
        self._baseline_wanted.emit(track, wanted)

    def set_loop(self, loop: bool) -> None:
        if self._capture is not None:
            self._capture.loop = loop

    def set_turn(self, turn: Turn) -> None:
        """Turn every frame."""
        self._turn = turn
        if self._capture is not None:
            self._capture.set_turn(turn)

    def start(self, address: str, *, loop: bool) -> None:
        """Start a capture of ``address``, which replaces the current one."""
        if self._capture is not None:
            self._next = (address, loop)
            self._stop_capture(self._capture)
            return
        if self.network is None and not address.startswith("camera:"):
            # A short video would be over before the network is loaded.
            self._next = (address, loop)
            self._enter(State.OPENING)
            return
        self._number += 1
        self._began, self._end = False, ""
        self.display_box.take()
        analysis_box = LatestFrame()
        self._session_begins.emit(self._number, analysis_box)
        capture = CaptureThread(
            address, self.display_box, analysis_box, loop=loop, turn=self._turn, parent=self
        )
        capture.opened.connect(self._on_opened)
        capture.lost.connect(self._on_lost)
        capture.lost.connect(self._worker.forget_people)
        capture.failed.connect(self._on_failed)
        capture.ended.connect(self._on_ended)
        capture.notice.connect(self._on_notice)
        capture.frame_waiting.connect(self._worker.analyse)
        capture.finished.connect(self._on_finished)
        self._capture = capture
        self.message.emit("", False)
        self._enter(State.OPENING)
        capture.start()

    def stop(self) -> None:
        self._next = None
        if self._capture is not None:
            self._stop_capture(self._capture)
        else:
            self._enter(State.IDLE)

    def _stop_capture(self, capture: CaptureThread) -> None:
        self._enter(State.STOPPING)
        capture.stop()

    def shut_down(self) -> bool:
        """Stop both threads and wait for them; returns whether they ended in time."""
        self.stop()
        ended = True
        if self._capture is not None:
            ended = self._capture.wait(_STOP_MS)
        self._worker_thread.quit()
        ended = self._worker_thread.wait(_STOP_MS) and ended
        if not ended:
            _log.error("a thread did not end: the camera driver or the stream hangs")
        return ended

    def _enter(self, state: State) -> None:
        if state is not self.state:
            self.state = state
            self.state_changed.emit(state)

    @Slot(str, bool)
    def _on_opened(self, name: str, still: bool) -> None:
        if self.active:
            _log.info("opened %s", name)
            self.message.emit("", False)
            self._enter(State.RUNNING)
            if not self._began:
                self._began = True
                self.stream.told.emit(Began(name, still))

    @Slot(str)
    def _on_lost(self, why: str) -> None:
        if self.active:
            self.message.emit(why, True)
            self._enter(State.LOST)
            self.stream.told.emit(Gap(why))

    @Slot(str)
    def _on_failed(self, why: str) -> None:
        self._end = why
        self.message.emit(why, True)

    @Slot(str)
    def _on_ended(self, what: str) -> None:
        self._end = what
        self.message.emit(what, False)

    @Slot(str)
    def _on_notice(self, what: str) -> None:
        if self.active:
            self.message.emit(what, True)

    @Slot()
    def _on_finished(self) -> None:
        if self._capture is not None:
            self._capture.deleteLater()
            self._capture = None
        self._number += 1  # analyses that are still queued are outdated
        self._enter(State.IDLE)
        if self._began:
            self._began = False
            self.stream.told.emit(Ended(self._end))
        self._start_next()

    def _start_next(self) -> None:
        if self._next is not None:
            (address, loop), self._next = self._next, None
            self.start(address, loop=loop)

    @Slot(int, object)
    def _on_analysed(self, number: int, analysis: Analysis) -> None:
        # Not after the source was lost: its last faces would stay on screen until it is back.
        if number == self._number and self.state is State.RUNNING:
            self.stream.publish(analysis)

    @Slot(object)
    def _on_network_ready(self, network: NetworkInUse) -> None:
        self.network = network
        self.network_ready.emit(network)
        self.stream.told.emit(NetworkChanged(network))
        if self._capture is None:
            self._start_next()

    @Slot(object)
    def _on_network_failed(self, failure: NetworkFailure) -> None:
        if failure.request == self._requested_network:  # otherwise another was chosen meanwhile
            self.network_failed.emit(failure)
