from __future__ import annotations

from app.live.consumer_base import Live
from app.live.stream import Began
from tests.app.live.conftest import Publish
from tests.ml.people.faces import person

LEFT, MIDDLE, RIGHT = (person(track, x=x) for track, x in ((2, 0.0), (0, 100.0), (1, 200.0)))


def test_the_first_look_is_at_the_largest_and_stays(live: Live, publish: Publish) -> None:
    assert live.choice.track is None
    publish(0.0, RIGHT, LEFT)
    assert live.choice.track == RIGHT.track
    publish(0.1, LEFT, RIGHT)  # another is the largest now
    assert live.choice.track == RIGHT.track
    publish(0.2, LEFT)
    assert live.choice.track == RIGHT.track, "perhaps not found for a moment only"
    publish(1.5, LEFT)
    assert live.choice.track == LEFT.track
    publish(3.0)
    assert live.choice.track == LEFT.track, "their course is still looked at"
    assert live.choice.of([MIDDLE]) is None


def test_who_was_chosen_is_looked_at_again_when_back(live: Live, publish: Publish) -> None:
    publish(0.0, LEFT, RIGHT)
    live.choice.choose(RIGHT.track)
    publish(0.9, LEFT)
    assert live.choice.track == RIGHT.track
    publish(1.1, LEFT)
    assert live.choice.track == LEFT.track
    publish(1.2, LEFT, RIGHT)
    assert live.choice.track == RIGHT.track


def test_somebody_of_the_past_stays_chosen(live: Live, publish: Publish) -> None:
    """Chosen in the timeline or the summary, while others are in view."""
    publish(0.0, LEFT, RIGHT)
    publish(5.0, LEFT)
    live.choice.choose(RIGHT.track)
    for n in range(100):
        publish(5.1 + n / 10, LEFT)
    assert live.choice.track == RIGHT.track


def test_a_face_that_is_missed_now_and_then_is_looked_at_all_the_time(
    live: Live, publish: Publish
) -> None:
    changes: list[None] = []
    publish(0.0, RIGHT, LEFT)
    live.choice.person_changed.connect(lambda: changes.append(None))
    for n in range(60):
        publish(n / 30, *([LEFT] if n % 6 == 0 else [LEFT, RIGHT]))
    assert live.choice.track == RIGHT.track
    assert not changes


def test_next_goes_from_left_to_right_and_around(live: Live, publish: Publish) -> None:
    live.choice.choose_next()
    assert live.choice.track is None
    publish(0.0, MIDDLE, RIGHT, LEFT)
    order = []
    for _ in range(4):
        live.choice.choose_next()
        order.append(live.choice.track)
    assert order == [RIGHT.track, LEFT.track, MIDDLE.track, RIGHT.track]
    live.choice.choose_next(-1)
    assert live.choice.track == MIDDLE.track
    live.choice.choose(99)  # somebody of the past
    live.choice.choose_next(-1)
    assert live.choice.track == RIGHT.track


def test_another_source_begins_anew(live: Live, publish: Publish) -> None:
    publish(0.0, LEFT, RIGHT)
    live.choice.choose(RIGHT.track)
    live.choice.choose_moment(0.0)
    live.session.stream.told.emit(Began("another"))
    assert (live.choice.track, live.choice.moment) == (None, None)
    publish(0.0, LEFT, RIGHT)
    assert live.choice.track == LEFT.track
