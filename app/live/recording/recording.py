"""The Record button: what is seen from now on is kept in a folder, until it is pressed again."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QPushButton

from app.duration import clock_time
from app.live.consumer_base import CaptureTimer, Consumer, Live
from app.live.recording.recorder import Recorder
from app.live.session import State
from app.live.stream import Began, Ended, Event, Gap, NetworkChanged, Observation
from ml.recording.about import About
from ml.recording.writer import Marker

_REFRESH_MS: Final = 250
_STOP_MS: Final = 10_000
"""Longer than a slow disk takes for what waits."""


class Recording(QObject, Consumer):
    """Records data without pictures."""

    def __init__(self, live: Live) -> None:
        super().__init__(live.session)
        self._session, self._people = live.session, live.people
        self._recorder: Recorder | None = None
        self._source = ""
        self._now: float | None = None
        """Of the newest observation, as ``Observation.time``; None before the capture's first."""
        self._start: float | None = None
        """Of the recording's first; None before it."""
        self._wanted: Path | None = None
        """The folder of a recording that begins with the next capture."""
        self.button = QPushButton()
        self.button.setObjectName("record")
        self.button.clicked.connect(self.toggle)
        live.buttons.addWidget(self.button)
        timer = CaptureTimer(live.session, _REFRESH_MS, self)
        timer.timeout.connect(self._show)
        for key, slot in (("R", self.toggle), ("M", self.mark)):
            shortcut = QShortcut(QKeySequence(key), self.button)
            shortcut.setContext(Qt.ShortcutContext.WindowShortcut)
            shortcut.activated.connect(slot)
        live.session.state_changed.connect(self._show)
        live.session.stream.told.connect(self._on_event)
        self._show()

    @property
    def active(self) -> bool:
        """Whether something is being recorded."""
        return self._recorder is not None

    def record_next(self, folder: Path) -> None:
        """Record the next capture from its first frame on, into ``folder``."""
        self._wanted = folder

    def shut_down(self) -> bool:
        if self._recorder is None:
            return True
        self._recorder.stop("The program was closed.")
        return self._recorder.wait(_STOP_MS)

    @Slot()
    def toggle(self) -> None:
        if self._recorder is not None:
            self._recorder.stop("The recording was stopped.")
        elif self._session.state is State.RUNNING:
            self._begin(None)

    @Slot()
    def mark(self) -> None:
        """A marker at the newest observation."""
        self._mark("", "")

    def _mark(self, label: str, note: str) -> None:
        if self._recorder is not None and self._now is not None:
            self._recorder.mark(Marker(self._now, None, label, note))

    def _begin(self, folder: Path | None) -> None:
        network = self._session.network
        assert network is not None  # nothing is observed without one
        about = About(
            began=time.time(),
            source=self._source,
            weights=network.request.weights.name,
            weights_sha256="",
            trained_on=network.trained_on,
            device=network.device,
            engine=network.engine,
            settings=asdict(self._session.options),
        )
        self._start = None
        self._recorder = Recorder(folder, about, network.request.weights, self)
        self._recorder.begun.connect(self._on_begun)
        self._recorder.failed.connect(self._on_failed)
        self._recorder.space_is_short.connect(self._on_space)
        self._recorder.finished.connect(self._on_finished)
        self._recorder.start()
        self._show()

    @Slot(object)
    def _on_event(self, event: Event) -> None:
        match event:
            case Began():
                self._source, self._now = event.source, None
                if self._wanted is not None and self._recorder is None:
                    folder, self._wanted = self._wanted, None
                    self._begin(folder)
            case Observation():
                self._now = event.time
                if self._recorder is not None:
                    self._recorder.add(event, self._people.names)
                    if self._start is None:
                        self._start = event.time
            case Gap():
                self._mark("gap", event.why)
            case NetworkChanged():
                network = event.network
                self._mark("weights", f"{network.request.weights.name} on {network.device}")
            case Ended() if self._recorder is not None:
                self._recorder.stop(event.why or "The capture was stopped.")

    @Slot(object)
    def _on_begun(self, folder: Path) -> None:
        self._session.message.emit(self.tr("Recording into {}").format(folder), False)

    @Slot(str)
    def _on_failed(self, why: str) -> None:
        self._session.message.emit(why, True)
        self._start = None

    @Slot(int)
    def _on_space(self, megabytes: int) -> None:
        self._session.message.emit(
            self.tr("Only {} MB are left on the disk for the recording.").format(megabytes), True
        )

    @Slot()
    def _on_finished(self) -> None:
        recorder, self._recorder = self._recorder, None
        if recorder is None:
            return
        if self._start is not None:
            text = self.tr("Recorded {} into {}").format(self._length, recorder.folder)
            if recorder.dropped:
                text += self.tr("; {} frames are missing").format(recorder.dropped)
            self._session.message.emit(text, recorder.dropped > 0)
        recorder.deleteLater()
        self._show()

    @property
    def _length(self) -> str:
        if self._start is None or self._now is None:
            return clock_time(0)
        return clock_time(self._now - self._start)

    @Slot()
    def _show(self) -> None:
        recording = self._recorder is not None
        if recording:
            self.button.setText(f"■  {self._length}")
            self.button.setToolTip(self.tr("Stop recording (R). M sets a marker."))
        else:
            self.button.setText(self.tr("●  Record"))
            self.button.setToolTip(
                self.tr(
                    "Keep what is seen from now on in a folder: times, boxes and probabilities, no "
                    "pictures (R)."
                )
            )
        self.button.setEnabled(recording or self._session.state is State.RUNNING)
        if recording != self.button.property("recording"):
            self.button.setProperty("recording", recording)
            self.button.style().polish(self.button)
