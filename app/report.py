"""A summary of what the program did, written to a file for scripts."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QGuiApplication

from app.application import Application
from app.live.analysis_worker import NetworkFailure
from app.live.session import State as LiveState
from app.live.stream import Event as Seen
from app.live.stream import NetworkChanged, Observation
from app.main_window import MainWindow
from ml.files import replacing
from ml.runs.events import Epoch, Event, Failed


class Report(QObject):
    """Counts what happens in the window, and closes it when everything started has ended."""

    def __init__(
        self, application: Application, window: MainWindow, *, capture: bool, training: bool
    ) -> None:
        super().__init__(window)
        self.problems: list[str] = []
        self._window = window
        self._capture, self._training = capture, training
        """Whether they still run."""
        self._frames = self._faces = self._epochs = 0
        self._expressions: Counter[str] = Counter()
        self._engines: list[str] = []
        application.unexpected_error.connect(self._on_unexpected_error)
        window.live.session.stream.told.connect(self._on_seen)
        window.live.session.message.connect(self._on_message)
        window.live.session.network_failed.connect(self._on_network_failed)
        window.live.session.state_changed.connect(self._on_live_state)
        if training:  # else it may show another window's run, and check an earlier data set
            window.training.session.told.connect(self._on_event)
            window.training.session.ended.connect(self._on_training_ended)
            window.training.data.refused.connect(self._on_training_ended)

    def write(self, path: Path) -> None:
        """Write the summary as JSON. Raises OSError."""
        figures = {
            "platform": QGuiApplication.platformName(),
            "frames": self._frames,
            "faces": self._faces,
            "expressions": dict(self._expressions),
            "engines": self._engines,
            "epochs": self._epochs,
            "problems": self.problems,
        }
        with replacing(path) as file:
            file.write(json.dumps(figures, indent=2).encode())

    @Slot(object)
    def _on_seen(self, event: Seen) -> None:
        if isinstance(event, NetworkChanged):
            self._engines = [event.network.detection_engine, event.network.engine]
        elif isinstance(event, Observation):
            self._frames += 1
            self._faces += len(event.faces)
            self._expressions.update(
                face.expression.label for face in event.faces if face.expression is not None
            )

    @Slot(str, bool)
    def _on_message(self, text: str, serious: bool) -> None:
        if text and serious:
            self.problems.append(text)

    @Slot(object)
    def _on_network_failed(self, failure: NetworkFailure) -> None:
        self.problems.append(failure.why)

    @Slot(object)
    def _on_live_state(self, state: LiveState) -> None:
        if state is LiveState.IDLE:
            self._capture = False
            self._close_at_the_end()

    @Slot(object)
    def _on_event(self, event: Event) -> None:
        match event:
            case Epoch():
                self._epochs += 1
            case Failed():
                self.problems.append(event.message)

    @Slot(str)
    def _on_training_ended(self, why: str) -> None:
        if why:
            self.problems.append(why)
        self._training = False
        self._close_at_the_end()

    @Slot(str)
    def _on_unexpected_error(self, what: str) -> None:
        self.problems.append(what)
        # What still runs may never end, and nobody is there to decide about a run in progress.
        self._window.training.session.shut_down()
        self._window.close()

    def _close_at_the_end(self) -> None:
        if not (self._capture or self._training):
            self._window.close()
