"""From a frame to its faces and their expressions."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from ml.network.classifier import ExpressionClassifier, choose_device
from ml.network.weights_files import load_weights
from ml.vision.analysis import Analysis, Frame, TrackedFace
from ml.vision.detector import FaceDetector
from ml.vision.face_crop import face_picture
from ml.vision.tracker import Tracker
from resources import bundled_weights


class FaceAnalyzer:
    """Detects the faces of every frame, and predicts their expressions at an interval.

    Between two predictions a face keeps the last one, as in the original program's control loop.
    A new face is predicted at once.
    """

    def __init__(
        self, classifier: ExpressionClassifier, detector: FaceDetector, interval: float = 0.0
    ) -> None:
        self.classifier = classifier
        self.detector = detector
        self.interval = interval
        """Seconds of the source's time between two predictions; 0 predicts on every frame."""
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
        """An analyzer with the bundled weights, or those in the file ``weights``.

        ``device`` is auto, cpu, cuda:0 or mps. ``exact`` computes in float32 even where bfloat16 is
        faster, for the same numbers on every machine. Raises WeightsError for a file that cannot be
        used, ValueError for a device that is not available.
        """
        loaded = load_weights(weights or bundled_weights())
        classifier = ExpressionClassifier(loaded, choose_device(device), exact=exact)
        return cls(classifier, FaceDetector(), interval)

    def restart(self) -> None:
        """Forget the tracked faces, before another source."""
        self._tracker = Tracker()
        self._last_prediction = float("-inf")

    def analyze(self, frame: Frame) -> Analysis:
        """The faces of ``frame``, tracked from the frames before it, with their probabilities.

        Frames must be passed in the order of their times.
        """
        start = time.perf_counter()
        faces = self._tracker.update(self.detector.detect(frame.image), frame.time)
        due = frame.time - self._last_prediction >= self.interval
        pending = [face for face in faces if due or face.probabilities is None]
        if pending:
            predicted = iter(self._classify(frame, pending))
            faces = [next(predicted) if face in pending else face for face in faces]
        if due and faces:
            self._last_prediction = frame.time
        milliseconds = (time.perf_counter() - start) * 1000
        return Analysis(frame, tuple(faces), milliseconds)

    def _classify(self, frame: Frame, faces: list[TrackedFace]) -> list[TrackedFace]:
        pictures = np.stack([face_picture(frame.image, face.face) for face in faces])
        probabilities = self.classifier.probabilities(pictures).tolist()
        predicted = [
            replace(face, probabilities=tuple(values), answered=frame.time)
            for face, values in zip(faces, probabilities, strict=True)
        ]
        for face in predicted:
            self._tracker.remember(face)
        return predicted
