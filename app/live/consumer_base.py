"""The interface of a consumer of analyses, and what it may use."""

from __future__ import annotations

from dataclasses import dataclass, field

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtWidgets import QBoxLayout, QTabWidget

from app.live.choice import Choice
from app.live.controls.answer_options import AnswerOptions
from app.live.controls.options import Options
from app.live.markers.markers import Markers
from app.live.people import People
from app.live.session import LiveSession, State
from app.live.subject import Subject
from app.live.views.video_view import VideoView
from app.settings import Settings


@dataclass(frozen=True)
class Live:
    """What the live tab offers its consumers."""

    session: LiveSession
    """Subscribe to its ``stream``."""
    choice: Choice
    people: People
    markers: Markers
    options: AnswerOptions
    """How answers are shown."""
    analysis: Options
    """How frames are analysed."""
    settings: Settings
    view: VideoView
    buttons: QBoxLayout
    """Space beside Start."""
    panel: QTabWidget
    """The cards beside the picture, one of which is shown."""
    below: QBoxLayout
    """Space below the picture."""
    subjects: list[Subject] = field(default_factory=list)
    """What snapshots can be taken of; consumers add theirs, the picture first."""


class CaptureTimer(QTimer):
    """Times out again and again while a source is captured."""

    def __init__(self, session: LiveSession, milliseconds: int, parent: QObject) -> None:
        super().__init__(parent)
        self.setInterval(milliseconds)
        session.state_changed.connect(self._on_state)

    @Slot(object)
    def _on_state(self, state: State) -> None:
        if state is State.RUNNING:
            self.start()
        else:
            self.stop()


class Consumer:
    """Follows the analyses. Its constructor subscribes, and adds widgets to the tab if it has any.

    A slow consumer lives in a thread of its own, or owns one, and ends it in ``shut_down``.
    """

    def shut_down(self) -> bool:
        """Called when the window closes; returns whether threads and processes ended in time."""
        return True

    def refresh_theme(self) -> None:
        """Called when the system switches between light and dark."""
