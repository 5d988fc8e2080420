from __future__ import annotations

import csv
import tempfile
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.expressions import Expression
from ml.recording.about import ABOUT_FILE, read_about
from ml.recording.cells import one_line
from ml.recording.columns import FACES_FILE, MARKERS_FILE
from ml.recording.errors import RecordingError
from ml.recording.faces import NOBODY, NONE
from ml.recording.marker import Marker
from ml.recording.recording import read_recording
from ml.recording.writer import RecordingWriter
from ml.vision.analysis import Face, Fault, Quality, TrackedFace
from tests.ml.people.faces import person, worth
from tests.ml.recording.made_recordings import ABOUT, BEGAN

_PIXELS = st.floats(-1e6, 1e6) | st.just(float("nan"))
_SHARES = st.floats(0, 1) | st.just(float("nan"))
_POINTS = st.tuples(*[st.tuples(_PIXELS, _PIXELS)] * 5)
_ANSWERS = st.none() | st.tuples(*[st.floats(0, 1)] * 7)
_QUALITIES = st.none() | st.builds(
    Quality,
    _SHARES,
    st.none() | st.sampled_from(Fault),
    **dict.fromkeys(("height", "light", "tones", "sharpness", "turn", "cut_off"), st.just(0.0)),
)
_FACES = st.builds(
    TrackedFace,
    st.integers(1, 10**6),
    st.builds(Face, *[_PIXELS] * 4, _SHARES, _POINTS),
    raw=_ANSWERS,
    probabilities=_ANSWERS,
    answered=st.none() | st.floats(0.1, 1e6),
    views=st.integers(1, 3),
    quality=_QUALITIES,
)


def same(found: npt.ArrayLike, seen: npt.ArrayLike | None, decimals: int) -> bool:
    """Whether ``found`` is what is kept of ``seen``: all to their decimals, or nothing."""
    if seen is None or not np.isfinite(seen).all():
        return bool(np.isnan(found).all())
    return bool(np.allclose(found, seen, rtol=1e-7, atol=0.51 * 10**-decimals))


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
        faces = read_recording(folder).faces
    assert (faces.time[0], faces.frame[0], faces.person[0]) == (0, 3, NOBODY)
    assert faces.wall_time[0] == BEGAN
    assert len(faces) == 1 + max(len(seen), 1)
    assert set(faces.frame[1:]) == {index}
    assert faces.time[1:] == pytest.approx(time, abs=1e-4)
    assert faces.wall_time[1:] == pytest.approx(BEGAN + time, abs=0.0011)
    kept = {track: one_line(name) for track, name in names.items()}
    assert faces.names == {track: name for track, name in kept.items() if name}
    for n, (tracked, _) in enumerate(seen, 1):
        face, quality = tracked.face, tracked.quality
        assert faces.person[n] == tracked.track
        assert same(faces.box[n], (face.x, face.y, face.width, face.height), 1)
        assert same(faces.landmarks[n], face.landmarks, 1)
        assert same(faces.score[n], face.score, 4)
        assert same(faces.quality[n], quality and quality.value, 3)
        fault = quality.fault if quality else None
        assert faces.fault[n] == (NONE if fault is None else fault.value)
        assert same(faces.raw[n], tracked.raw, 4)
        assert same(faces.probabilities[n], tracked.probabilities, 4)
        expression = tracked.expression
        assert faces.label[n] == (NONE if expression is None else expression)
        assert np.isnan(faces.valence[n]) == (tracked.probabilities is None)
        assert faces.views[n] == (tracked.views if tracked.probabilities else 0)
        assert same(faces.predicted[n], tracked.answered and tracked.answered - 2, 4)


def test_a_held_prediction_differs_from_a_fresh_one(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "r", ABOUT)
    for n in range(20):
        time = 7.1 + n / 29.97
        answered = time if n % 3 == 0 else time - 1 / 29.97
        writer.add(n, time, 0.0, [replace(person(1), answered=answered)], {})
    writer.close("stopped", 0)
    faces = read_recording(tmp_path / "r").faces
    assert (faces.predicted == faces.time).tolist() == [n % 3 == 0 for n in range(20)]
    assert np.isnan(faces.wall_time).all()


def test_a_face_that_is_not_predicted_yet_has_a_place_only(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "r", ABOUT)
    unanswered = replace(person(4), raw=None, probabilities=None, answered=None, views=0)
    writer.add(0, 0.0, BEGAN, [unanswered, person(5, Expression.SAD, quality=worth(0.4))], {})
    writer.close("stopped", 0)
    faces = read_recording(tmp_path / "r").faces
    assert faces.box[0].tolist() == [0, 60, 40, 40]
    for measure in (faces.quality, faces.raw, faces.probabilities, faces.valence, faces.predicted):
        assert np.isnan(measure[0]).all()
    assert (faces.label[0], faces.fault[0], faces.views[0]) == (NONE, NONE, 0)
    assert (faces.label[1], faces.fault[1]) == (Expression.SAD, Fault.SMALL.value)
    assert faces.quality[1] == pytest.approx(0.4)
    assert faces.valence[1] == pytest.approx(-0.65)


def test_nothing_is_written_before_a_flush_and_all_after_it(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "r", ABOUT)
    writer.add(0, 0.0, BEGAN, [person(1)], {})
    assert len(read_recording(tmp_path / "r").faces) == 0
    writer.flush()
    assert len(read_recording(tmp_path / "r").faces) == 1
    assert read_about(tmp_path / "r").ended is None
    writer.close("stopped", 7)
    assert read_about(tmp_path / "r") == replace(
        ABOUT, video=None, ended="stopped", frames_dropped=7, seconds=0.0, people=1
    )
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
    writer.add(0, 0.0, BEGAN, [person(1)], {})
    writer.close("stopped", 0)
    assert len(read_recording(tmp_path / "r").faces) == 1


def test_nothing_can_be_added_after_the_end(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "r", ABOUT)
    writer.close("stopped", 0)
    writer.close("again", 5)
    assert read_about(tmp_path / "r").ended == "stopped"
    with pytest.raises(RecordingError, match="has ended"):
        writer.add(0, 0.0, BEGAN, [], {})
    with pytest.raises(RecordingError, match="has ended"):
        writer.flush()
