from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from typing import get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.runs import events
from ml.runs.events import Batch, Event, Failed, Stopped, parse_line, to_line

EVENT_TYPES = sorted(Event.__subclasses__(), key=lambda event: event.type)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
VALUES = {
    int: st.integers(),
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
    str: st.text(),
    Mapping: st.dictionaries(st.text(), st.integers() | st.text() | st.none()),
}


@st.composite
def any_event(draw: st.DrawFn) -> Event:
    kind = draw(st.sampled_from(EVENT_TYPES))
    hints = get_type_hints(kind)
    wanted = {f.name: get_origin(hints[f.name]) or hints[f.name] for f in dataclasses.fields(kind)}
    return kind(**{name: draw(VALUES[value]) for name, value in wanted.items()})


@given(any_event())
def test_an_event_comes_back_from_its_line(event: Event) -> None:
    line = to_line(event)
    assert "\n" not in line
    assert parse_line(line) == event
    assert parse_line(line.encode()) == event


@given(st.text() | st.binary() | JSON.map(json.dumps))
def test_rubbish_is_no_event(line: str | bytes) -> None:
    assert parse_line(line) is None


@given(any_event(), st.data())
def test_a_changed_line_never_raises(event: Event, data: st.DataObject) -> None:
    line = to_line(event)
    cut = data.draw(st.integers(0, len(line) - 1))
    assert parse_line(line[:cut]) is None  # half a line
    values = json.loads(line)
    values[data.draw(st.sampled_from(sorted(values)))] = data.draw(JSON)
    found = parse_line(json.dumps(values))
    assert found is None or isinstance(found, Event)


@pytest.mark.parametrize(
    "line",
    ["[" * 100_000, "1" * 5000, '{"schema":1,"type":[]}', '{"schema":1,"type":"epoch"}', "NaN"],
    ids=["nested", "huge number", "type of a wrong kind", "fields missing", "no object"],
)
def test_lines_that_break_parsers_are_no_event(line: str) -> None:
    assert parse_line(line) is None


def test_another_schema_is_no_event() -> None:
    values = json.loads(to_line(Stopped(epoch=1, batch=2)))
    assert parse_line(json.dumps(values)) is not None
    values["schema"] = events.SCHEMA + 1
    assert parse_line(json.dumps(values)) is None


def test_a_field_of_a_later_version_is_ignored() -> None:
    event = Failed("no", "hint")
    assert parse_line(json.dumps({**json.loads(to_line(event)), "later": 1})) == event


def test_json_stays_json_when_the_loss_does_not_stay_a_number() -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    event = Batch(1, 2, 3, math.nan, 0.5, 0.1, math.inf, 1.0, 1.0)
    line = to_line(event)
    json.loads(line, parse_constant=refuse)
    found = parse_line(line)
    assert isinstance(found, Batch)
    assert math.isnan(found.loss)
    assert math.isnan(found.images_per_second)
