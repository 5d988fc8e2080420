from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QApplication, QInputDialog, QMenu
from pytestqt.qtbot import QtBot

from app.live.consumer_base import Live
from app.live.views.chips import Chips
from ml.expressions import Expression
from tests.app.live.conftest import Publish, begin, end
from tests.ml.people.faces import person, worth


@pytest.fixture
def chips(live: Live) -> Chips:
    chips = Chips(live)
    begin(live)
    return chips


def test_everybody_in_view_has_one_at_once(chips: Chips, live: Live, publish: Publish) -> None:
    publish(0.0, person(0, Expression.HAPPY, x=200), person(1, Expression.SAD))
    assert [chip.label for chip in chips.chips.values()] == ["Happy", "Sad"]
    assert [chip.age for chip in chips.chips.values()] == ["now", "now"]
    assert chips.chips[0].isChecked()
    assert not chips.chips[1].isChecked()


def test_a_click_chooses(chips: Chips, live: Live, publish: Publish, qtbot: QtBot) -> None:
    publish(0.0, person(0, x=200), person(1))
    for track in (1, 1, 0):  # a second click on the same one chooses nothing else
        qtbot.mouseClick(chips.chips[track], Qt.MouseButton.LeftButton)
        assert live.choice.track == track
        assert [chip.isChecked() for chip in chips.chips.values()] == [track == 0, track == 1]


def test_the_age_of_the_prediction_is_told(chips: Chips, publish: Publish, qtbot: QtBot) -> None:
    publish(0.0, person(0))
    publish(7.0, replace(person(0), answered=2.0))
    qtbot.waitUntil(lambda: chips.chips[0].age == "5 s ago")


def test_who_leaves_keeps_the_chip_for_a_moment_only(
    chips: Chips, publish: Publish, qtbot: QtBot
) -> None:
    publish(0.0, person(0), person(1, x=200))
    publish(0.5, person(1, x=200))
    qtbot.wait(300)
    assert list(chips.chips) == [0, 1]
    publish(1.2, person(1, x=200))
    qtbot.waitUntil(lambda: list(chips.chips) == [1])


def test_after_the_end_there_is_nobody(chips: Chips, live: Live, publish: Publish) -> None:
    publish(0.0, person(0))
    end(live)
    assert chips.chips == {}


def test_people_are_named_for_the_time_being(chips: Chips, live: Live, publish: Publish) -> None:
    publish(0.0, person(0))

    def type_a_name() -> None:
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, QInputDialog)
        dialog.setTextValue("Anna")
        dialog.accept()

    QTimer.singleShot(100, type_a_name)
    chips.chips[0].rename_requested.emit()
    assert live.people.name(0) == "Anna"
    assert chips.chips[0].name == "Anna"


def test_fifty_people_are_scrolled(
    chips: Chips, live: Live, publish: Publish, qtbot: QtBot
) -> None:
    publish(0.0, *(person(track, x=track * 7.0) for track in range(50)))
    assert len(chips.chips) == 50
    live.choice.choose(49)
    last = chips.chips[49]
    qtbot.waitUntil(lambda: not last.visibleRegion().isEmpty())


def test_low_quality_is_dimmed(chips: Chips, publish: Publish) -> None:
    poor = person(0, quality=worth(0.3))
    publish(0.0, poor, person(1, x=100))
    assert [chip.dimmed for chip in chips.chips.values()] == [True, False]


def test_who_leaves_while_their_menu_is_open_harms_nothing(
    chips: Chips, publish: Publish, qtbot: QtBot
) -> None:
    publish(0.0, person(1), person(2, x=100))
    chip = chips.chips[1]
    place = chip.rect().center()
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, place, chip.mapToGlobal(place))
    QApplication.sendEvent(chip, event)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    publish(2.0, person(2, x=100))
    qtbot.waitUntil(lambda: list(chips.chips) == [2])
    assert menu.isVisible()
    menu.close()


def test_a_name_that_was_not_typed_is_none(chips: Chips, live: Live, publish: Publish) -> None:
    publish(0.0, person(1))

    def accept() -> None:
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, QInputDialog)
        dialog.accept()

    QTimer.singleShot(100, accept)
    chips.chips[1].rename_requested.emit()
    assert not live.people.is_named(1)
