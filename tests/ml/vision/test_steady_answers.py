"""Smoothing and neutral baseline in the analyzer: raw predictions stay beside what is shown."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from ml.expressions import Expression
from ml.vision.analysis import AnalysisOptions, Face, Frame, TrackedFace
from ml.vision.analyzer import FaceAnalyzer
from ml.vision.smoothing import smoothed
from tests.ml.people.faces import prediction

HAPPY, SAD = prediction(Expression.HAPPY), prediction(Expression.SAD)


class _Classifier:
    """Predicts what the test tells it to, for each face from left to right."""

    def __init__(self) -> None:
        self.answers: list[tuple[float, ...]] = [HAPPY]
        self.asked = 0

    def probabilities(self, pictures: npt.NDArray[np.uint8], views: int) -> npt.NDArray[np.float32]:
        self.asked += 1
        return np.array(self.answers[: len(pictures) // views], np.float32)


class _Detector:
    faces = 1

    def detect(self, _: npt.NDArray[np.uint8]) -> list[Face]:
        return [
            Face(
                x, 100, 80, 100, 0.9, ((x + 20, 130), (x + 60, 130), (x + 40, 150)) + ((x, 0),) * 2
            )
            for x in (100.0, 400.0)[: self.faces]
        ]


class _Scene:
    def __init__(self, **options: float) -> None:
        self.classifier, self.detector = _Classifier(), _Detector()
        classifier: Any = self.classifier
        detector: Any = self.detector
        self.analyzer = FaceAnalyzer(classifier, detector, **options)  # type: ignore[arg-type]

    def see(self, time: float, *answers: tuple[float, ...]) -> tuple[TrackedFace, ...]:
        self.classifier.answers = list(answers)
        self.detector.faces = len(answers)
        frame = Frame(np.zeros((400, 1000, 3), np.uint8), 0, time)
        return self.analyzer.analyze(frame).faces


def test_answers_are_smoothed_per_person_and_the_raw_ones_stay() -> None:
    scene = _Scene(smoothing=1.0)
    assert [face.probabilities for face in scene.see(0, HAPPY, SAD)] == [
        pytest.approx(HAPPY),
        pytest.approx(SAD),
    ]
    left, right = scene.see(0.25, SAD, SAD)
    assert left.raw == pytest.approx(SAD)
    assert left.probabilities == pytest.approx(smoothed(HAPPY, SAD, 0.25, 1.0))
    assert left.expression is Expression.HAPPY, "the label is the smoothed winner"
    assert right.probabilities == pytest.approx(SAD)
    times = (0.5, 0.65, 0.9, 1.3)
    labels = [scene.see(time, SAD, SAD)[0].expression for time in times]
    assert labels == [Expression.HAPPY, Expression.HAPPY, Expression.SAD, Expression.SAD]


def test_a_flicker_does_not_change_the_label() -> None:
    scene = _Scene(smoothing=0.5)
    answers = ([HAPPY] * 6 + [SAD]) * 5
    labels = {scene.see(n / 30, answer)[0].expression for n, answer in enumerate(answers)}
    assert labels == {Expression.HAPPY}


def test_without_smoothing_both_are_the_same() -> None:
    scene = _Scene()
    scene.see(0, HAPPY)
    (face,) = scene.see(0.1, SAD)
    assert face.probabilities == face.raw == pytest.approx(SAD)


def test_turning_smoothing_off_shows_at_once_whatever_the_interval() -> None:
    scene = _Scene(smoothing=1.0)
    scene.see(0, HAPPY)
    scene.see(0.1, SAD)
    scene.analyzer.configure(AnalysisOptions(interval=60))
    asked = scene.classifier.asked
    (face,) = scene.see(0.2, HAPPY)
    assert scene.classifier.asked == asked
    assert face.probabilities == pytest.approx(SAD)


def test_somebody_who_comes_back_after_a_second_is_not_drawn_towards_the_past() -> None:
    scene = _Scene(smoothing=0.2)
    scene.see(0, HAPPY)
    scene.see(0.5)
    (face,) = scene.see(1.0, SAD)
    assert face.track == 1
    assert face.probabilities == pytest.approx(SAD, abs=0.01)


def _calibrated(scene: _Scene) -> TrackedFace:
    scene.see(0, SAD, HAPPY)
    scene.analyzer.take_baseline(1)
    for n in range(1, 40):
        face = scene.see(n / 10, SAD, HAPPY)[0]
    return face


def test_a_baseline_corrects_one_person() -> None:
    scene = _Scene()
    face = _calibrated(scene)
    assert face.baseline == 1
    assert face.raw == pytest.approx(SAD)
    assert face.probabilities is not None
    assert face.probabilities[Expression.SAD] < SAD[Expression.SAD]
    other = scene.see(4.0, SAD, SAD)[1]
    assert other.baseline is None
    assert other.probabilities == pytest.approx(SAD)


def test_while_it_is_measured_every_frame_is_predicted_and_progress_told() -> None:
    scene = _Scene(interval=60)
    scene.see(0, SAD)
    scene.analyzer.take_baseline(1)
    done = [scene.see(n / 10, SAD)[0].baseline for n in range(1, 35)]
    assert done == sorted(done)  # type: ignore[type-var]
    assert done[-1] == 1
    assert done.count(1) == 4
    assert scene.classifier.asked == 32  # then at the interval again


def test_the_first_corrected_answer_is_not_drawn_towards_uncorrected_ones() -> None:
    scene = _Scene(smoothing=5.0)
    face = _calibrated(scene)
    plain = _calibrated(_Scene())
    assert face.probabilities == pytest.approx(plain.probabilities, abs=0.01)


def test_it_is_dropped_at_once_whatever_the_interval() -> None:
    scene = _Scene(interval=60)
    assert _calibrated(scene).probabilities != pytest.approx(SAD)
    scene.analyzer.drop_baseline(1)
    (face, _) = scene.see(4.0, SAD, HAPPY)
    assert face.probabilities == pytest.approx(SAD)
    assert face.baseline is None


def test_other_weights_and_other_sources_forget_it() -> None:
    scene = _Scene()
    _calibrated(scene)
    scene.analyzer.use(scene.analyzer.classifier)
    (face, _) = scene.see(4.0, SAD, HAPPY)
    assert (face.baseline, face.probabilities) == (None, pytest.approx(SAD))

    _calibrated(scene)
    scene.analyzer.restart()
    (face, _) = scene.see(0.0, SAD, HAPPY)
    assert (face.track, face.baseline) == (1, None)


def test_a_baseline_of_somebody_who_left_harms_nobody() -> None:
    scene = _Scene()
    scene.analyzer.take_baseline(99)
    scene.analyzer.drop_baseline(98)
    assert scene.see(0, SAD)[0].baseline is None
