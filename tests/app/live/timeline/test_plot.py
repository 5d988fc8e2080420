from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtCore import QBuffer, QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QPainter, QWheelEvent
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.live.timeline.plot import TimelinePlot
from app.theme import DARK, EXPRESSION_COLOURS, LIGHT, Theme
from ml.expressions import Expression
from ml.people.history import History
from tests.app.live.timeline.made_courses import face, people_over_time
from tests.app.live.timeline.made_plot import colour_at, place_of, point_at, press, shown_plot

HAPPY, SAD, NEUTRAL = Expression.HAPPY, Expression.SAD, Expression.NEUTRAL


@pytest.fixture
def history() -> History:
    """A minute: person 1 happy, away from 20 s to 40 s, then sad; person 2 neutral."""
    history = History()
    for n in range(601):
        faces = [face(2, NEUTRAL)]
        if not 200 <= n < 400:
            faces.append(face(1, HAPPY if n < 200 else SAD, quality=0.9 if n < 100 else 0.3))
        history.add(n / 10, faces)
    return history


@pytest.fixture
def plot(qtbot: QtBot, history: History) -> TimelinePlot:
    return shown_plot(qtbot, history)


def strip(plot: TimelinePlot, time: float) -> QPoint:
    """A place in the strip of the chosen person, above its text."""
    return QPoint(round(plot.places.x(time)), round(plot.places.strip.top()) + 2)


def colour_of(expression: Expression) -> str:
    return EXPRESSION_COLOURS[expression].name()


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_strips_have_the_labels_colours_and_gaps_where_nobody_was_seen(
    plot: TimelinePlot, theme: Theme, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.live.timeline.canvas.current_theme", lambda: theme)
    plot.refresh()
    assert colour_at(plot, strip(plot, 10)) == colour_of(HAPPY)
    assert colour_at(plot, strip(plot, 30)) == theme.raised.lower()
    assert colour_at(plot, strip(plot, 50)) == colour_of(SAD)
    lane = place_of(plot, 30, 2) - QPoint(0, 5)
    assert colour_at(plot, lane) == colour_of(NEUTRAL)
    assert colour_at(plot, QPoint(2, 2)) == theme.surface.lower()


def test_a_line_is_as_high_as_the_probability(plot: TimelinePlot) -> None:
    box = plot.places.curves
    x, image = round(plot.places.x(10)), plot.grab().toImage()
    happy = EXPRESSION_COLOURS[HAPPY]
    shades = [
        abs(image.pixelColor(x, y).hsvHue() - happy.hsvHue()) < 8
        and image.pixelColor(x, y).hsvSaturation() > 100
        for y in range(round(box.top()), round(box.bottom()))
    ]
    (rows,) = np.nonzero(shades)
    assert box.top() + rows.mean() == pytest.approx(box.bottom() - 0.7 * box.height(), abs=1.5)


def test_areas_are_as_high_as_the_probability_and_stacked(plot: TimelinePlot) -> None:
    plot.areas = True
    plot.refresh()
    box = plot.places.curves
    x, image = round(plot.places.x(10)), plot.grab().toImage()
    column = [image.pixelColor(x, y).name() for y in range(round(box.top()), round(box.bottom()))]
    share = column.count(colour_of(HAPPY)) / len(column)
    assert share == pytest.approx(0.7, abs=0.03)
    assert column.index(colour_of(HAPPY)) < column.index(colour_of(SAD))
    assert column[0] == colour_of(Expression.ANGRY)
    gap = place_of(plot, 30)
    assert colour_at(plot, gap + QPoint(0, 8)) == LIGHT.surface.lower()


def test_raw_values_are_shown_on_demand(plot: TimelinePlot) -> None:
    plot.raw = True
    plot.refresh()
    # The made raw answers are the others shifted by one.
    assert colour_at(plot, strip(plot, 10)) == colour_of(Expression.FEAR)


def test_what_is_of_low_quality_is_faint(plot: TimelinePlot) -> None:
    plot.least_quality = 0.5
    plot.refresh()
    assert colour_at(plot, strip(plot, 5)) == colour_of(HAPPY)
    assert colour_at(plot, strip(plot, 15)) != colour_of(HAPPY)


def test_a_click_chooses_the_moment_and_in_a_lane_the_person_too(
    plot: TimelinePlot, qtbot: QtBot
) -> None:
    with (
        qtbot.waitSignal(plot.moment_chosen) as moment,
        qtbot.assertNotEmitted(plot.person_chosen),
    ):
        qtbot.mouseClick(plot, Qt.MouseButton.LeftButton, pos=place_of(plot, 12))
    assert moment.args is not None
    assert moment.args[0] == pytest.approx(12, abs=plot.places.pixel)
    assert plot.section.moment == moment.args[0]
    assert colour_at(plot, place_of(plot, 12)) == LIGHT.accent.lower()
    with qtbot.waitSignal(plot.person_chosen) as person:
        qtbot.mouseClick(plot, Qt.MouseButton.LeftButton, pos=place_of(plot, 30, 2))
    assert person.args == [2]
    assert plot.section.moment == pytest.approx(30, abs=plot.places.pixel)


def test_the_pointer_reads_the_values(plot: TimelinePlot, qtbot: QtBot) -> None:
    point_at(qtbot, plot, place_of(plot, 12))
    readout = plot.readout
    assert readout is not None
    assert readout.heading.startswith("Person 1  0:12.")
    assert readout.label == "Happy"
    values = {name: value for name, value, _ in readout.values}
    assert values == {
        **dict.fromkeys(["Angry", "Disgust", "Fear", "Sad", "Surprise", "Neutral"], "5%"),
        "Happy": "70%",
        "Valence": "+65%",
        "Quality": "30%",
    }
    assert readout.values[0][0] == "Happy"
    point_at(qtbot, plot, place_of(plot, 30))
    assert plot.readout is not None
    assert plot.readout.label == "Not seen"
    point_at(qtbot, plot, place_of(plot, 30, 2))
    assert plot.readout.heading.startswith("Person 2")
    QApplication.sendEvent(plot, QEvent(QEvent.Type.Leave))
    assert plot.readout is None


@pytest.mark.parametrize("width", [250, 660, 2000])
def test_the_readout_is_not_cut_off_wherever_the_pointer_is(
    plot: TimelinePlot, qtbot: QtBot, width: int
) -> None:
    plot.resize(width, 160)
    without = plot.grab().toImage()
    for time in (1, 10, 59):
        point_at(qtbot, plot, place_of(plot, time))
        image = plot.grab().toImage()
        assert image != without
        for x in (2, width - 3):  # beside the line that shows the focus
            edge = {image.pixelColor(x, y).name() for y in range(3, 140)}
            assert LIGHT.raised.lower() not in edge
            assert LIGHT.border.lower() not in edge


def test_keys_move_the_moment(plot: TimelinePlot, qtbot: QtBot) -> None:
    press(qtbot, plot, Qt.Key.Key_Home)
    assert plot.section.moment == 0
    press(qtbot, plot, Qt.Key.Key_Right)
    assert plot.section.moment == pytest.approx(0.1)
    press(qtbot, plot, Qt.Key.Key_Right, shift=True)
    assert plot.section.moment == pytest.approx(1.1)
    press(qtbot, plot, Qt.Key.Key_Left)
    assert plot.section.moment == pytest.approx(1.0)
    press(qtbot, plot, Qt.Key.Key_End)
    assert plot.section.moment == 60
    with qtbot.waitSignal(plot.moment_chosen) as dropped:
        press(qtbot, plot, Qt.Key.Key_Escape)
    assert dropped.args == [None]
    assert plot.section.moment is None


def test_a_step_over_a_gap_goes_to_where_the_person_is_seen_again(
    plot: TimelinePlot, qtbot: QtBot
) -> None:
    plot.choose_moment(19.9)
    press(qtbot, plot, Qt.Key.Key_Right)
    assert plot.section.moment == 40


def turn(plot: TimelinePlot, point: QPoint, notches: int, *, ctrl: bool = False) -> None:
    modifier = Qt.KeyboardModifier.ControlModifier if ctrl else Qt.KeyboardModifier.NoModifier
    event = QWheelEvent(
        QPointF(point), QPointF(plot.mapToGlobal(point)), QPoint(), QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton, modifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(plot, event)


def test_wheel_and_drag_scroll_and_ctrl_changes_the_span(plot: TimelinePlot, qtbot: QtBot) -> None:
    turn(plot, place_of(plot, 30), 1, ctrl=True)
    assert plot.section.span == 30
    assert plot.section.end == 60
    with qtbot.waitSignal(plot.scrolled):
        turn(plot, place_of(plot, 45), 2)
    back = plot.section.end
    assert back < 60
    start = place_of(plot, back - 20)
    with qtbot.assertNotEmitted(plot.moment_chosen):
        qtbot.mousePress(plot, Qt.MouseButton.LeftButton, pos=start)
        qtbot.mouseMove(plot, start + QPoint(100, 0))
        qtbot.mouseRelease(plot, Qt.MouseButton.LeftButton, pos=start + QPoint(100, 0))
    assert plot.section.end == pytest.approx(back - 100 * plot.places.pixel)
    turn(plot, place_of(plot, plot.section.end - 5), -100)
    assert plot.section.follows


def test_fifty_people_can_be_scrolled_to(qtbot: QtBot) -> None:
    plot = shown_plot(qtbot, people_over_time(50, 5, rate=5))
    first = list(plot.places.lanes)
    assert first == list(range(2, 2 + len(first)))
    assert plot.places.hidden == 49 - len(first)
    assert plot.sizeHint().height() < 300
    below = QPoint(300, round(plot.places.strip.bottom()) + 20)
    turn(plot, below, -1)
    assert next(iter(plot.places.lanes)) == 3
    turn(plot, below, 1)
    for _ in range(60):
        turn(plot, below, -1)
    assert list(plot.places.lanes)[-1] == 50
    assert plot.places.axis.bottom() <= plot.height()


@pytest.mark.parametrize("width", [250, 560, 2000])
@pytest.mark.parametrize("height", [115, 190, 400])
def test_everything_has_its_place_at_any_size(qtbot: QtBot, width: int, height: int) -> None:
    plot = shown_plot(qtbot, people_over_time(8, 5, rate=5))
    plot.resize(width, height)
    places = plot.places
    parts = [places.legend, places.curves, places.strip, *places.lanes.values(), places.more]
    parts = [part for part in [*parts, places.axis] if not part.isEmpty()]
    for above, below in pairwise(parts):
        assert above.bottom() <= below.top()
    assert parts[0].top() >= 0
    assert parts[-1].bottom() <= height
    assert places.curves.right() < width


def test_nobody_at_all_is_said_kindly(qtbot: QtBot) -> None:
    plot = shown_plot(qtbot, History(), chosen=None)
    assert plot.accessibleDescription() == "Expressions over time appear here."
    plot.grab()
    press(qtbot, plot, Qt.Key.Key_Left)
    press(qtbot, plot, Qt.Key.Key_Home)
    point_at(qtbot, plot, QPoint(300, 60))
    assert plot.readout is None


def test_screen_readers_are_told_the_person_and_the_values(plot: TimelinePlot) -> None:
    told = plot.accessibleDescription()
    assert told.startswith("Person 1  1:00.0: Sad, Sad 70%")
    assert told.endswith("others in view: 1")
    plot.choose_moment(30.0)
    assert plot.accessibleDescription().startswith("Person 1  0:30.0: Not seen")


def test_it_can_be_painted_into_a_picture_and_an_svg(plot: TimelinePlot) -> None:
    plot.valence = True
    picture = QImage(plot.size(), QImage.Format.Format_RGB32)
    painter = QPainter(picture)
    plot.paint(painter)
    painter.end()
    assert picture.pixelColor(strip(plot, 10)).name() == colour_of(HAPPY)
    buffer = QBuffer()
    drawing = QSvgGenerator()
    drawing.setOutputDevice(buffer)
    drawing.setSize(plot.size())
    painter = QPainter(drawing)
    plot.paint(painter)
    painter.end()
    text = bytes(buffer.data().data()).decode()
    assert ">Happy<" in text.replace("\n", "")
    assert "<image" not in text


def test_what_was_drawn_before_is_never_shown_for_another_time(plot: TimelinePlot) -> None:
    for change in (
        lambda: plot.choose_moment(20.0),
        lambda: plot.choose_moment(21.0),  # only the line moves
        lambda: plot.set_span(30),
        lambda: plot.choose_moment(2.0),  # out of view
        lambda: plot.scroll_to(55),
        lambda: plot.choose_moment(None),
        lambda: plot.follow(),
    ):
        change()
        shown = plot.grab().toImage()
        plot.refresh()
        assert shown == plot.grab().toImage()
