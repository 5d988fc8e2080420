from __future__ import annotations

import csv
import math
import tempfile
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.expressions import Expression
from ml.recording.about import ABOUT_FILE
from ml.recording.cells import one_line
from ml.recording.columns import FACES_FILE, MARKERS_FILE
from ml.recording.errors import RecordingError
from ml.recording.reader import read_about, read_faces
from ml.recording.writer import Marker, RecordingWriter
from ml.vision.analysis import Face, Fault, Quality, TrackedFace
from tests.ml.people.faces import person, worth
from tests.ml.recording.made_recordings import ABOUT, BEGAN

_POINTS = st.tuples(*[st.tuples(st.floats(), st.floats())] * 5)
_ANSWERS = st.none() | st.tuples(*[st.floats(0, 1)] * 7)
_QUALITIES = st.none() | st.builds(
    Quality,
    st.floats(),
    st.none() | st.sampled_from(Fault),
    **dict.fromkeys(("height", "light", "tones", "sharpness", "turn", "cut_off"), st.just(0.0)),
)
_FACES = st.builds(
    TrackedFace,
    st.integers(1, 10**6),
    st.builds(Face, *[st.floats()] * 5, _POINTS),
    raw=_ANSWERS,
    probabilities=_ANSWERS,
    answered=st.none() | st.floats(0.1, 1e6),
    views=st.integers(1, 3),
    quality=_QUALITIES,
)


def same(
    found: Sequence[float | None] | None, seen: Sequence[float | None] | None, decimals: int
) -> bool:
    """Whether ``found`` is what is kept of ``seen``: all to their decimals, or nothing."""
    numbers = [] if seen is None else [v for v in seen if v is not None and math.isfinite(v)]
    if seen is None or len(numbers) < len(seen):
        return found is None or list(found) == [None]
    return found == pytest.approx(numbers, rel=1e-12, abs=0.51 * 10**-decimals)


def marks(folder: Path) -> list[dict[str, str]]:
    with (folder / MARKERS_FILE).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@settings(max_examples=30)  # each is made safe on the disk
@given(st.lists(st.tuples(_FACES, st.text()), max_size=4), st.floats(0, 1e6), st.integers(0, 2**53))
def test_all_that_was_seen_comes_back(
    seen: list[tuple[TrackedFace, str]], time: float, index: int
) -> None:
    names = {face.track: name for face, name in seen}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "recording"
        writer = RecordingWriter(folder, ABOUT)
        writer.add(3, 2.0, BEGAN, [], {})
        writer.add(index, 2 + time, BEGAN + time, [face for face, _ in seen], names)
        writer.close("stopped", 0)
        first, *rows = read_faces(folder)
    assert (first.time, first.frame, first.person, first.wall_time) == (0, 3, None, BEGAN)
    assert len(rows) == max(len(seen), 1)
    for row in rows:
        assert row.frame == index
        assert row.time == pytest.approx(time, abs=1e-4)
        assert row.wall_time == pytest.approx(BEGAN + time, abs=0.0011)
    for row, (tracked, _) in zip(rows, seen, strict=False):
        face, quality = tracked.face, tracked.quality
        assert row.person == tracked.track
        assert row.name == one_line(names[tracked.track])
        assert same(row.box, (face.x, face.y, face.width, face.height), 1)
        points = row.landmarks and [value for point in row.landmarks for value in point]
        assert same(points, [value for point in face.landmarks for value in point], 1)
        assert same([row.score], [face.score], 4)
        assert same([row.quality], quality and [quality.value], 3)
        assert row.fault is (quality and quality.fault)
        assert same(row.raw, tracked.raw, 4)
        assert same(row.probabilities, tracked.probabilities, 4)
        assert row.label is tracked.expression
        assert (row.valence is None) is (row.views is None) is (tracked.probabilities is None)
        assert same([row.predicted], tracked.answered and [tracked.answered - 2], 4)


def test_a_held_prediction_differs_from_a_fresh_one(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "r", ABOUT)
    for n in range(20):
        time = 7.1 + n / 29.97
        answered = time if n % 3 == 0 else time - 1 / 29.97
        writer.add(n, time, 0.0, [replace(person(), answered=answered)], {})
    writer.close("stopped", 0)
    rows = list(read_faces(tmp_path / "r"))
    assert [row.predicted == row.time for row in rows] == [n % 3 == 0 for n in range(20)]
    assert all(row.wall_time is None for row in rows)


def test_a_face_that_is_not_predicted_yet_has_a_place_only(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "r", ABOUT)
    unanswered = replace(person(4), raw=None, probabilities=None, answered=None, views=0)
    writer.add(0, 0.0, BEGAN, [unanswered, person(5, Expression.SAD, quality=worth(0.4))], {})
    writer.close("stopped", 0)
    bare, whole = read_faces(tmp_path / "r")
    assert bare.box == (0, 60, 40, 40)
    measures = (bare.quality, bare.raw, bare.probabilities, bare.label, bare.valence, bare.views)
    assert measures == (None,) * 6
    assert (whole.label, whole.fault, whole.quality) == (Expression.SAD, Fault.SMALL, 0.4)
    assert whole.valence == pytest.approx(-0.65)


def test_nothing_is_written_before_a_flush_and_all_after_it(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "r", ABOUT)
    writer.add(0, 0.0, BEGAN, [person()], {})
    assert list(read_faces(tmp_path / "r")) == []
    writer.flush()
    assert len(list(read_faces(tmp_path / "r"))) == 1
    assert read_about(tmp_path / "r").ended is None
    writer.close("stopped", 7)
    assert read_about(tmp_path / "r") == replace(ABOUT, ended="stopped", frames_dropped=7)
    assert {p.name for p in (tmp_path / "r").iterdir()} == {FACES_FILE, MARKERS_FILE, ABOUT_FILE}


def test_markers_are_told_in_the_recordings_time(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "r", ABOUT)
    writer.mark(Marker(9.0, None, "early"))
    writer.add(0, 10.0, BEGAN, [], {})
    writer.mark(Marker(12.5, None, "joke", '"ha,\nha"'))
    writer.mark(Marker(9.0, 13.0, "=talk"))
    writer.close("stopped", 0)
    assert [tuple(row.values()) for row in marks(tmp_path / "r")] == [
        ("0.0000", "", "early", ""),
        ("2.5000", "", "joke", '"ha, ha"'),
        ("-1.0000", "3.0000", "'=talk", ""),
    ]


def test_a_folder_with_something_in_it_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for place in (tmp_path, tmp_path / "file"):
        with pytest.raises(RecordingError, match=r"not an empty folder\. Choose another name"):
            RecordingWriter(place, ABOUT)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]
    with pytest.raises(RecordingError, match=r"cannot be created: .*Choose another folder"):
        RecordingWriter(tmp_path / "file" / "r", ABOUT)


def test_of_many_that_begin_at_once_one_wins(tmp_path: Path) -> None:
    (tmp_path / "r").mkdir()
    writers: list[RecordingWriter] = []
    start = threading.Barrier(8)

    def begin() -> None:
        start.wait()
        with suppress(RecordingError):
            writers.append(RecordingWriter(tmp_path / "r", ABOUT))

    threads = [threading.Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (writer,) = writers
    writer.add(0, 0.0, BEGAN, [person()], {})
    writer.close("stopped", 0)
    assert len(list(read_faces(tmp_path / "r"))) == 1


def test_nothing_can_be_added_after_the_end(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "r", ABOUT)
    writer.close("stopped", 0)
    writer.close("again", 5)
    assert read_about(tmp_path / "r").ended == "stopped"
    with pytest.raises(RecordingError, match="has ended"):
        writer.add(0, 0.0, BEGAN, [], {})
    with pytest.raises(RecordingError, match="has ended"):
        writer.flush()
