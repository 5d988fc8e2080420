from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.expressions import Expression
from ml.people.history import History
from ml.people.summary import summarise
from ml.recording.corrected import Corrected
from ml.recording.corrections import Corrections, Excluded
from ml.recording.faces import NOBODY
from ml.recording.marker import GAP, Marker
from ml.recording.recording import Recording, read_recording
from ml.recording.writer import RecordingWriter
from ml.vision.analysis import TrackedFace
from tests.ml.people.faces import person, worth
from tests.ml.recording.made_recordings import ABOUT, BEGAN

NO_CORRECTIONS = Corrections()


def recorded(
    seen: Sequence[tuple[float, Sequence[TrackedFace]]],
    markers: Sequence[Marker] = (),
    names: dict[int, str] | None = None,
) -> Recording:
    """What is read of a recording of ``seen``: times and faces."""
    with tempfile.TemporaryDirectory() as place:
        writer = RecordingWriter(Path(place) / "recording", replace(ABOUT, note="as recorded"))
        for n, (time, faces) in enumerate(seen):
            writer.add(n, time, BEGAN + time, faces, names or {})
        for marker in markers:
            writer.mark(marker)
        writer.close("stopped", 0)
        return read_recording(Path(place) / "recording")


def two(frames: int = 10, markers: Sequence[Marker] = ()) -> Recording:
    """Anna, happy, and somebody without a name, sad, at 10 frames a second."""
    faces = [person(1, Expression.HAPPY, size=50), person(2, Expression.SAD, x=90)]
    return recorded([(n / 10, faces) for n in range(frames)], markers, {1: "Anna"})


_FACES = st.builds(
    person,
    st.integers(1, 4),
    st.sampled_from(Expression),
    st.sampled_from([0.5, 0.75]),
    quality=st.none() | st.sampled_from([0.25, 0.75]).map(worth),
) | st.integers(1, 4).map(lambda n: replace(person(n), raw=None, probabilities=None))
_FRAMES = st.tuples(
    st.integers(1, 400), st.lists(_FACES, max_size=4, unique_by=lambda f: f.track), st.booleans()
)
"""Hundredths of a second since the frame before, faces, and whether the source is lost then."""


@settings(max_examples=50, deadline=None)  # each is made safe on the disk
@given(st.lists(_FRAMES, min_size=1, max_size=25), st.floats(-1, 60), st.floats(0, 20))
def test_it_has_the_same_rows_as_the_history_of_what_was_recorded(
    frames: list[tuple[int, list[TrackedFace], bool]], start: float, length: float
) -> None:
    history, now, seen, markers = History(), -frames[0][0], [], []
    for step, faces, lost in frames:
        now += step
        history.add(now / 100, faces)
        seen.append((now / 100, faces))
        if lost:
            history.interrupt()
            markers.append(Marker(now / 100, None, GAP))
    history.interrupt()
    corrected = Corrected(recorded(seen, markers), NO_CORRECTIONS)

    assert corrected.tracks == history.tracks
    assert corrected.start == history.start
    assert corrected.end >= history.end
    end = start + length
    assert corrected.seen(start, end) == history.seen(start, end)
    for track in history.tracks:
        expected = history.rows(track)
        rows = corrected.rows(track)
        for name in ("time", "seconds", "label"):
            assert rows[name].tolist() == pytest.approx(expected[name].tolist(), rel=1e-6)
        for name in ("raw", "probabilities", "quality"):
            assert np.allclose(rows[name], expected[name], atol=1e-3, equal_nan=True)
        assert corrected.seconds(track) == pytest.approx(history.seconds(track), rel=1e-6)
        assert (corrected.at(track, start) is None) == (history.at(track, start) is None)
        within = history.rows(track, start, end)
        assert corrected.rows(track, start, end)["time"].tolist() == within["time"].tolist()
        assert corrected.counted(track)["time"].tolist() == rows["time"].tolist()
        summary, other = summarise(corrected.counted(track), 0.5), summarise(expected, 0.5)
        assert (summary is None) == (other is None)
        if summary and other:
            assert summary.shares == pytest.approx(other.shares, abs=1e-5)
            assert summary.means == pytest.approx(other.means, abs=1e-3)
            assert summary.episodes == other.episodes


def test_the_last_row_lasts_as_long_as_the_one_before() -> None:
    corrected = Corrected(two(), NO_CORRECTIONS)
    assert corrected.rows(1)["seconds"].tolist() == pytest.approx([0.1] * 10)
    assert (corrected.start, corrected.end) == (0.0, pytest.approx(1.0))
    assert corrected.seconds(1) == pytest.approx(1.0)
    assert corrected.seconds(7) == 0


def test_a_photograph_lasts_for_no_time() -> None:
    corrected = Corrected(two(frames=1), NO_CORRECTIONS)
    assert corrected.start == corrected.end == 0
    assert corrected.rows(1)["seconds"].tolist() == [0.0]


def test_a_recording_of_nobody_is_empty() -> None:
    for seen in ([], [(0.0, []), (1.0, [])]):
        corrected = Corrected(recorded(seen), NO_CORRECTIONS)
        assert corrected.tracks == corrected.seen(0, 1) == []
        assert corrected.at(1, 0.5) is None
        assert len(corrected.rows(1)) == len(corrected.counted(1)) == 0
        assert set(corrected.person) <= {NOBODY}


def test_of_a_frame_that_was_analysed_again_the_last_counts() -> None:
    seen = [(0.0, [person(1, Expression.HAPPY)]), (0.0, [person(1, Expression.SAD)])]
    corrected = Corrected(recorded(seen), NO_CORRECTIONS)
    assert corrected.rows(1)["label"].tolist() == [Expression.SAD]


def test_merged_people_are_one() -> None:
    first, later = person(1, Expression.HAPPY), person(2, Expression.SAD)
    seen = [(n / 10, [first if n < 5 else later]) for n in range(10)]
    corrected = Corrected(recorded(seen), Corrections(merged={2: 1}))
    assert corrected.tracks == [1]
    assert corrected.rows(1)["label"].tolist() == [Expression.HAPPY] * 5 + [Expression.SAD] * 5
    assert corrected.seconds(1) == pytest.approx(1.0)
    assert set(corrected.person) == {1}
    assert len(corrected.rows(2)) == 0


def test_of_merged_people_in_one_frame_the_larger_counts() -> None:
    corrected = Corrected(two(), Corrections(merged={1: 2}))
    assert corrected.tracks == [2]
    assert corrected.rows(2)["label"].tolist() == [Expression.HAPPY] * 10
    assert corrected.seconds(2) == pytest.approx(1.0)


def test_people_come_when_the_first_of_their_parts_does() -> None:
    seen = [(0.0, [person(5)]), (0.1, [person(3)]), (0.2, [person(1)])]
    recording = recorded(seen)
    assert Corrected(recording, NO_CORRECTIONS).tracks == [5, 3, 1]
    assert Corrected(recording, Corrections(merged={5: 1})).tracks == [1, 3]


@pytest.mark.parametrize(
    ("names", "merged", "expected"),
    [
        ({}, {}, {1: "Anna"}),
        ({1: "Jo", 2: "Bo"}, {}, {1: "Jo", 2: "Bo"}),
        ({1: ""}, {}, {}),
        ({}, {2: 1}, {1: "Anna"}),
        ({2: "Bo"}, {2: 1}, {1: "Anna"}),
        ({}, {1: 2}, {2: "Anna"}),
        ({2: ""}, {1: 2}, {}),
        ({2: "Bo"}, {1: 2}, {2: "Bo"}),
    ],
)
def test_names_are_those_that_were_given_last(
    names: dict[int, str], merged: dict[int, int], expected: dict[int, str]
) -> None:
    corrected = Corrected(two(), Corrections(names=names, merged=merged))
    assert corrected.names == expected


def test_excluded_times_are_not_counted_but_shown() -> None:
    corrections = Corrections(excluded=(Excluded(0.2, 0.5), Excluded(0.7, 9.0, person=2)))
    corrected = Corrected(two(), corrections)
    times = [round(time, 1) for time in corrected.counted(1)["time"].tolist()]
    assert times == [0.0, 0.1, 0.5, 0.6, 0.7, 0.8, 0.9]
    assert len(corrected.counted(2)) == 4
    assert len(corrected.counted(2, 0.55, 0.75)) == 2
    assert len(corrected.rows(1)) == len(corrected.rows(2)) == 10
    faces = corrected.recording.faces
    assert set(faces.time[~corrected.kept & (faces.person == 1)].round(1)) == {0.2, 0.3, 0.4}


def test_a_time_of_a_merged_person_is_one_of_all_their_parts() -> None:
    corrections = Corrections(merged={2: 1}, excluded=(Excluded(0.0, 0.5, person=2),))
    corrected = Corrected(two(), corrections)
    assert len(corrected.counted(1)) == 5
    assert corrected.kept.tolist() == [False] * 10 + [True] * 10


@given(st.lists(st.tuples(st.floats(-1, 2), st.floats(0.01, 1), st.sampled_from([None, 1, 2, 9]))))
def test_kept_is_what_is_in_no_excluded_time(
    spans: list[tuple[float, float, int | None]],
) -> None:
    excluded = tuple(Excluded(start, start + length, who) for start, length, who in spans)
    corrected = Corrected(_TWO, Corrections(excluded=excluded))
    for n, kept in enumerate(corrected.kept):
        time, track = _TWO.faces.time[n], _TWO.faces.person[n]
        inside = [e for e in excluded if e.start <= time < e.end and e.person in (None, track)]
        assert kept == (not inside)
    assert sum(len(corrected.counted(track)) for track in (1, 2)) == corrected.kept.sum()


_TWO = two()


def test_markers_and_note_are_the_corrected_ones() -> None:
    recording = two(markers=[Marker(0.5, None, "joke")])
    corrected = Corrected(recording, NO_CORRECTIONS)
    assert corrected.markers == recording.markers == (Marker(0.5, None, "joke"),)
    assert corrected.note == "as recorded"
    corrected = Corrected(recording, Corrections(markers=(), note=""))
    assert (corrected.markers, corrected.note) == ((), "")


def test_the_source_stays_lost_when_its_marker_is_deleted() -> None:
    seen = [(time, [person(1)]) for time in (0.0, 0.1, 0.2, 1.5, 1.6)]
    recording = recorded(seen, [Marker(0.2, None, GAP)])
    for corrections in (NO_CORRECTIONS, Corrections(markers=())):
        rows = Corrected(recording, corrections).rows(1)
        assert rows["seconds"].tolist() == pytest.approx([0.1] * 5)


def test_a_label_that_is_missing_is_that_of_the_highest_probability() -> None:
    faces = replace(_TWO.faces, label=np.full_like(_TWO.faces.label, -1))
    corrected = Corrected(replace(_TWO, faces=faces), NO_CORRECTIONS)
    assert set(corrected.rows(2)["label"]) == {Expression.SAD}
