"""The Record button: after a question, what is seen is kept until it is pressed again."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QPushButton

from app.duration import clock_time, duration
from app.live.consumer_base import CaptureTimer, Consumer, Live
from app.live.recording.folders import recordings_folder
from app.live.recording.plan import RecordingPlan
from app.live.recording.record_dialog import RecordDialog
from app.live.recording.recorder import Recorder
from app.live.session import State
from app.live.stream import Began, Ended, Event, Gap, NetworkChanged
from app.settings import RECORDINGS_FOLDER
from ml.recording.about import About
from ml.recording.marker import GAP, Marker
from ml.vision.analysis import Analysis

_REFRESH_MS: Final = 250
_STOP_MS: Final = 10_000
"""Longer than a slow disk takes for what waits."""


class Recording(QObject, Consumer):
    """Asks what to record, and owns the thread that does."""

    ended = Signal()
    """A recording is complete."""

    def __init__(self, live: Live) -> None:
        super().__init__(live.session)
        self._session, self._people = live.session, live.people
        self._settings, self._analysis = live.settings, live.analysis
        self._recorder: Recorder | None = None
        self._source = ""
        self._now: float | None = None
        """Of the newest observation, as ``Observation.time``; None before the capture's first."""
        self._start: float | None = None
        """Of the recording's first; None before it."""
        self._wanted: RecordingPlan | None = None
        """Of a recording that begins with the next capture."""
        self.dialog: RecordDialog | None = None
        """Open while it asks."""
        self.button = QPushButton()
        self.button.setObjectName("record")
        self.button.clicked.connect(self.toggle)
        live.buttons.addWidget(self.button)
        timer = CaptureTimer(live.session, _REFRESH_MS, self)
        timer.timeout.connect(self._show)
        shortcut = QShortcut(QKeySequence("R"), self.button)
        shortcut.setContext(Qt.ShortcutContext.WindowShortcut)
        shortcut.activated.connect(self.toggle)
        self._markers = live.markers
        live.markers.completed.connect(self._record_marker)
        live.session.state_changed.connect(self._show)
        live.session.stream.told.connect(self._on_event)
        live.session.stream.analysed.connect(self._on_analysed)
        self._show()

    @property
    def active(self) -> bool:
        """Whether something is being recorded."""
        return self._recorder is not None

    def record_next(self, plan: RecordingPlan) -> None:
        """Record the next capture from its first frame on."""
        self._wanted = plan

    def shut_down(self) -> bool:
        if self._recorder is None:
            return True
        self._markers.complete()
        self._recorder.stop("The program was closed.")
        return self._recorder.wait(_STOP_MS)

    @Slot()
    def toggle(self) -> None:
        if self._recorder is not None:
            self._markers.complete()
            self._recorder.stop("The recording was stopped.")
        elif self._session.state is State.RUNNING and self.dialog is None:
            self._ask()

    def _ask(self) -> None:
        """While the capture goes on."""
        every_frame = self._session.options.interval == 0
        folder = recordings_folder(self._settings)
        dialog = RecordDialog(folder, every_frame=every_frame, parent=self.button)
        dialog.planned.connect(self._on_planned)
        dialog.finished.connect(self._on_answered)
        self.dialog = dialog
        dialog.open()

    @Slot(object, bool)
    def _on_planned(self, plan: RecordingPlan, every_frame: bool) -> None:
        self._settings.set(RECORDINGS_FOLDER, str(plan.folder))
        if self._session.state is not State.RUNNING:
            self._session.message.emit(
                self.tr("Nothing was recorded: the capture ended in the meantime."), True
            )
            return
        if every_frame:
            self._analysis.interval.setValue(0)
        self._begin(plan)

    @Slot()
    def _on_answered(self) -> None:
        if self.dialog is not None:
            self.dialog.deleteLater()
            self.dialog = None

    @Slot(object)
    def _record_marker(self, marker: Marker) -> None:
        if self._recorder is not None:
            self._recorder.mark(marker)

    def _mark(self, label: str, note: str) -> None:
        """What happens by itself, and is no marker of the user's."""
        if self._now is not None:
            self._record_marker(Marker(self._now, None, label, note))

    def _begin(self, plan: RecordingPlan) -> None:
        network = self._session.network
        assert network is not None  # nothing is observed without one
        about = About(
            began=time.time(),
            turned=int(self._analysis.turn),
            source=self._source,
            weights=network.request.weights.name,
            weights_sha256="",
            trained_on=network.trained_on,
            device=network.device,
            engine=network.engine,
            settings=asdict(self._session.options),
        )
        self._start = None
        self._recorder = Recorder(plan, about, network.request.weights, self)
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
                    plan, self._wanted = self._wanted, None
                    self._begin(plan)
            case Gap():
                self._mark(GAP, event.why)
            case NetworkChanged():
                network = event.network
                self._mark("weights", f"{network.request.weights.name} on {network.device}")
            case Ended() if self._recorder is not None:
                self._recorder.stop(event.why or "The capture was stopped.")

    @Slot(object)
    def _on_analysed(self, analysis: Analysis) -> None:
        self._now = analysis.frame.time
        if self._recorder is not None:
            self._recorder.add(analysis, self._people.names)
            if self._start is None:
                self._start = self._now

    @Slot(object)
    def _on_begun(self, folder: Path) -> None:
        self._session.message.emit(self.tr("Recording into {}").format(folder), False)

    @Slot(str)
    def _on_failed(self, why: str) -> None:
        self._session.message.emit(why, True)
        self._start = None

    @Slot(float)
    def _on_space(self, seconds: float) -> None:
        self._session.message.emit(
            self.tr("The disk is nearly full: it takes {} more of this recording.").format(
                duration(seconds)
            ),
            True,
        )

    @Slot()
    def _on_finished(self) -> None:
        recorder, self._recorder = self._recorder, None
        if recorder is None:
            return
        if self._start is not None:
            text = self.tr("Recorded {} into {}").format(self._length, recorder.folder)
            missing = self._missing(recorder)
            self._session.message.emit(f"{text}; {missing}" if missing else text, bool(missing))
        recorder.deleteLater()
        self._show()
        self.ended.emit()

    def _missing(self, recorder: Recorder) -> str:
        """What came faster than it could be written, in words; empty if nothing did."""
        parts = []
        if recorder.dropped:
            parts.append(self.tr("{} frames are missing").format(recorder.dropped))
        if recorder.pictures_dropped:
            parts.append(
                self.tr("{} frames are missing in the video").format(recorder.pictures_dropped)
            )
        return ", ".join(parts)

    @property
    def _length(self) -> str:
        if self._start is None or self._now is None:
            return clock_time(0)
        return clock_time(self._now - self._start)

    @Slot()
    def _show(self) -> None:
        recorder, recording = self._recorder, self._recorder is not None
        if recorder is not None:
            missing = self._missing(recorder)
            self.button.setText(f"■  {self._length}" + (" ⚠" if missing else ""))
            tip = self.tr("Stop recording (R). M sets a marker.")
            self.button.setToolTip(f"{tip}\n{missing}" if missing else tip)
        else:
            self.button.setText(self.tr("●  Record"))
            self.button.setToolTip(self.tr("Keep what is seen from now on in a folder (R)."))
        self.button.setEnabled(recording or self._session.state is State.RUNNING)
        self._analysis.rotate.setDisabled(
            recording
        )  # a video keeps its size, and boxes their place
        if recording != self.button.property("recording"):
            self.button.setProperty("recording", recording)
            self.button.style().polish(self.button)
