from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from app.live.consumer_base import Live
from app.live.stream import Began
from app.live.views.face_panel import FacePanel
from ml.expressions import Expression
from tests.app.live.conftest import Publish, begin, end
from tests.ml.people.faces import person, prediction, worth


@pytest.fixture
def panel(live: Live) -> FacePanel:
    panel = FacePanel(live)
    begin(live)
    return panel


def test_it_shows_the_person_looked_at(panel: FacePanel, live: Live, publish: Publish) -> None:
    publish(0.0, person(1), person(2, Expression.SAD, x=100))
    assert panel.headline.text() == "Happy"
    assert panel.caption.text() == "Person 1, 70% confidence"
    live.choice.choose(2)
    assert panel.headline.text() == "Sad"
    live.people.rename(2, "Ben")
    assert panel.caption.text() == "Ben, 70% confidence"


def test_raw_values_are_marked_on_demand(panel: FacePanel, live: Live, publish: Publish) -> None:
    publish(0.0, replace(person(0), raw=prediction(Expression.SAD)))
    assert panel.headline.text() == "Happy"
    assert panel.chart.raw is None
    live.options.raw.setChecked(True)
    assert panel.chart.raw == prediction(Expression.SAD)
    assert panel.chart.probabilities == prediction(Expression.HAPPY)


def test_a_moment_of_the_past(panel: FacePanel, live: Live, publish: Publish) -> None:
    for n in range(20):
        publish(n / 10, person(0, Expression.HAPPY if n < 10 else Expression.FEAR))
    assert panel.headline.text() == "Fear"
    live.choice.choose_moment(0.45)
    assert panel.headline.text() == "Happy"
    assert "at 0:00.5" in panel.quality.text() or "at 0:00.4" in panel.quality.text()
    publish(2.0, person(0, Expression.SAD))
    assert panel.headline.text() == "Happy", "the capture goes on, the moment stays"
    live.choice.choose_moment(99.0)
    assert panel.headline.text() == "–"
    assert "Not seen" in panel.caption.text()
    live.choice.choose_moment(None)
    assert panel.headline.text() == "Sad"


def test_a_moment_can_be_chosen_after_the_end(
    panel: FacePanel, live: Live, publish: Publish
) -> None:
    live.panel.addTab(QLabel("another card"), "")
    for n in range(20):
        publish(n / 10, person(0, Expression.HAPPY if n < 10 else Expression.FEAR))
    end(live)
    assert panel.headline.text() == "–"
    live.panel.setCurrentIndex(1)
    live.choice.choose_moment(0.5)
    assert panel.isVisible()
    assert panel.headline.text() == "Happy"


def test_the_baseline_is_taken_told_and_dropped(
    panel: FacePanel, live: Live, publish: Publish, qtbot: QtBot
) -> None:
    assert not panel.baseline.isEnabled()
    wanted: list[tuple[int, bool]] = []
    live.session._baseline_wanted.connect(lambda track, on: wanted.append((track, on)))

    def click() -> None:
        qtbot.mouseClick(panel.baseline, Qt.MouseButton.LeftButton)

    publish(0.0, person(4))
    click()
    publish(0.1, replace(person(4), baseline=0.4))
    assert panel.baseline.text() == "Look neutral… 40%"
    click()
    publish(0.2, replace(person(4), baseline=1.0))
    assert "on" in panel.baseline.text()
    click()
    assert wanted == [(4, True), (4, False), (4, False)]
    publish(0.3)
    assert not panel.baseline.isEnabled()


def test_nobody_looks_neutral_for_a_while_in_a_photograph(
    panel: FacePanel, live: Live, publish: Publish
) -> None:
    live.session.stream.told.emit(Began("group.png", still=True))
    publish(0.0, person(1))
    assert not panel.baseline.isEnabled()
    live.session.stream.told.emit(Began("clip.avi"))
    publish(0.0, person(1))
    assert panel.baseline.isEnabled()


def test_low_quality_is_dimmed(panel: FacePanel, live: Live, publish: Publish) -> None:
    publish(0.0, person(1))
    colour = panel.headline.palette().windowText().color()
    publish(0.1, person(1, quality=worth(0.3)))
    assert panel.headline.palette().windowText().color() != colour
    assert "quality 30%, small" in panel.quality.text()
    assert "Height 20 pixels" in panel.quality.toolTip()
    publish(0.2, person(1, quality=worth(0.9)))
    assert panel.headline.palette().windowText().color() == colour
