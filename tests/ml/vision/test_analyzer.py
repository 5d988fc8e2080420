from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from ml.expressions import Expression
from ml.network.classifier import ExpressionClassifier
from ml.network.weights_files import load_weights
from ml.vision.analysis import AUTOMATIC_VIEWS, Analysis, Face, Frame, Turn
from ml.vision.analyzer import FaceAnalyzer
from ml.vision.detector import FaceDetector
from ml.vision.sources.turned import turned
from resources import bundled_weights


class _Classifier:
    """Answers with the number of the question, so that a test sees which answer a face has."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def probabilities(self, pictures: npt.NDArray[np.uint8], views: int) -> npt.NDArray[np.float32]:
        assert pictures.shape[1:] == (48, 48)
        self.asked.append(len(pictures))
        answer = np.zeros((len(pictures) // views, 7), np.float32)
        answer[:, 0] = len(self.asked)
        answer[:, 1] = np.arange(len(answer))
        return answer


class _Detector:
    def __init__(self) -> None:
        self.faces: list[Face] = []

    def detect(self, _: npt.NDArray[np.uint8]) -> list[Face]:
        return self.faces


class _Scene:
    """An analyzer of frames in which faces stand where the test puts them."""

    def __init__(self, interval: float) -> None:
        self.classifier, self.detector = _Classifier(), _Detector()
        classifier: Any = self.classifier
        detector: Any = self.detector
        self.analyzer = FaceAnalyzer(classifier, detector, interval)
        self.frames = 0

    def see(self, time: float, *places: float) -> Analysis:
        self.detector.faces = [
            Face(
                x, 100, 80, 100, 0.9, ((x + 20, 130), (x + 60, 130), (x + 40, 150)) + ((x, 0),) * 2
            )
            for x in places
        ]
        frame = Frame(np.zeros((400, 1000, 3), np.uint8), self.frames, time)
        self.frames += 1
        analysis = self.analyzer.analyze(frame)
        assert analysis.frame is frame
        return analysis

    def answer(self, time: float, *places: float) -> list[float]:
        """The number of the question each face was last answered in."""
        faces = self.see(time, *places).faces
        return [face.probabilities[0] if face.probabilities else 0 for face in faces]


def test_answers_stay_until_the_next() -> None:
    scene = _Scene(interval=2)
    answers = [scene.answer(10 + n / 4, 100 + n) for n in range(17)]
    assert answers == [[1]] * 8 + [[2]] * 8 + [[3]]
    assert scene.classifier.asked == [1, 1, 1]


def test_boxes_follow_between_answers() -> None:
    scene = _Scene(interval=2)
    scene.see(0, 100)
    assert scene.see(0.5, 130).faces[0].face.x == 130


def test_interval_zero_asks_on_every_frame() -> None:
    scene = _Scene(interval=0)
    assert [scene.answer(n / 30, 100)[0] for n in range(5)] == [1, 2, 3, 4, 5]


def test_time_is_the_sources() -> None:
    """A video analysed faster or slower than it plays is asked about at the same pictures."""
    scene = _Scene(interval=2)
    for n in range(91):
        scene.see(n / 10, 100)
    assert len(scene.classifier.asked) == 5


def test_new_faces_are_asked_about_at_once() -> None:
    scene = _Scene(interval=2)
    assert scene.answer(0.0, 100) == [1]
    assert scene.answer(0.5, 100, 600) == [1, 2]
    assert scene.answer(1.0, 100, 600) == [1, 2]
    assert scene.answer(2.0, 100, 600) == [3, 3]
    assert scene.classifier.asked == [1, 1, 2]


def test_each_face_gets_its_own_answer() -> None:
    scene = _Scene(interval=0)
    faces = scene.see(0, 100, 400, 700).faces
    assert [face.probabilities and face.probabilities[1] for face in faces] == [0, 1, 2]
    assert [face.face.x for face in faces] == [100, 400, 700]


def test_no_faces_ask_nothing() -> None:
    scene = _Scene(interval=2)
    assert scene.see(0).faces == ()
    assert scene.classifier.asked == []
    assert scene.answer(0.5, 100) == [1]
    assert [scene.answer(t, 100) for t in (1.0, 1.5, 2.0, 2.5)] == [[1], [1], [1], [2]]


def test_a_face_lost_for_a_moment_keeps_its_answer() -> None:
    scene = _Scene(interval=10)
    scene.see(0, 100)
    scene.see(0.3)
    assert scene.answer(0.6, 100) == [1]


def test_restart_forgets() -> None:
    scene = _Scene(interval=2)
    (before,) = scene.see(100, 100).faces
    scene.analyzer.restart()
    (after,) = scene.see(0, 100).faces
    assert after.probabilities
    assert after.probabilities[0] == 2
    assert after.velocity == (0, 0)
    assert before.track == after.track == 1, "tracks count from 1 in every source"


def test_another_interval_counts_at_once() -> None:
    scene = _Scene(interval=100)
    scene.see(0, 100)
    scene.analyzer.interval = 0.5
    assert scene.answer(0.6, 100) == [2]


def test_real_face(portrait: npt.NDArray[np.uint8]) -> None:
    classifier = ExpressionClassifier(load_weights(bundled_weights()), "cpu")
    analyzer = FaceAnalyzer(classifier, FaceDetector())

    analysis = analyzer.analyze(Frame(portrait, 0, 0.0))

    (face,) = analysis.faces
    assert face.expression is Expression.HAPPY  # she smiles
    assert face.confidence == max(face.probabilities or ())
    assert sum(face.probabilities or ()) == pytest.approx(1, abs=1e-5)
    assert analysis.milliseconds > 0


def test_a_face_not_asked_about_has_no_expression() -> None:
    scene = _Scene(interval=0)
    (face,) = scene.see(0, 100).faces
    unknown = replace(face, probabilities=None)
    assert unknown.expression is None
    assert unknown.confidence == 0


def test_automatic_views_are_as_many_as_there_is_time_for() -> None:
    scene = _Scene(interval=0)
    scene.analyzer.views = AUTOMATIC_VIEWS
    scene.analyzer._seconds_per_picture = 0.001  # as measured before
    (face,) = scene.see(0, 100).faces
    assert (face.views, scene.classifier.asked[-1]) == (3, 3)
    scene.analyzer._seconds_per_picture = 1.0
    (face,) = scene.see(1, 100).faces
    assert (face.views, scene.classifier.asked[-1]) == (1, 1)
    scene.analyzer.interval = 10.0  # there is time until the next one
    scene.analyzer._seconds_per_picture = 1.0
    (face,) = scene.see(20, 100).faces
    assert face.views == 3


def test_a_missed_frame_tells_that_there_is_no_time_for_more_views() -> None:
    scene = _Scene(interval=0)
    scene.analyzer.views = AUTOMATIC_VIEWS
    scene.frames = 7  # the first ones went by while the network was loaded
    views = []
    for n in range(400):
        if n == 90:
            scene.frames += 1
        views.append(scene.see(n / 30, 100).faces[0].views)
    assert views == [3] * 90 + [1] * 150 + [3] * 160
    scene.analyzer.interval = 1.0
    scene.frames += 20
    assert scene.see(20, 100).faces[0].views == 3, "there is a second for it"


@pytest.mark.parametrize("views", [1, 3])
def test_views_that_are_chosen_stay(views: int) -> None:
    scene = _Scene(interval=0)
    scene.analyzer.views = views
    scene.analyzer._seconds_per_picture = 1.0 if views == 3 else 0.0
    (face,) = scene.see(0, 100).faces
    assert (face.views, scene.classifier.asked) == (views, [views])


def test_other_weights_ask_anew_and_keep_the_tracks() -> None:
    scene = _Scene(interval=100)
    (before,) = scene.see(0, 100).faces
    scene.analyzer.use(scene.classifier)
    (after,) = scene.see(0.1, 100).faces
    assert after.track == before.track
    assert after.answered == 0.1


def test_the_mean_over_views_is_that_of_logarithms() -> None:
    classifier = ExpressionClassifier(load_weights(bundled_weights()), "cpu", exact=True)
    pictures = np.random.default_rng(0).integers(0, 256, (6, 48, 48), dtype=np.uint8)
    single = np.log(classifier.probabilities(pictures).astype(float)).reshape(2, 3, 7).mean(1)
    expected = np.exp(single) / np.exp(single).sum(1, keepdims=True)
    np.testing.assert_allclose(classifier.probabilities(pictures, 3), expected, rtol=1e-4)


def test_two_hundred_faces_some_of_them_over_the_edge() -> None:
    classifier = ExpressionClassifier(load_weights(bundled_weights()), "cpu")
    detector: Any = _Detector()
    analyzer = FaceAnalyzer(classifier, detector, views=3)
    random = np.random.default_rng(0)
    frame = random.integers(0, 256, (480, 640, 3), dtype=np.uint8)
    detector.faces = [
        Face(x, y, 40.0, 50.0, 0.9, ((x + 10, y + 15), (x + 30, y + 15)) + ((x, y),) * 3)
        for x, y in random.uniform((-40, -50), (640, 480), (200, 2)).tolist()
    ]
    faces = analyzer.analyze(Frame(frame, 0, 0.0)).faces
    assert len(faces) == 200
    assert all(sum(face.probabilities or ()) == pytest.approx(1, abs=1e-4) for face in faces)


def test_a_source_that_changes_its_resolution_keeps_its_people(
    portrait: npt.NDArray[np.uint8],
) -> None:
    analyzer = FaceAnalyzer.load(exact=True)
    tracks = []
    for n, side in enumerate((512, 512, 256, 256, 768, 512)):
        picture = cv2.resize(portrait, (side, side), interpolation=cv2.INTER_AREA)
        (face,) = analyzer.analyze(Frame(picture, n, n / 10)).faces
        tracks.append(face.track)
    assert tracks == [1] * 6


def test_frames_that_are_turned_keep_their_people_and_are_predicted_anew(
    portrait: npt.NDArray[np.uint8],
) -> None:
    analyzer = FaceAnalyzer.load(exact=True, interval=100)
    wide = np.ascontiguousarray(portrait[:300])
    for n, turn in enumerate((Turn.NONE, Turn.OVER, Turn.LEFT, Turn.LEFT, Turn.NONE)):
        frame = Frame(turned(wide, turn), n, n / 10, turn=turn)
        (face,) = analyzer.analyze(frame).faces
        assert face.track == 1
        assert face.answered == (0.2 if n == 3 else n / 10)
    assert face.expression is Expression.HAPPY


def test_a_picture_of_48_million_pixels(portrait: npt.NDArray[np.uint8]) -> None:
    picture = np.full((6000, 8000, 3), 90, np.uint8)
    picture[2000:5000, 3000:6000] = cv2.resize(portrait, (3000, 3000))
    analyzer = FaceAnalyzer.load(exact=True)
    (face,) = analyzer.analyze(Frame(picture, 0, 0.0)).faces
    assert face.expression is Expression.HAPPY
    assert 3000 < face.face.x < 6000
