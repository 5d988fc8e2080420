from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from app.live.consumer_base import Live
from app.live.stream import Began, Gap
from app.theme import PERSON_COLOURS
from tests.app.live.conftest import Publish, begin, end
from tests.ml.people.faces import person


def test_numbers_names_and_colours(live: Live, qtbot: QtBot) -> None:
    people = live.people
    assert people.name(1) == "Person 1"
    assert not people.is_named(1)
    with qtbot.waitSignal(people.changed):
        people.rename(1, "  Anna ")
    assert people.name(1) == "Anna"
    assert people.name(2) == "Person 2"
    people.rename(1, " ")
    assert people.name(1) == "Person 1"
    colours = {people.colour(track).name() for track in range(1, len(PERSON_COLOURS) + 1)}
    assert len(colours) == len(PERSON_COLOURS)
    assert people.colour(len(PERSON_COLOURS) + 1) == people.colour(1)


def test_the_course_is_kept_after_the_end_until_another_begins(
    live: Live, publish: Publish
) -> None:
    begin(live)
    for n in range(5):
        publish(n / 10, person())
    live.people.rename(1, "Anna")
    end(live)
    assert len(live.people.history.rows(0)) == 5
    assert live.people.name(1) == "Anna"
    live.session.stream.told.emit(Began("another"))
    assert live.people.history.tracks == []
    assert live.people.name(1) == "Person 1"


def test_nothing_is_known_while_the_source_is_lost(live: Live, publish: Publish) -> None:
    begin(live)
    publish(0.0, person())
    publish(0.1, person())
    live.session.stream.told.emit(Gap("The cable was pulled."))
    publish(1.5, person())
    assert live.people.history.rows(0)["seconds"].tolist() == pytest.approx([0.1, 0.1, 0])
