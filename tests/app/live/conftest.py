from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QHBoxLayout, QTabWidget, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.live.choice import Choice
from app.live.consumer_base import Live
from app.live.controls.answer_options import AnswerOptions
from app.live.controls.options import Options
from app.live.markers.markers import Markers
from app.live.people import People
from app.live.session import LiveSession, State
from app.live.stream import Began, Ended
from app.live.tab import LiveTab
from app.live.views.video_view import VideoView
from app.settings import INTERVAL, Settings
from ml.vision.analysis import Analysis, Frame, TrackedFace

_LOADING = 60_000


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Of a live tab that predicts on every frame."""
    settings = Settings(tmp_path / "settings.ini")
    settings.set(INTERVAL, 0.0)
    return settings


@pytest.fixture
def tab(qtbot: QtBot, settings: Settings) -> Iterator[LiveTab]:
    """With its real threads and network, ready to start."""
    tab = LiveTab(settings)
    qtbot.addWidget(tab)
    tab.resize(1000, 700)
    tab.show()
    qtbot.waitUntil(lambda: tab.session.network is not None, timeout=_LOADING)
    yield tab
    assert tab.shut_down()


@pytest.fixture
def live(qtbot: QtBot, tmp_path: Path) -> Iterator[Live]:
    """What consumers get, with a session that captures nothing: tests publish into its stream."""
    window = QWidget()
    qtbot.addWidget(window)
    layout, below, buttons = QVBoxLayout(window), QVBoxLayout(), QHBoxLayout()
    session = LiveSession(window)
    people = People(session.stream, window)
    markers = Markers(session.stream, window)
    choice = Choice(session.stream, window)
    settings = Settings(tmp_path / "settings.ini")
    answers, options = AnswerOptions(settings), Options(settings)
    view, panel = VideoView(people), QTabWidget()
    for widget in (view, panel, answers):
        layout.addWidget(widget)
    layout.addLayout(below)
    layout.addLayout(buttons)
    window.resize(700, 900)
    window.show()
    yield Live(
        session, choice, people, markers, answers, options, settings, view, buttons, panel, below
    )
    options.deleteLater()
    assert session.shut_down()


Publish = Callable[..., None]


@pytest.fixture
def publish(live: Live) -> Publish:
    """Publishes an analysis: publish(time, *faces)."""
    count = iter(range(1_000_000))

    def publish(time: float, *faces: TrackedFace) -> None:
        frame = Frame(np.full((200, 400, 3), 90, np.uint8), next(count), time, 1e9 + time)
        live.session.stream.publish(Analysis(frame, faces, 5.0))

    return publish


def begin(live: Live) -> None:
    """As a session that has opened a source."""
    live.session.state = State.RUNNING
    live.session.state_changed.emit(State.RUNNING)
    live.session.stream.told.emit(Began("clip"))


def end(live: Live) -> None:
    """As a session whose source has ended."""
    live.session.state = State.IDLE
    live.session.state_changed.emit(State.IDLE)
    live.session.stream.told.emit(Ended("clip has ended."))
