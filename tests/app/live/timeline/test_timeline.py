from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt, QTimer
from pytestqt.qtbot import QtBot

from app.live.consumer_base import Live
from app.live.session import State
from app.live.stream import Began, Ended, Observation
from app.live.timeline.timeline import Timeline
from ml.expressions import Expression
from ml.vision.analysis import TrackedFace
from tests.app.live.timeline.made_courses import face
from tests.app.live.timeline.made_plot import place_of, press

HAPPY = Expression.HAPPY


class Capture:
    """A real session whose source is made up here."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.time = 0.0

    def begin(self) -> None:
        self.time = 0.0
        self.live.session._enter(State.RUNNING)
        self.live.session.stream.told.emit(Began("camera"))

    def run(self, seconds: float, *faces: TrackedFace, rate: int = 10) -> None:
        for _ in range(round(seconds * rate)):
            self.live.session.stream.told.emit(Observation(0, self.time, 0.0, faces, 1.0))
            self.time += 1 / rate

    def end(self) -> None:
        self.live.session._enter(State.IDLE)
        self.live.session.stream.told.emit(Ended(""))


@pytest.fixture
def timeline(live: Live) -> Iterator[Timeline]:
    timeline = Timeline(live)
    for other in (live.view, live.panel, live.options):
        other.hide()
    live.view.window().resize(700, 320)
    yield timeline
    assert timeline.shut_down()


@pytest.fixture
def capture(live: Live, timeline: Timeline) -> Capture:
    capture = Capture(live)
    capture.begin()
    return capture


def shown_end(timeline: Timeline) -> float:
    return timeline.plot.section.end


def test_it_follows_what_is_seen(timeline: Timeline, capture: Capture, qtbot: QtBot) -> None:
    capture.run(90, face(1, HAPPY))
    assert shown_end(timeline) == pytest.approx(89.9)
    assert timeline.plot.section.chosen == 1
    qtbot.waitUntil(timeline.bar.isVisible)
    assert timeline.bar.value() == timeline.bar.maximum()
    assert "Happy" in timeline.plot.accessibleDescription()


def test_it_redraws_while_something_new_is_in_view_only(
    timeline: Timeline, capture: Capture, qtbot: QtBot
) -> None:
    capture.run(90, face(1, HAPPY))
    qtbot.waitUntil(lambda: "1:29" in timeline.plot.accessibleDescription())
    timeline.plot.scroll_to(70)
    timeline.plot.grab()
    drawn = timeline.plot._drawn
    capture.run(5, face(1, HAPPY))
    qtbot.waitUntil(lambda: timeline.bar.maximum() > 340)  # the scroll bar goes on
    assert timeline.plot._drawn is drawn
    assert shown_end(timeline) == 70


def test_hidden_it_draws_nothing_and_shows_all_when_it_is_back(
    timeline: Timeline, capture: Capture, qtbot: QtBot
) -> None:
    timeline.hide()
    capture.run(10, face(1, HAPPY))
    qtbot.wait(200)
    assert not timeline.plot.accessibleDescription().startswith("Person 1  0:09")
    timeline.show()
    assert timeline.plot.accessibleDescription().startswith("Person 1  0:09")


def test_pause_keeps_what_is_shown_and_live_goes_on(
    timeline: Timeline, capture: Capture, qtbot: QtBot
) -> None:
    capture.run(90, face(1, HAPPY))
    timeline._refresh()
    assert timeline.pause.text() == "Pause"
    qtbot.mouseClick(timeline.pause, Qt.MouseButton.LeftButton)
    assert timeline.pause.text() == "Live"
    capture.run(10, face(1, HAPPY))
    assert shown_end(timeline) == pytest.approx(89.9)
    qtbot.mouseClick(timeline.pause, Qt.MouseButton.LeftButton)
    assert shown_end(timeline) == pytest.approx(99.9)
    assert timeline.pause.text() == "Pause"


def test_the_scroll_bar_scrolls_back_and_at_its_end_follows_again(
    timeline: Timeline, capture: Capture
) -> None:
    capture.run(90, face(1, HAPPY))
    timeline._refresh()
    timeline.bar.setValue(0)
    assert timeline.plot.section.start == pytest.approx(0)
    assert not timeline.plot.section.follows
    timeline.bar.setValue(timeline.bar.maximum())
    assert timeline.plot.section.follows


def test_a_moment_is_told_and_live_drops_it(
    timeline: Timeline, capture: Capture, live: Live, qtbot: QtBot
) -> None:
    capture.run(30, face(1, HAPPY))
    qtbot.mouseClick(timeline.plot, Qt.MouseButton.LeftButton, pos=place_of(timeline.plot, 12))
    assert live.choice.moment == pytest.approx(12, abs=0.2)
    live.choice.choose_moment(5.0)
    assert timeline.plot.section.moment == 5
    qtbot.mouseClick(timeline.pause, Qt.MouseButton.LeftButton)
    assert live.choice.moment is None
    assert timeline.plot.section.moment is None
    assert timeline.plot.section.follows


def test_a_click_in_a_lane_chooses_the_person(
    timeline: Timeline, capture: Capture, live: Live, qtbot: QtBot
) -> None:
    capture.run(30, face(1, HAPPY), face(2, Expression.SAD))
    timeline._refresh()
    place = place_of(timeline.plot, 12, 2)
    qtbot.mouseClick(timeline.plot, Qt.MouseButton.LeftButton, pos=place)
    assert live.choice.track == 2
    assert timeline.plot.section.chosen == 2
    assert list(timeline.plot.places.lanes) == [1]


def test_after_the_end_it_stays_until_the_next_begins(
    timeline: Timeline, capture: Capture, live: Live, qtbot: QtBot
) -> None:
    capture.run(90, face(1, HAPPY))
    capture.end()
    assert not timeline.findChild(QTimer).isActive()
    assert not timeline.pause.isEnabled()
    assert timeline.plot.accessibleDescription().startswith("Person 1  1:29.9: Happy")
    press(qtbot, timeline.plot, Qt.Key.Key_Home)
    assert live.choice.moment == 0
    timeline.span.setCurrentIndex(timeline.span.findData(15.0))
    timeline.span.activated.emit(timeline.span.currentIndex())
    assert timeline.plot.section.span == 15
    assert timeline.plot.section.start <= 0 <= shown_end(timeline)
    capture.begin()
    assert timeline.plot.section.courses is live.people.history
    assert timeline.plot.section.empty
    assert (timeline.plot.section.span, timeline.plot.section.moment) == (15, None)
    assert timeline.findChild(QTimer).isActive()


def test_a_short_capture_is_shown_whole_after_its_end(
    timeline: Timeline, capture: Capture, live: Live
) -> None:
    capture.run(20, face(1, HAPPY))
    assert timeline.plot.section.span == 60
    capture.end()
    section = timeline.plot.section
    assert (section.start, section.end) == (live.people.history.start, live.people.history.end)
    capture.begin()
    assert timeline.plot.section.span == 60


def test_before_the_first_capture_it_takes_no_room(timeline: Timeline, live: Live) -> None:
    assert not timeline.isVisible()
    Capture(live).begin()
    assert timeline.isVisible()


def test_options_of_the_answers_hold_here_too(
    timeline: Timeline, capture: Capture, live: Live
) -> None:
    live.options.raw.setChecked(True)
    assert timeline.plot.raw
    timeline.valence.setChecked(True)
    assert timeline.plot.valence


def test_a_new_name_is_shown(timeline: Timeline, capture: Capture, live: Live) -> None:
    capture.run(3, face(1, HAPPY))
    live.people.rename(1, "Ada")
    assert timeline.plot.accessibleDescription().startswith("Ada")


def test_the_end_of_the_scroll_bar_follows_though_time_has_gone_on(
    timeline: Timeline, capture: Capture
) -> None:
    capture.run(90, face(1, HAPPY))
    timeline._refresh()
    timeline.bar.setValue(0)
    capture.run(0.2, face(1, HAPPY))  # which the bar does not know yet
    timeline.bar.setValue(timeline.bar.maximum())
    assert timeline.plot.section.follows


def test_keys_choose_no_moment_where_nobody_was_seen(
    timeline: Timeline, capture: Capture, live: Live, qtbot: QtBot
) -> None:
    capture.run(5)
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End):
        press(qtbot, timeline.plot, key)
    assert live.choice.moment is None
