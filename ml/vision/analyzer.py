"""From a frame to its faces and their expressions."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from ml.network.classifier import ExpressionClassifier
from ml.network.devices import choose_device
from ml.network.weights_files import load_weights
from ml.vision.analysis import Analysis, Frame, TrackedFace
from ml.vision.detector import FaceDetector
from ml.vision.face_crop import face_picture
from ml.vision.tracker import Tracker
from resources import bundled_weights


class FaceAnalyzer:
    """Finds the faces of every frame; asks the network about them at an interval.

    Between two answers a face keeps the last one, as in the original program's control loop. A
    face that has just come into view is asked about at once.
    """

    def __init__(
        self, classifier: ExpressionClassifier, detector: FaceDetector, interval: float = 0.0
    ) -> None:
        self.classifier = classifier
        self.detector = detector
        self.interval = interval
        """Seconds of the source's time between two answers; 0 asks on every frame."""
        self.restart()

    @classmethod
    def load(
        cls,
        weights: Path | None = None,
        *,
        device: str = "auto",
        interval: float = 0.0,
        exact: bool = False,
    ) -> FaceAnalyzer:
        """With the bundled weights, or those in the file ``weights``.

        ``device`` is auto, cpu, cuda:0 or mps. ``exact`` computes in float32 also where bfloat16 is
        faster, for the same figures on every machine. Raises WeightsError for a file that cannot be
        used, ValueError for a device that is not there.
        """
        loaded = load_weights(weights or bundled_weights())
        classifier = ExpressionClassifier(loaded, choose_device(device), exact=exact)
        return cls(classifier, FaceDetector(exact=exact), interval)

    def use(self, classifier: ExpressionClassifier) -> None:
        """Predict with ``classifier`` from the next frame on; faces keep their tracks."""
        self.classifier = classifier
        self._tracker.forget_answers()
        self._last_answer = float("-inf")

    def restart(self) -> None:
        """Forget the faces seen so far: another source begins."""
        self._tracker = Tracker()
        self._last_answer = float("-inf")

    def analyze(self, frame: Frame) -> Analysis:
        """The faces of ``frame``, followed from the frames before it, and their probabilities.

        Frames come in the order of their times.
        """
        start = time.perf_counter()
        faces = self._tracker.update(self.detector.detect(frame.image), frame.time)
        due = frame.time - self._last_answer >= self.interval
        asked = [face for face in faces if due or face.probabilities is None]
        if asked:
            answers = iter(self._classify(frame, asked))
            faces = [next(answers) if face in asked else face for face in faces]
        if due and faces:
            self._last_answer = frame.time
        milliseconds = (time.perf_counter() - start) * 1000
        return Analysis(frame, tuple(faces), milliseconds)

    def _classify(self, frame: Frame, faces: list[TrackedFace]) -> list[TrackedFace]:
        pictures = np.stack([face_picture(frame.image, face.face) for face in faces])
        probabilities = self.classifier.probabilities(pictures).tolist()
        answered = [
            replace(face, probabilities=tuple(values), answered=frame.time)
            for face, values in zip(faces, probabilities, strict=True)
        ]
        for face in answered:
            self._tracker.remember(face)
        return answered
