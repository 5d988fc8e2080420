"""A consumer is a file of its own and a line in app.live.consumers: the tab knows none of them."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, QThread, Slot
from pytestqt.qtbot import QtBot

import app.live.consumers
from app.live.consumer_base import Consumer, Live
from app.live.session import State
from app.live.stream import Began, Ended, Event, Gap, NetworkChanged, Observation
from app.live.tab import LiveTab
from app.settings import Settings

_LOADING = 60_000


class Notes(QObject, Consumer):
    """Keeps all that it is told."""

    def __init__(self, live: Live) -> None:
        super().__init__(live.session)
        self.events: list[Event] = []
        self.closed = False
        live.session.stream.told.connect(self.events.append)

    def shut_down(self) -> bool:
        self.closed = True
        return True


class Slow(QObject, Consumer):
    """Takes half a second for each observation, in a thread of its own."""

    def __init__(self, live: Live) -> None:
        super().__init__()
        self.threads: set[int] = set()
        self.stopped = threading.Event()
        self._thread = QThread()
        self.moveToThread(self._thread)
        live.session.stream.told.connect(self.on_event)
        self._thread.start()

    @Slot(object)
    def on_event(self, event: Event) -> None:  # noqa: ARG002 - what it is makes no difference
        self.threads.add(threading.get_ident())
        self.stopped.wait(0.5)

    def shut_down(self) -> bool:
        self.stopped.set()
        self._thread.quit()
        return self._thread.wait(5000)


def opened(qtbot: QtBot, settings: Settings) -> LiveTab:
    tab = LiveTab(settings)
    qtbot.addWidget(tab)
    tab.show()
    qtbot.waitUntil(lambda: tab.session.network is not None, timeout=_LOADING)
    return tab


def test_one_line_makes_a_consumer(
    qtbot: QtBot, settings: Settings, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.live.tab.CONSUMERS", [*app.live.consumers.CONSUMERS, Notes])
    tab = opened(qtbot, settings)
    notes = tab.consumers[-1]
    assert isinstance(notes, Notes)
    tab.choose_source(str(clip))
    start = time.time()
    tab.start()
    qtbot.waitUntil(lambda: isinstance(notes.events[-1], Ended), timeout=20_000)

    network, began, *seen, ended = notes.events
    assert isinstance(network, NetworkChanged)
    assert began == Began("clip.avi")
    assert ended == Ended("clip.avi has ended.")
    observations = [event for event in seen if isinstance(event, Observation)]
    assert observations == seen
    assert observations
    times = [observation.time for observation in observations]
    assert times == sorted(times)
    assert 0 <= times[0] < times[-1] <= 1
    assert all(start <= observation.wall_time <= time.time() for observation in observations)
    assert {len(observation.faces) for observation in observations} == {0, 1}
    answered = [face.answered for o in observations for face in o.faces]
    assert answered == [o.time for o in observations for _ in o.faces]
    assert tab.shut_down()
    assert notes.closed


def test_the_stream_tells_gaps_stops_and_other_weights(
    qtbot: QtBot, settings: Settings, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.live.tab.CONSUMERS", [Notes])
    tab = opened(qtbot, settings)
    (notes,) = tab.consumers
    assert isinstance(notes, Notes)
    tab.options.loop.setChecked(True)
    tab.choose_source(str(clip))
    tab.start()
    qtbot.waitUntil(lambda: isinstance(notes.events[-1], Observation), timeout=20_000)
    tab.session._on_lost("The camera stopped sending pictures.")
    assert notes.events[-1] == Gap("The camera stopped sending pictures.")
    tab.session._on_opened("clip.avi", False)
    qtbot.waitUntil(lambda: isinstance(notes.events[-1], Observation), timeout=20_000)
    tab.session.use_network(tab.session.network.request.weights, "cpu")  # type: ignore[union-attr]
    qtbot.waitUntil(lambda: sum(isinstance(e, NetworkChanged) for e in notes.events) == 2)
    tab.session.stop()
    qtbot.waitUntil(lambda: tab.session.state is State.IDLE, timeout=10_000)
    assert notes.events[-1] == Ended("")
    assert sum(isinstance(event, Began) for event in notes.events) == 1
    assert tab.shut_down()


def test_a_source_that_does_not_open_neither_begins_nor_ends(
    qtbot: QtBot, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.live.tab.CONSUMERS", [Notes])
    tab = opened(qtbot, settings)
    (notes,) = tab.consumers
    assert isinstance(notes, Notes)
    tab.choose_source("/nowhere/at all.mp4")
    tab.start()
    qtbot.waitUntil(lambda: bool(tab.message.text()), timeout=10_000)
    qtbot.waitUntil(lambda: tab.session.state is State.IDLE, timeout=10_000)
    assert not any(isinstance(event, Began | Ended) for event in notes.events)
    assert tab.shut_down()


def test_a_slow_consumer_holds_up_nobody(
    qtbot: QtBot, settings: Settings, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.live.tab.CONSUMERS", [Slow, Notes])
    tab = opened(qtbot, settings)
    slow, notes = tab.consumers
    assert isinstance(slow, Slow)
    assert isinstance(notes, Notes)
    tab.choose_source(str(clip))
    tab.start()
    qtbot.waitUntil(lambda: isinstance(notes.events[-1], Ended), timeout=20_000)
    # The clip lasts a second; two observations would have taken the slow one as long.
    assert sum(isinstance(event, Observation) for event in notes.events) > 4
    assert slow.threads
    assert threading.get_ident() not in slow.threads
    assert tab.shut_down()
