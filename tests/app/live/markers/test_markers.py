from __future__ import annotations

from app.live.consumer_base import Live
from app.live.stream import Observation
from ml.recording.marker import Marker
from tests.app.live.conftest import Publish, begin, end


def test_a_moment_is_the_newest_observations(live: Live, publish: Publish) -> None:
    live.markers.mark("early")
    assert live.markers.all == ()
    begin(live)
    publish(1.5)
    live.markers.mark("joke")
    publish(2.0)
    assert live.markers.all == (Marker(1.5, None, "joke"),)


def test_a_note_comes_later_and_the_time_stays(live: Live, publish: Publish) -> None:
    done: list[Marker] = []
    live.markers.completed.connect(done.append)
    begin(live)
    publish(1.0)
    live.markers.mark_to_note()
    assert live.markers.all == (Marker(1.0, None),)
    assert done == [], "its note is still typed"
    publish(4.0)
    live.markers.note("she laughs ")
    assert live.markers.all == (Marker(1.0, None, "", "she laughs"),)
    assert done == [], "more may be typed"
    live.markers.finish_note()
    assert done == [Marker(1.0, None, "", "she laughs")] == list(live.markers.all)
    live.markers.note("again")
    live.markers.finish_note()
    assert len(done) == 1


def test_the_end_keeps_what_was_typed_of_a_note(live: Live, publish: Publish) -> None:
    begin(live)
    publish(1.0)
    live.markers.mark_to_note()
    live.markers.note("she lau")
    end(live)
    assert live.markers.all == (Marker(1.0, None, "", "she lau"),)


def test_a_second_moment_completes_the_first(live: Live, publish: Publish) -> None:
    done: list[Marker] = []
    live.markers.completed.connect(done.append)
    begin(live)
    publish(1.0)
    live.markers.mark_to_note()
    publish(2.0)
    live.markers.mark_to_note()
    assert done == [Marker(1.0, None)]
    assert [marker.time for marker in live.markers.all] == [1.0, 2.0]


def test_an_interval_has_a_beginning_and_an_end(live: Live, publish: Publish) -> None:
    done: list[Marker] = []
    live.markers.completed.connect(done.append)
    begin(live)
    publish(1.0)
    live.markers.toggle("task")
    publish(3.0)
    live.markers.toggle("rest")
    publish(4.0)
    assert live.markers.all == (Marker(1.0, 4.0, "task"), Marker(3.0, 4.0, "rest"))
    live.markers.toggle("task")
    assert done == [Marker(1.0, 4.0, "task")]
    publish(5.0)
    end(live)
    assert done[-1] == Marker(3.0, 5.0, "rest"), "the capture ended"
    assert live.markers.running == {}


def test_another_capture_begins_without_markers(live: Live, publish: Publish) -> None:
    begin(live)
    publish(1.0)
    live.markers.mark("joke")
    end(live)
    assert len(live.markers.all) == 1
    begin(live)
    assert live.markers.all == ()
    assert live.markers.now is None
    live.session.stream.told.emit(Observation(0, 0.0, 0.0, (), 1.0))
    assert live.markers.now == 0.0
