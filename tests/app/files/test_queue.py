"""The queue with real processes: what is analysed when, and what becomes of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePath

import pytest
from pytestqt.qtbot import QtBot

from app.files.entry import Entry, State
from app.files.queue import Plan, Queue
from ml.batch.options import BatchOptions
from tests.app.files.made_items import pictures, video

_LONG = 20_000
WAITING, RUNNING, DONE, FAILED = State


class Planned:
    def __init__(self, out: Path) -> None:
        self.plan = Plan(BatchOptions(), out, 1)

    def jobs(self) -> list[list[str]]:
        """Name and interval of each that was begun, in order."""
        lines = (self.plan.out / "jobs").read_text().splitlines()
        return [line.split(" ", 1)[1].rsplit(" ", 1) for line in lines]


@pytest.fixture
def planned(tmp_path: Path) -> Planned:
    return Planned(tmp_path / "results")


@pytest.fixture
def queue(planned: Planned) -> Iterator[Queue]:
    queue = Queue(lambda: planned.plan)
    yield queue
    assert queue.shut_down()


def states(queue: Queue) -> dict[str, State]:
    return {entry.item.name: entry.state for entry in queue.entries}


def entry(queue: Queue, name: str) -> Entry:
    return next(entry for entry in queue.entries if entry.item.name == name)


def ended(queue: Queue, qtbot: QtBot) -> dict[str, State]:
    """The states, once nothing runs any more."""
    qtbot.waitUntil(lambda: not queue.running, timeout=_LONG)
    return states(queue)


def under_way(queue: Queue, qtbot: QtBot, *names: str) -> None:
    """Wait until something was told of these."""
    qtbot.waitUntil(lambda: all(entry(queue, n).progress for n in names), timeout=_LONG)


def test_everything_is_analysed_in_order_and_failures_stop_nothing(
    qtbot: QtBot, queue: Queue, planned: Planned
) -> None:
    names = ["one", "failing", "dying", "noisy", "partly"]
    assert not queue.add([video(name) for name in names])
    assert set(states(queue).values()) == {WAITING}
    recorded: list[None] = []
    queue.recorded.connect(lambda: recorded.append(None))
    queue.start()
    assert ended(queue, qtbot) == {
        "one": DONE, "failing": FAILED, "dying": FAILED, "noisy": DONE, "partly": DONE,
    }  # fmt: skip
    assert [name for name, _ in planned.jobs()] == names
    assert entry(queue, "failing").reason == "failing is empty."
    assert entry(queue, "partly").reason == "a.jpg: is empty"
    assert entry(queue, "one").faces == 8
    assert len(recorded) == 3
    out = planned.plan.out
    assert [folder for _, folder in queue.results] == [out / n for n in ("one", "noisy", "partly")]


def test_stopped_it_goes_on_with_what_was_interrupted(
    qtbot: QtBot, queue: Queue, planned: Planned
) -> None:
    queue.add([video("one"), video("slow"), video("three")])
    queue.start()
    qtbot.waitUntil(lambda: states(queue)["slow"] is RUNNING, timeout=_LONG)
    under_way(queue, qtbot, "slow")
    queue.stop()
    assert states(queue) == {"one": DONE, "slow": WAITING, "three": WAITING}
    assert entry(queue, "slow").fraction == 0
    queue.remove([entry(queue, "slow")])
    queue.add([video("slow")])
    queue.start()
    under_way(queue, qtbot, "slow")
    assert [name for name, _ in planned.jobs()] == ["one", "slow", "three", "slow"]


def test_started_again_at_once_the_same_file_is_not_analysed_twice_at_a_time(
    qtbot: QtBot, queue: Queue, planned: Planned
) -> None:
    planned.plan = replace(planned.plan, workers=2)
    queue.add([video("slow")])
    queue.start()
    under_way(queue, qtbot, "slow")
    queue.stop()
    queue.start()
    assert states(queue) == {"slow": WAITING}  # until the first process has ended
    under_way(queue, qtbot, "slow")
    assert len(planned.jobs()) == 2


def test_removing_what_is_analysed_stops_it_and_goes_on(
    qtbot: QtBot, queue: Queue, planned: Planned
) -> None:
    queue.add([video("slow"), video("two")])
    queue.start()
    under_way(queue, qtbot, "slow")
    queue.remove([entry(queue, "slow")])
    assert ended(queue, qtbot) == {"two": DONE}


def test_several_at_once_and_more_when_more_are_wanted(
    qtbot: QtBot, queue: Queue, planned: Planned
) -> None:
    queue.add([video(f"slow {n}") for n in range(4)])
    queue.start()
    assert list(states(queue).values()) == [RUNNING, WAITING, WAITING, WAITING]
    planned.plan = replace(planned.plan, workers=3)
    queue.plan_changed()
    assert list(states(queue).values()) == [RUNNING, RUNNING, RUNNING, WAITING]


def test_changed_options_hold_for_what_waits(qtbot: QtBot, queue: Queue, planned: Planned) -> None:
    queue.add([video("slow"), video("two")])
    queue.start()
    under_way(queue, qtbot, "slow")
    planned.plan = replace(planned.plan, options=BatchOptions(interval=2.5))
    queue.remove([entry(queue, "slow")])
    ended(queue, qtbot)
    assert planned.jobs() == [["slow", "0.0"], ["two", "2.5"]]


def test_what_is_moved_up_comes_first(qtbot: QtBot, queue: Queue, planned: Planned) -> None:
    queue.add([video("one"), video("two"), video("three")])
    queue.model.move([2], 0)
    queue.start()
    ended(queue, qtbot)
    assert [name for name, _ in planned.jobs()] == ["three", "one", "two"]


def test_failed_ones_are_tried_again(qtbot: QtBot, queue: Queue, planned: Planned) -> None:
    queue.add([video("one"), video("failing")])
    queue.start()
    ended(queue, qtbot)
    queue.repeat([entry(queue, "failing")])
    assert states(queue) == {"one": DONE, "failing": WAITING}
    queue.start()
    assert ended(queue, qtbot)["failing"] is FAILED
    assert [name for name, _ in planned.jobs()] == ["one", "failing", "failing"]


def test_finished_ones_are_cleared(qtbot: QtBot, queue: Queue) -> None:
    queue.add([video("one"), video("failing")])
    queue.start()
    ended(queue, qtbot)
    queue.add([video("new")])
    queue.clear_finished()
    assert states(queue) == {"new": WAITING}


def test_what_is_added_while_it_runs_is_analysed_too(qtbot: QtBot, queue: Queue) -> None:
    queue.add([video("slow")])
    queue.start()
    under_way(queue, qtbot, "slow")
    queue.add([video("two")])
    queue.remove([entry(queue, "slow")])
    assert ended(queue, qtbot) == {"two": DONE}


def test_the_same_file_is_there_once(queue: Queue) -> None:
    assert not queue.add([video("one")])
    assert not queue.add([video("one"), video("two")])
    assert list(states(queue)) == ["one", "two"]


def test_a_result_never_takes_anothers_place(queue: Queue) -> None:
    queue.add([video("one", folder="a")])
    (why,) = queue.add([video("one", folder="b"), video("two", folder="b")])
    assert str(video("one", folder="b").files[0]) in why
    assert str(video("one", folder="a").files[0]) in why
    assert list(states(queue)) == ["one", "two"]


def test_pictures_join_those_of_their_folder(queue: Queue) -> None:
    queue.add([pictures("b.jpg", "d.jpg")])
    assert not queue.add([pictures("a.jpg", "b.jpg", "c.jpg")])
    (entry,) = queue.entries
    assert [file.name for file in entry.item.files] == ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]


def test_a_file_is_there_once_however_it_was_found(queue: Queue) -> None:
    queue.add([video("one"), pictures("a.jpg")])
    found = video("one"), pictures("a.jpg", "b.jpg")
    assert not queue.add([replace(item, place=PurePath("all") / item.place) for item in found])
    first, second = queue.entries
    assert first.item == video("one")
    assert second.item == pictures("a.jpg", "b.jpg")
