from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml.expressions import Expression
from ml.recording.corrected import Corrected
from ml.recording.corrections import Corrections, Excluded
from ml.recording.examples import examples
from ml.recording.faces import PictureFile
from ml.recording.recording import Recording, read_recording
from ml.recording.writer import RecordingWriter
from tests.ml.people.faces import person
from tests.ml.recording.made_recordings import ABOUT, BEGAN

Answer = tuple[Expression, float]
ANSWERS = st.tuples(st.sampled_from(Expression), st.floats(0.3, 0.99))


def recorded(folder: Path, answers: Sequence[Answer], step: float = 0.1) -> Recording:
    """Of person 1; person 2 is angry all the time."""
    writer = RecordingWriter(folder, ABOUT)
    for n, (expression, probability) in enumerate(answers):
        faces = [person(1, expression, probability), person(2, Expression.ANGRY, 0.5)]
        writer.add(n, n * step, BEGAN, faces, {})
    writer.close("stopped")
    return read_recording(folder)


def chosen(recording: Recording, track: int, **options: int) -> list[Answer]:
    """Of one person, by the most certain probabilities."""
    rows = examples(Corrected(recording, Corrections()), **options)
    rows = rows[recording.faces.person[rows] == track]
    labels = recording.faces.expressions(rows)
    probabilities = recording.faces.probabilities[rows, labels]
    return [(Expression(e), float(p)) for e, p in zip(labels, probabilities, strict=True)]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("recordings")


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answers=st.lists(ANSWERS, min_size=1, max_size=30))
def test_the_most_certain_face_of_each_episode(
    tmp_path_factory: pytest.TempPathFactory, answers: list[Answer]
) -> None:
    recording = recorded(tmp_path_factory.mktemp("r") / "r", answers)
    expected = [
        (expression, max(probability for _, probability in episode))
        for expression, episode in groupby(answers, key=lambda answer: answer[0])
    ]
    found = chosen(recording, 1)
    assert [expression for expression, _ in found] == [expression for expression, _ in expected]
    assert [p for _, p in found] == pytest.approx([p for _, p in expected], abs=1e-4)
    assert len(chosen(recording, 2)) == 1


@given(
    labels=st.lists(st.sampled_from(Expression), min_size=1, max_size=120),
    most=st.integers(14, 60),
)
@settings(max_examples=25)
def test_so_many_at_most_with_rare_expressions_whole(
    tmp_path_factory: pytest.TempPathFactory, labels: list[Expression], most: int
) -> None:
    recording = recorded(tmp_path_factory.mktemp("r") / "r", [(e, 0.7) for e in labels], 3.0)
    whole = Corrected(recording, Corrections())
    everything = recording.faces.expressions(examples(whole, 10_000))
    rows = examples(whole, most)
    kept = recording.faces.expressions(rows)
    assert np.all(np.diff(rows) > 0)
    assert len(rows) <= most
    before, after = np.bincount(everything, minlength=7), np.bincount(kept, minlength=7)
    assert set(everything) == set(kept)
    thinned = after < before
    if len(everything) <= most:
        assert not thinned.any()
    else:
        assert len(rows) > most - 7, "no more are left out than needed"
        assert len(set(after[thinned])) == 1
        assert after[~thinned].max(initial=0) <= after[thinned][0]


def test_thinning_is_even_over_time(tmp_path: Path) -> None:
    recording = recorded(tmp_path / "r", [(Expression.SAD, 0.7)] * 101, 3.0)
    rows = examples(Corrected(recording, Corrections()), 22)
    sad = rows[recording.faces.person[rows] == 1]
    times = recording.faces.time[sad]
    assert times[0] == 0
    assert times[-1] == pytest.approx(300)
    assert np.allclose(np.diff(times), 30, atol=3.01)


def test_a_long_episode_has_a_face_for_each_minute(tmp_path: Path) -> None:
    recording = recorded(tmp_path / "r", [(Expression.SAD, 0.7)] * 360, 0.5)
    assert len(chosen(recording, 1)) == 3


def test_one_who_comes_back_begins_another_episode(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "r", ABOUT)
    for time in (0.0, 0.5, 1.0, 20.0, 20.5):
        writer.add(int(2 * time), time, BEGAN, [person(1)], {})
    writer.close("stopped")
    assert len(chosen(read_recording(tmp_path / "r"), 1)) == 2


def test_corrections_apply(tmp_path: Path) -> None:
    happy = [(Expression.HAPPY, 0.9)] * 10
    recording = recorded(tmp_path / "r", [*happy, *[(Expression.SAD, 0.8)] * 10])
    excluded = Corrections(excluded=(Excluded(0.95, 9.0, 1),))
    corrected = Corrected(recording, excluded)
    rows = examples(corrected)
    assert recording.faces.expressions(rows).tolist() == [Expression.HAPPY, Expression.ANGRY]
    merged = Corrected(recording, Corrections(merged={2: 1}))
    assert set(merged.person[examples(merged)]) == {1}


def test_all_faces_of_pictures(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "r", replace(ABOUT, video=None), of_pictures=True)
    for n in range(4):
        faces = [person(track, Expression.SAD, 0.5) for track in range(1, n + 1)]
        writer.add(n, float(n), 0.0, faces, {}, file=PictureFile(f"{n}.jpg", "", 0, 640, 480))
    writer.close("stopped")
    recording = read_recording(tmp_path / "r")
    rows = examples(Corrected(recording, Corrections()), 2)
    assert recording.faces.frame[rows].tolist() == [1, 2, 2, 3, 3, 3]
    assert recording.faces.person[rows].tolist() == [1, 1, 2, 1, 2, 3]


def test_a_recording_without_faces(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "r", ABOUT)
    writer.add(0, 0.0, BEGAN, [], {})
    writer.close("stopped")
    assert len(examples(Corrected(read_recording(tmp_path / "r"), Corrections()))) == 0
