from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.recording.cells import one_line
from ml.recording.corrections import (
    CORRECTIONS_FILE,
    Corrections,
    Excluded,
    read_corrections,
    write_corrections,
)
from ml.recording.errors import RecordingError
from ml.recording.marker import Marker

_TRACKS = st.integers(1, 2**53)
_TEXTS = st.text().map(one_line)
_TIMES = st.floats(-1e7, 1e7)
_SPANS = st.tuples(_TIMES, _TIMES).map(sorted).filter(lambda span: span[0] < span[1])
_EXCLUDED = st.builds(lambda span, person: Excluded(*span, person), _SPANS, st.none() | _TRACKS)
_MARKERS = st.builds(Marker, _TIMES, st.none(), _TEXTS, _TEXTS) | st.builds(
    lambda span, label: Marker(*span, label), _SPANS, _TEXTS
)
_CORRECTIONS = st.builds(
    Corrections,
    names=st.dictionaries(_TRACKS, _TEXTS, max_size=5),
    merged=st.dictionaries(_TRACKS, _TRACKS, max_size=5),
    excluded=st.lists(_EXCLUDED, max_size=5).map(tuple),
    markers=st.none()
    | st.lists(_MARKERS, max_size=5).map(lambda ms: tuple(sorted(ms, key=lambda m: m.time))),
    note=st.none() | _TEXTS,
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["start", "end", "time", "until", "person", "label", "1", "²"]), inner
        )
    ),
    max_leaves=8,
)


@settings(max_examples=50)  # each is made safe on the disk
@given(_CORRECTIONS)
def test_all_that_was_corrected_comes_back(corrections: Corrections) -> None:
    with tempfile.TemporaryDirectory() as place:
        write_corrections(Path(place), corrections)
        assert read_corrections(Path(place)) == corrections
        assert [path.name for path in Path(place).iterdir()] == [CORRECTIONS_FILE]


@given(
    st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("names", "merged", "excluded", "markers", "note", "new"), _JSON)
    )
)
def test_what_is_wrong_or_unknown_is_left_out(values: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / CORRECTIONS_FILE
        path.write_text(json.dumps({"schema": 1, **values}))
        corrections = read_corrections(Path(place))
        write_corrections(Path(place), corrections)
        assert read_corrections(Path(place)) == corrections


def test_the_good_is_kept_beside_the_wrong(tmp_path: Path) -> None:
    values = {
        "schema": 1,
        "names": {"1": "A\nnna", "x": "Bo", "2": 5, "-3": "Cy"},
        "merged": {"3": 1, "4": "1", "5": 0, "6": True},
        "excluded": [
            {"start": 1, "end": 2, "person": "everybody"},
            {"start": 2, "end": 1, "person": None},
            {"start": 0, "end": 1e300},
            {"start": 1, "end": 2},
        ],
        "markers": [
            {"time": 5, "until": "later"},
            {"time": 3, "note": 7},
            {"time": 1, "label": "a"},
        ],
    }
    (tmp_path / CORRECTIONS_FILE).write_text(json.dumps(values))
    assert read_corrections(tmp_path) == Corrections(
        names={1: "A nna"},
        merged={3: 1},
        excluded=(Excluded(1, 2),),
        markers=(Marker(1, None, "a"), Marker(3, None)),
    )


def test_a_recording_that_was_not_corrected_has_none(tmp_path: Path) -> None:
    assert read_corrections(tmp_path) == Corrections()
    assert read_corrections(tmp_path / "nowhere") == Corrections()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"schema": ' + b"9" * 5000 + b"}", "not JSON"),
        (b"[]", "not of this program"),
        (b'{"schema": true}', "not of this program"),
        (b'{"schema": 2}', r"newer version .*Update the program"),
        (b'{"schema": 1, "excluded": [' + b"0," * 20_000 + b"0]}", "more than 10,000"),
        (b" " * (1 << 25), "too long"),
    ],
)
def test_a_file_that_is_not_understood_is_refused(
    tmp_path: Path, content: bytes, message: str
) -> None:
    """And stays: else what somebody corrected would be lost."""
    path = tmp_path / CORRECTIONS_FILE
    path.write_bytes(content)
    with pytest.raises(RecordingError, match=message) as caught:
        read_corrections(tmp_path)
    assert str(caught.value).startswith(str(path))
    assert path.read_bytes() == content


def test_what_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    write_corrections(tmp_path, Corrections(note="before"))
    with pytest.raises(RecordingError, match="too long"):
        write_corrections(tmp_path, Corrections(markers=(Marker(0.0, None),) * 10_001))
    with pytest.raises(RecordingError, match="too long"):
        write_corrections(tmp_path, Corrections(markers=(Marker(0.0, None, "é" * 1000),) * 9000))
    assert read_corrections(tmp_path).note == "before"


def test_a_deleted_recording_does_not_come_back(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="moved or deleted"):
        write_corrections(tmp_path / "gone", Corrections())
    assert not (tmp_path / "gone").exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / CORRECTIONS_FILE)
    with pytest.raises(RecordingError, match="not a file"):
        read_corrections(tmp_path)


def test_merges_are_followed_to_the_end() -> None:
    corrections = Corrections(merged={5: 4, 4: 2, 9: 8})
    assert [corrections.person(track) for track in (5, 4, 2, 9, 1)] == [2, 2, 2, 8, 1]


@given(st.dictionaries(st.integers(1, 9), st.integers(1, 9)))
def test_merges_in_a_circle_are_ignored(merged: dict[int, int]) -> None:
    corrections = Corrections(merged=merged)
    for track in range(1, 10):
        way = [track]
        while way[-1] in merged and len(way) < 10:
            way.append(merged[way[-1]])
        assert corrections.person(track) == (track if way[-1] in merged else way[-1])
