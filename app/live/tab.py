"""The live tab: connects the source bar, the picture, the options and the consumers."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from app.live.choice import Choice
from app.live.consumer_base import Live
from app.live.consumers import CONSUMERS
from app.live.controls.answer_options import AnswerOptions
from app.live.controls.network_choice import NetworkChoice
from app.live.controls.options import Options
from app.live.controls.source_bar import SourceBar
from app.live.markers.markers import Markers
from app.live.people import People
from app.live.recording.plan import RecordingPlan
from app.live.recording.recording import Recording
from app.live.session import LiveSession
from app.live.views.video_view import VideoView
from app.message_bar import MessageBar
from app.settings import Settings

_PANEL_WIDTH: Final = 300
_AFTER_PAINTING_MS: Final = 40
"""What is imported then would otherwise take turns with the painting of the window."""


class LiveTab(QWidget):
    """Everything from choosing a source to seeing expressions."""

    leave_requested = Signal()
    network_changed = Signal(str)
    """The network in use, in words."""
    recorded = Signal()
    """A recording has ended."""

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shows_session_message = False
        """Whether the message shown is the session's, which may clear it."""
        self.session = LiveSession(self)
        self.bar = SourceBar(settings)
        self.message = MessageBar()
        self.people = People(self.session.stream, self)
        self.markers = Markers(self.session.stream, self)
        self.choice = Choice(self.session.stream, self)
        self.view = VideoView(self.people)
        self.answers = AnswerOptions(settings)
        self.options = Options(settings)
        self.network = NetworkChoice(self.session, self.bar.weights, self.options, settings)
        panel, below = QTabWidget(), QVBoxLayout()
        live = Live(
            self.session,
            self.choice,
            self.people,
            self.markers,
            self.answers,
            self.options,
            settings,
            self.view,
            self.bar.buttons,
            panel,
            below,
        )
        self.consumers = [consumer(live) for consumer in CONSUMERS]
        self._arrange(panel, below)
        self._connect()
        self._configure()
        self._turn()
        self._beginning = QTimer(self)
        self._beginning.setSingleShot(True)
        self._beginning.timeout.connect(self._begin)
        self._beginning.start(_AFTER_PAINTING_MS)

    # For the rest of the program

    def choose_source(self, address: str) -> None:
        self.bar.source.choose(address)

    def use_weights(self, path: Path) -> None:
        self.bar.weights.choose(str(path))

    def record_next(self, plan: RecordingPlan) -> None:
        """Record the next capture from its first frame on."""
        recording = next(part for part in self.consumers if isinstance(part, Recording))
        recording.record_next(plan)

    def start(self, *, once: bool = False) -> None:
        """``once``: do not repeat a video, whatever the option says."""
        loop = self.options.loop.isChecked() and not once
        self.session.start(self.bar.source.value or "camera:", loop=loop)

    @Slot()
    def toggle(self) -> None:
        self.show_message("", False)
        if self.session.active:
            self.session.stop()
        else:
            self.start()

    def shut_down(self) -> bool:
        """Stop all threads; returns whether they ended in time."""
        self._beginning.stop()
        ended = [self.bar.source.shut_down(), self.session.shut_down()]
        ended += [consumer.shut_down() for consumer in self.consumers]
        return all(ended)

    def refresh_theme(self) -> None:
        for consumer in self.consumers:
            consumer.refresh_theme()

    @Slot(str, bool)
    def show_message(self, text: str, serious: bool) -> None:
        self._shows_session_message = False
        self.message.say(text, serious)

    # Layout and connections

    def _arrange(self, panel: QTabWidget, below: QVBoxLayout) -> None:
        below.setSpacing(8)
        picture = QVBoxLayout()
        picture.setSpacing(8)
        picture.addWidget(self.message)
        picture.addWidget(self.view, 1)
        picture.addLayout(below)

        panel.setDocumentMode(True)
        panel.tabBar().setDrawBase(False)
        inside = QWidget()
        side = QVBoxLayout(inside)
        side.setContentsMargins(0, 0, 0, 0)
        side.setSpacing(10)
        side.addWidget(panel, 1)
        side.addWidget(self.answers)
        side.addWidget(self.options)
        scroll = QScrollArea()
        scroll.setWidget(inside)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFixedWidth(_PANEL_WIDTH)
        body = QHBoxLayout()
        body.setSpacing(12)
        body.addLayout(picture, 1)
        body.addWidget(scroll)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 10, 14, 6)
        layout.setSpacing(10)
        layout.addWidget(self.bar)
        layout.addLayout(body, 1)
        self.view.setFocus()

    def _connect(self) -> None:
        self.bar.toggled.connect(self.toggle)
        self.bar.source.chosen.connect(self._on_source)
        self.options.analysis_changed.connect(self._configure)
        self.answers.smoothing_changed.connect(self._configure)
        self.options.turn_changed.connect(self._turn)
        self.options.mirror_changed.connect(self.view.set_mirrored)
        self.options.loop_changed.connect(self.session.set_loop)
        self.view.set_mirrored(self.options.mirror.isChecked())
        self.view.leave_requested.connect(self.leave_requested)
        self.network.changed.connect(self.network_changed)
        self.network.message.connect(self.show_message)
        self.session.state_changed.connect(self.bar.show_state)
        self.session.message.connect(self._on_session_message)
        for consumer in self.consumers:
            if isinstance(consumer, Recording):
                consumer.ended.connect(self.recorded)
        for keys, step in (("N", 1), ("Shift+N", -1)):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(partial(self._choose_next, step))

    def _choose_next(self, step: int) -> None:
        """From left to right in the picture."""
        self.choice.choose_next(-step if self.view.mirrored else step)

    @Slot()
    def _begin(self) -> None:
        self.network.load()
        self.bar.source.look_for_cameras()

    @Slot()
    def _configure(self) -> None:
        analysis = replace(self.options.analysis, smoothing=self.answers.smoothing)
        self.session.configure(analysis)

    @Slot()
    def _turn(self) -> None:
        self.session.set_turn(self.options.turn)

    @Slot()
    def _on_source(self) -> None:
        """Switch to the new source if one is running."""
        if self.session.active:
            self.start()

    @Slot(str, bool)
    def _on_session_message(self, text: str, serious: bool) -> None:
        if text or self._shows_session_message:
            self.show_message(text, serious)
            self._shows_session_message = bool(text)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space:
            self.toggle()
        else:
            super().keyPressEvent(event)
