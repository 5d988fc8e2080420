"""From a frame to its faces and their expressions."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from ml.network.classifier import ExpressionClassifier
from ml.network.devices import choose_device
from ml.network.weights_files import load_weights
from ml.vision.analysis import (
    AUTOMATIC_VIEWS,
    Analysis,
    AnalysisOptions,
    Frame,
    TrackedFace,
)
from ml.vision.detector import FaceDetector
from ml.vision.face_crop import VIEWS, face_pictures
from ml.vision.tracker import Tracker
from resources import bundled_weights

_FRAME: Final = 1 / 30
"""Seconds in which a frame of a usual camera should be analysed."""


class FaceAnalyzer:
    """Detects the faces of every frame, and predicts their expressions at an interval.

    Between two predictions a face keeps the last one, as in the original program's control loop.
    A new face is predicted at once.
    """

    def __init__(
        self,
        classifier: ExpressionClassifier,
        detector: FaceDetector,
        interval: float = 0.0,
        views: int = 1,
    ) -> None:
        self.classifier = classifier
        self.detector = detector
        self.interval = interval
        """As ``AnalysisOptions.interval``; ``views`` likewise."""
        self.views = views
        self._seconds_per_picture = 0.0
        """Smoothed; what a crop and its classification take."""
        self.restart()

    @classmethod
    def load(
        cls,
        weights: Path | None = None,
        *,
        device: str = "auto",
        interval: float = 0.0,
        views: int = AUTOMATIC_VIEWS,
        exact: bool = False,
    ) -> FaceAnalyzer:
        """An analyzer with the bundled weights, or those in the file ``weights``.

        ``device`` is auto, cpu, cuda:0 or mps. ``exact`` computes in float32 even where bfloat16 is
        faster, for the same numbers on every machine. Raises WeightsError for a file that cannot be
        used, ValueError for a device that is not available.
        """
        loaded = load_weights(weights or bundled_weights())
        classifier = ExpressionClassifier(loaded, choose_device(device), exact=exact)
        return cls(classifier, FaceDetector(exact=exact), interval, views)

    def configure(self, options: AnalysisOptions) -> None:
        """From the next frame on."""
        self.detector.options = options.detection
        self.interval = options.interval
        self.views = options.views

    def use(self, classifier: ExpressionClassifier) -> None:
        """Predict with ``classifier`` from the next frame on; faces keep their tracks."""
        self.classifier = classifier
        self._tracker.forget_answers()
        self._last_prediction = float("-inf")

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
        asked = [face for face in faces if due or face.probabilities is None]
        if asked:
            answers = iter(self._classify(frame, asked, start))
            faces = [next(answers) if face in asked else face for face in faces]
        if due and faces:
            self._last_prediction = frame.time
        milliseconds = (time.perf_counter() - start) * 1000
        return Analysis(frame, tuple(faces), milliseconds)

    def _classify(self, frame: Frame, faces: list[TrackedFace], start: float) -> list[TrackedFace]:
        """``start`` is when the analysis of the frame began."""
        begun = time.perf_counter()
        views = self.views or self._views_in_time(len(faces), begun - start)
        pictures = np.concatenate([face_pictures(frame.image, f.face, views) for f in faces])
        probabilities = self.classifier.probabilities(pictures, views).tolist()
        taken = (time.perf_counter() - begun) / len(pictures)
        self._seconds_per_picture += 0.2 * (taken - self._seconds_per_picture)
        answered = [
            replace(face, probabilities=tuple(values), answered=frame.time, views=views)
            for face, values in zip(faces, probabilities, strict=True)
        ]
        for face in answered:
            self._tracker.remember(face)
        return answered

    def _views_in_time(self, faces: int, elapsed: float) -> int:
        """The most views for which there is time after ``elapsed`` seconds of this frame."""
        left = max(self.interval, _FRAME) - elapsed
        views = (n for n in sorted(VIEWS, reverse=True))
        return next((n for n in views if n * faces * self._seconds_per_picture <= left), 1)
