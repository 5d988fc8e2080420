from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.live.timeline.section import SPANS, Section, spans_up_to
from ml.expressions import Expression
from ml.people.history import History
from tests.app.live.timeline.made_courses import face


def seen_for(seconds: int, rate: int = 1) -> History:
    history = History()
    for n in range(seconds * rate + 1):
        history.add(n / rate, [face(0, Expression.HAPPY)])
    return history


@pytest.fixture
def section() -> Section:
    section = Section()
    section.courses = seen_for(100)
    section.chosen = 0
    return section


def grow(section: Section, until: float) -> None:
    assert isinstance(section.courses, History)
    section.courses.add(until, [face(0, Expression.SAD)])


def test_it_follows_the_newest_time(section: Section) -> None:
    assert (section.start, section.end) == (40, 100)
    grow(section, 101)
    assert (section.start, section.end) == (41, 101)


def test_a_span_that_is_not_full_begins_at_the_beginning(section: Section) -> None:
    section.courses = seen_for(20)
    assert (section.start, section.end) == (0, 60)


def test_scrolled_back_it_stays_and_scrolled_to_the_end_it_follows(section: Section) -> None:
    section.scroll_to(80)
    grow(section, 101)
    assert section.end == 80
    section.scroll_to(101)
    grow(section, 102)
    assert section.end == 102


def test_a_moment_keeps_what_is_shown_in_place(section: Section) -> None:
    section.choose_moment(70.0)
    grow(section, 101)
    assert (section.end, section.follows) == (100, False)
    section.choose_moment(None)
    assert section.end == 100
    section.follow()
    assert section.end == 101


@given(st.floats(0, 100), st.floats(-50, 200), st.sampled_from(SPANS))
def test_the_moment_is_in_view_and_never_less_than_all(
    moment: float, end: float, span: float
) -> None:
    section = Section()
    section.courses = seen_for(100)
    section.scroll_to(end)
    section.choose_moment(moment)
    section.set_span(span)
    assert section.start - 1e-9 <= moment <= section.end + 1e-9
    assert section.start >= -1e-9
    assert section.end <= max(100, section.span) + 1e-9


@given(st.floats(1, 1e7))
def test_spans_end_with_the_widest_and_are_no_large_steps_apart(widest: float) -> None:
    spans = spans_up_to(widest)
    assert spans[-1] == widest
    assert spans == sorted(set(spans))
    assert all(b / a <= 2.5 for a, b in pairwise(spans))


def test_steps_go_from_row_to_row_and_stop_at_the_ends(section: Section) -> None:
    assert section.next_row(-1) == 99
    section.choose_moment(50.5)
    assert (section.next_row(1), section.next_row(-1)) == (51, 50)
    assert (section.last_row(-1), section.last_row(1)) == (0, 100)
    assert (section.after(1), section.after(-1), section.after(1000)) == (51.5, 49.5, 100)
    section.choose_moment(section.last_row(1))
    assert section.next_row(1) == 100


def test_others_are_those_in_view_at_that_time(section: Section) -> None:
    history = History()
    history.add(0, [face(0, Expression.HAPPY), face(1, Expression.HAPPY)])
    history.add(1, [face(0, Expression.HAPPY)])
    for n in range(100, 130):
        history.add(n, [face(0, Expression.SAD), face(2, Expression.HAPPY)])
    section.courses = history
    assert section.others == [2]
    section.scroll_to(60)
    assert section.others == [1]
    assert section.courses.at(0, 0.5) is not None
    assert section.courses.at(0, 50) is None
