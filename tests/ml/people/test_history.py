from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.expressions import Expression
from ml.people import history as history_module
from ml.people.history import History
from tests.ml.people.faces import person


def test_a_row_lasts_until_the_next_observation() -> None:
    history = History()
    for time in (0.0, 0.1, 0.4):
        history.add(time, [person()])
    rows = history.rows(0)
    assert rows["time"].tolist() == [0.0, 0.1, 0.4]
    assert rows["seconds"].tolist() == pytest.approx([0.1, 0.3, 0.0])
    assert set(rows["label"]) == {Expression.HAPPY}
    assert (history.start, history.end) == (0.0, 0.4)


def test_what_was_predicted_is_kept_raw_and_smoothed() -> None:
    history = History()
    face = replace(person(0, Expression.SAD, 0.6), raw=person(0, Expression.FEAR, 0.9).raw)
    history.add(0.0, [face])
    (row,) = history.rows(0)
    assert row["probabilities"].tolist() == pytest.approx(face.probabilities, abs=1e-3)
    assert row["raw"].tolist() == pytest.approx(face.raw, abs=1e-3)
    assert row["label"] == Expression.SAD
    assert np.isnan(row["quality"])


def test_somebody_who_was_away_has_a_gap() -> None:
    history = History()
    for n in range(30):
        history.add(n / 10, [person()] if n < 10 or n >= 20 else [])
    rows = history.rows(0)
    assert len(rows) == 20
    ends = rows["time"] + rows["seconds"]
    gaps = np.flatnonzero(rows["time"][1:] - ends[:-1] > 1e-6)
    assert gaps.tolist() == [9]
    assert ends[9] == pytest.approx(1.0)
    assert rows["time"][10] == pytest.approx(2.0)


def test_nothing_is_known_while_the_source_is_lost() -> None:
    history = History()
    history.add(0.0, [person()])
    history.add(0.1, [person()])
    history.interrupt()
    history.add(5.0, [person()])
    assert history.rows(0)["seconds"].tolist() == pytest.approx([0.1, 0.1, 0.0])
    assert history.at(0, 3.0) is None


def test_a_pause_of_the_clock_is_not_taken_for_an_hour_of_one_expression() -> None:
    history = History()
    history.add(0.0, [person()])
    history.add(3600.0, [person()])
    assert history.rows(0)["seconds"][0] <= 2


def test_each_person_has_a_course_in_the_order_of_their_coming() -> None:
    history = History()
    history.add(0.0, [person(3)])
    history.add(0.1, [person(1), person(3)])
    history.add(0.2, [person(1)])
    assert history.tracks == [3, 1]
    assert [len(history.rows(track)) for track in (3, 1, 7)] == [2, 2, 0]


def test_a_face_without_a_prediction_has_no_row() -> None:
    history = History()
    history.add(0.0, [replace(person(), raw=None, probabilities=None)])
    assert history.tracks == []


def test_a_frame_that_is_analysed_again_replaces_what_was_seen_in_it() -> None:
    """As a photograph is, when other weights or options are chosen."""
    history = History()
    history.add(0.0, [person(1, Expression.HAPPY), person(2)])
    history.add(0.0, [person(1, Expression.SAD)])
    assert history.tracks == [1]
    assert history.rows(1)["label"].tolist() == [Expression.SAD]
    history.add(0.5, [person(1)])
    history.add(0.5, [person(1), person(3)])
    assert history.tracks == [1, 3]
    assert history.rows(1)["seconds"].tolist() == [0.5, 0]


def test_seconds_in_view_are_those_of_the_rows() -> None:
    history = History()
    for n in range(9000):
        history.add(n * 1.0, [person()] if n % 10 else [])
        if n % 1000 == 999:
            kept = history.rows(0)["seconds"].sum(dtype=float)
            assert history.seconds(0) == pytest.approx(kept)
    assert history.seconds(7) == 0


_STEPS = st.lists(st.tuples(st.floats(0.001, 1.9), st.booleans()), min_size=1, max_size=40)


@given(_STEPS, st.floats(-1, 40), st.floats(0, 20))
def test_rows_of_a_span_are_all_that_hold_in_it(
    steps: list[tuple[float, bool]], start: float, length: float
) -> None:
    history, time = History(), 0.0
    for step, seen in steps:
        time += step
        history.add(time, [person()] if seen else [])
    every = history.rows(0)
    end = start + length
    wanted = [row for row in every if row["time"] <= end and row["time"] + row["seconds"] >= start]
    found = history.rows(0, start, end)
    # A row that only touches the start may be left to the one that begins there.
    assert 0 <= len(wanted) - len(found) <= 1
    assert found["time"].tolist() == [row["time"] for row in wanted[len(wanted) - len(found) :]]
    row = history.at(0, start)
    if row is not None:
        assert row["time"] <= start <= row["time"] + row["seconds"]


def test_only_the_last_hour_is_kept() -> None:
    history = History()
    for n in range(9000):
        history.add(n * 1.0, [person()])
    rows = history.rows(0)
    assert history.end - 3600 - 4096 <= rows["time"][0] <= history.end - 3600
    assert rows["time"][-1] == history.end
    assert np.all(np.diff(rows["time"]) == 1)


def test_people_who_were_here_long_ago_are_forgotten() -> None:
    history = History()
    history.add(0.0, [person(7)])
    for n in range(9000):
        history.add(1.0 + n, [person(8)])
    assert history.tracks == [8]
    assert history.start > 0


def test_a_crowd_costs_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_module, "_MOST_ROWS", 20_000)
    history = History()
    crowd = [person(track) for track in range(50)]
    for n in range(2000):
        history.add(n / 30, crowd)
    kept = sum(len(history.rows(track)) for track in history.tracks)
    assert kept <= 20_000 + 2 * 4096
    assert history.rows(49)["time"][-1] == history.end
    assert len(history.rows(49)) > 100


@given(
    st.lists(st.sets(st.integers(1, 4)), min_size=1, max_size=40),
    st.floats(-1, 41),
    st.floats(0, 41),
)
def test_those_are_seen_who_have_rows_in_that_time(
    views: list[set[int]], start: float, length: float
) -> None:
    """A second passes from one of ``views``, the track ids in view, to the next."""
    history = History()
    for n, tracks in enumerate(views):
        history.add(float(n), [person(track) for track in tracks])
    end = start + length
    wanted = [track for track in history.tracks if len(history.rows(track, start, end))]
    assert history.seen(start, end) == wanted
