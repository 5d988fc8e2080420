from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from app.application import Application
from app.live.people import People
from app.live.stream import AnalysisStream
from app.live.views.overlay import Overlay
from app.live.views.quality_words import in_words
from app.live.views.video_view import VideoView
from app.theme import EXPRESSION_COLOURS
from ml.expressions import Expression
from ml.vision.analysis import Analysis, Face, Fault, Frame, TrackedFace, Turn
from tests.ml.people.faces import worth

_MARKS = ((0.0, 0.0),) * 5


def tracked(x: float, track: int = 0, size: float = 40, vx: float = 0.0) -> TrackedFace:
    probabilities = [0.05] * 7
    probabilities[Expression.HAPPY] = 0.7
    face = Face(x, 60, size, size, 0.9, _MARKS)
    return TrackedFace(track, face, (vx, 0.0), probabilities=tuple(probabilities))


def frame(time: float, level: int = 100) -> Frame:
    return Frame(np.full((200, 400, 3), level, np.uint8), 0, time)


def analysis(time: float, *faces: TrackedFace) -> Analysis:
    return Analysis(frame(time), faces, 5.0)


@pytest.fixture
def people(qapp: Application) -> People:
    return People(AnalysisStream())


@pytest.fixture
def view(qtbot: QtBot, people: People) -> VideoView:
    view = VideoView(people)
    qtbot.addWidget(view)
    view.resize(800, 600)
    view.show()
    qtbot.waitExposed(view)
    return view


def test_the_picture_keeps_its_shape_and_uses_the_room(view: VideoView) -> None:
    view.show_frame(frame(0))
    rect = view.picture_rect()
    assert (rect.x(), rect.y(), rect.width(), rect.height()) == (0, 100, 800, 400)


def test_a_box_is_where_the_face_is(view: VideoView) -> None:
    face = tracked(100)
    view.show_analysis(analysis(0, face))
    rect = view.face_rect(face)
    assert (rect.x(), rect.y(), rect.width(), rect.height()) == (200, 220, 80, 80)
    view.set_mirrored(True)
    assert view.face_rect(face).x() == 800 - 280


def test_faces_of_a_frame_turned_otherwise_are_not_there(view: VideoView, qtbot: QtBot) -> None:
    """Analyses are too slow here, so the frame shown is ahead of them."""
    chosen: list[int] = []
    view.face_chosen.connect(chosen.append)
    face = tracked(100, 7)
    view.show_analysis(analysis(0, face))
    place = view.face_rect(face).center().toPoint()
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=place)
    assert chosen == [7]

    view.show_frame(replace(frame(5), turn=Turn.OVER))
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=place)
    assert chosen == [7]
    picture = view.grab().toImage()
    view.clear_faces()
    assert view.grab().toImage() == picture


def test_what_is_painted_is_the_picture_and_a_box_in_the_expressions_colour(
    view: VideoView,
) -> None:
    view.show_analysis(analysis(0, tracked(100)))
    image = view.grab().toImage()
    ratio = image.width() / view.width()
    inside = image.pixelColor(QPoint(int(240 * ratio), int(260 * ratio)))
    assert inside == QColor(100, 100, 100)
    edge = image.pixelColor(QPoint(int(200 * ratio), int(260 * ratio)))
    happy = EXPRESSION_COLOURS[Expression.HAPPY]
    assert abs(edge.red() - happy.red()) < 60
    assert abs(edge.blue() - happy.blue()) < 60


def test_the_painted_picture_is_mirrored_with_its_boxes(view: VideoView) -> None:
    picture = np.zeros((200, 400, 3), np.uint8)
    picture[:, 200:] = 255
    view.show_frame(Frame(picture, 0, 0))
    assert view.grab().toImage().pixelColor(700, 300).lightness() > 200
    view.set_mirrored(True)
    assert view.grab().toImage().pixelColor(700, 300).lightness() < 50


def test_a_click_chooses_the_smaller_of_overlapping_faces(view: VideoView, qtbot: QtBot) -> None:
    view.show_analysis(analysis(0, tracked(80, track=1, size=80), tracked(100, track=2)))
    with qtbot.waitSignal(view.face_chosen) as chosen:
        qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPointF(240, 260).toPoint())
    assert chosen.args == [2]
    with qtbot.assertNotEmitted(view.face_chosen):
        qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(780, 300))


def test_enter_asks_to_leave(view: VideoView, qtbot: QtBot) -> None:
    with qtbot.waitSignal(view.leave_requested):
        qtbot.keyClick(view, Qt.Key.Key_Return)


def test_fast_analyses_show_the_frame_they_belong_to(view: VideoView) -> None:
    for n in range(20):
        view.show_frame(frame(n / 30 + 0.03))
        last = analysis(n / 30, tracked(100))
        view.show_analysis(last)
    assert view.frame is last.frame
    view.show_frame(frame(20 / 30))
    assert view.frame is last.frame


def test_a_source_faster_than_the_analyses_is_shown_whole(view: VideoView) -> None:
    """At 60 frames a second every other one is analysed, and all of them are shown."""
    shown: list[float] = []
    for n in range(60):
        newest = replace(frame(n / 60), index=n)
        view.show_frame(newest)
        if n % 2 == 0:
            view.show_analysis(Analysis(newest, (tracked(100),), 5.0))
        assert view.frame is not None
        shown.append(view.frame.time)
    assert len(set(shown[-20:])) == 20


def test_slow_analyses_leave_the_newest_frame_and_move_the_box_along(view: VideoView) -> None:
    for n in range(20):
        face = tracked(100, vx=50)
        view.show_analysis(analysis(n / 5, face))
        newest = frame(n / 5 + 0.1)
        view.show_frame(newest)
    assert view.frame is newest
    assert view.face_rect(face).x() == pytest.approx(200 + 2 * 50 * 0.1)


def test_when_analyses_stop_coming_the_picture_goes_on(view: VideoView) -> None:
    for n in range(20):
        view.show_analysis(analysis(n / 30, tracked(100)))
    later = frame(5.0)
    view.show_frame(later)
    assert view.frame is later


def test_stop_clears_the_boxes_and_keeps_the_picture(view: VideoView) -> None:
    shown = analysis(0, tracked(100))
    view.show_analysis(shown)
    view.clear_faces()
    assert view.frame is shown.frame
    assert view.face_rect(tracked(100)).isEmpty()
    view.clear()
    assert view.frame is None


def test_without_a_picture_it_invites(view: VideoView) -> None:
    blank = view.grab().toImage()
    view.set_invitation("Press Start")
    assert view.grab().toImage() != blank


@pytest.mark.parametrize(("x", "y"), [(-30, 60), (380, 60), (100, -30), (100, 190), (500, 500)])
def test_labels_of_faces_at_the_edge_are_painted_without_trouble(
    view: VideoView, x: float, y: float
) -> None:
    face = tracked(0)
    face = replace(face, face=replace(face.face, x=x, y=y))
    view.show_analysis(analysis(0, face))
    assert not view.grab().isNull()


def test_low_quality_is_painted_faintly_and_says_why(view: VideoView) -> None:
    poor = replace(tracked(100), quality=worth(0.4))
    view.show_analysis(analysis(0, poor))
    bright = view.grab().toImage()
    view.set_least_quality(0.8)
    faint = view.grab().toImage()
    edge = view.face_rect(poor).topLeft().toPoint() + QPoint(0, 40)
    happy = EXPRESSION_COLOURS[Expression.HAPPY]

    def distance(colour: QColor) -> int:
        return sum(abs(a - b) for a, b in zip(colour.getRgb(), happy.getRgb(), strict=True))

    ratio = bright.devicePixelRatio()
    assert distance(bright.pixelColor(edge * ratio)) < distance(faint.pixelColor(edge * ratio))
    assert "small" in view.mark(poor, view.face_rect(poor)).text
    view.set_least_quality(0.3)
    assert "small" not in view.mark(poor, view.face_rect(poor)).text
    assert view.grab().toImage() == bright


def test_a_tag_has_the_persons_number_and_name(view: VideoView, people: People) -> None:
    face = tracked(100, track=3)
    view.show_analysis(analysis(0, face))
    mark = view.mark(face, view.face_rect(face))
    assert (mark.track, mark.text) == (3, "Happy 70%")
    before = view.grab().toImage()
    people.rename(3, "Anna")
    assert view.mark(face, view.face_rect(face)).text == "Anna  Happy 70%"
    assert view.grab().toImage() != before


@pytest.mark.parametrize("fault", Fault)
def test_every_fault_has_words(fault: Fault) -> None:
    assert in_words(fault)


def test_an_explanation_lies_over_its_face_only(view: VideoView) -> None:
    left, right = tracked(60, track=1), tracked(260, track=2)
    view.show_analysis(analysis(0, left, right))
    before = view.grab().toImage()
    red = QImage(48, 48, QImage.Format.Format_ARGB32)
    red.fill(QColor(255, 0, 0, 200))
    view.set_overlay(Overlay(1, red, 1.06, 0.3))
    after = view.grab().toImage()
    ratio = before.devicePixelRatio()
    inside = view.face_rect(left).center().toPoint() * ratio
    other = view.face_rect(right).center().toPoint() * ratio
    assert after.pixelColor(inside).red() > before.pixelColor(inside).red() + 50
    assert after.pixelColor(other) == before.pixelColor(other)
    view.show_analysis(analysis(1, right))  # the explained face has gone
    assert view.grab().toImage().pixelColor(inside) == before.pixelColor(inside)
