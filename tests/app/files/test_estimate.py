from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.files.entry import Entry
from app.files.estimate import TimeLeft, time_left
from ml.batch.messages import Done, Failed, Job, Progress
from ml.batch.options import BatchOptions
from tests.app.files.made_items import pictures, video

OUT = Path("out")
lengths = st.floats(1, 1e5)


def running(seconds: float, done: float, spent: float) -> Entry:
    item = video("running")
    progress = Progress(done, seconds, 1, 1)
    return Entry(item, seconds, Job(item, OUT, BatchOptions()), 0.0, progress, spent)


def done(seconds: float, spent: float) -> Entry:
    item = video("done")
    outcome = Done(seconds, 1, 1, 1)
    return Entry(item, seconds, Job(item, OUT, BatchOptions()), spent=spent, outcome=outcome)


@given(lengths, st.floats(0.01, 1), lengths, st.lists(lengths, max_size=4))
def test_the_speed_so_far_is_kept(
    seconds: float, part: float, spent: float, waiting: list[float]
) -> None:
    entries = [running(seconds, seconds * part, spent)]
    entries += [Entry(video("waiting"), length) for length in waiting]
    left = time_left(entries, 1)
    pace = spent / (seconds * part)
    todo = seconds * (1 - part)
    assert left is not None
    assert left.whole
    assert left.seconds == pytest.approx(pace * (todo + sum(waiting)), rel=1e-6, abs=1e-6)
    own = entries[0].left
    assert own == pytest.approx(pace * todo, rel=1e-6, abs=1e-6)


def test_two_processes_halve_it_if_there_is_work_for_both() -> None:
    entries = [done(10, spent=5), Entry(video("a"), 20.0), Entry(video("b"), 20.0)]
    assert time_left(entries, 1) == TimeLeft(20.0, True)
    assert time_left(entries, 2) == TimeLeft(10.0, True)
    assert time_left(entries[:2], 2) == TimeLeft(10.0, True)


def test_what_is_not_known_is_said() -> None:
    waiting = Entry(video("a"), 20.0)
    assert time_left([waiting], 1) is None
    unknown = Entry(video("b"))
    for other in (unknown, Entry(pictures("c.jpg"))):
        assert time_left([done(10, spent=5), waiting, other], 1) == TimeLeft(10.0, False)


def test_what_was_there_already_says_nothing_of_the_speed() -> None:
    there = done(1000, spent=0.01)
    there = replace(there, outcome=Done(1000, 1, 1, 1, unchanged=True))
    entries = [there, Entry(video("a"), 20.0)]
    assert time_left(entries, 1) is None
    assert time_left([*entries, done(10, spent=5)], 1) == TimeLeft(10.0, True)


def test_nothing_is_left_when_all_is_finished() -> None:
    failed = replace(Entry(video("a"), 20.0), outcome=Failed("It is empty."))
    assert time_left([done(10, spent=5), failed], 2) == TimeLeft(0.0, True)
