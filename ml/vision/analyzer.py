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
    Turn,
)
from ml.vision.baseline import Baseline
from ml.vision.detector import FaceDetector
from ml.vision.face_crop import VIEWS, face_pictures
from ml.vision.quality import quality
from ml.vision.smoothing import Probabilities, smoothed
from ml.vision.tracker import Tracker
from resources import bundled_weights

_FRAME: Final = 1 / 30
"""Seconds in which a frame of a usual camera should be analysed."""
_BUSY: Final = 5.0
"""Seconds after a missed frame in which there is no time for more than one view."""


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
        smoothing: float = 0.0,
    ) -> None:
        self.classifier = classifier
        self.detector = detector
        self.interval = interval
        """As ``AnalysisOptions.interval``; ``views`` and ``smoothing`` likewise."""
        self.views = views
        self.smoothing = smoothing
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
        smoothing: float = 0.0,
        exact: bool = False,
    ) -> FaceAnalyzer:
        """An analyzer with the bundled weights, or those in the file ``weights``.

        ``device`` is auto, cpu, cuda:0 or mps. ``exact`` computes in float32 even where bfloat16 is
        faster, for the same numbers on every machine. Raises WeightsError for a file that cannot be
        used, ValueError for a device that is not available.
        """
        loaded = load_weights(weights or bundled_weights())
        classifier = ExpressionClassifier(loaded, choose_device(device), exact=exact)
        return cls(classifier, FaceDetector(exact=exact), interval, views, smoothing)

    def configure(self, options: AnalysisOptions) -> None:
        """From the next frame on."""
        self.detector.options = options.detection
        self.interval = options.interval
        self.views = options.views
        if options.smoothing != self.smoothing:
            self.smoothing = options.smoothing
            self._tracker.change(self._unsmoothed)

    def use(self, classifier: ExpressionClassifier) -> None:
        """Predict with ``classifier`` from the next frame on; faces keep their tracks.

        Neutral baselines are forgotten: they are the other network's.
        """
        self.classifier = classifier
        self._baselines.clear()
        self._tracker.change(_unanswered)
        self._last_prediction = float("-inf")

    def restart(self) -> None:
        """Forget the tracked faces, before another source."""
        self._tracker = Tracker()
        self._size: tuple[int, int] | None = None
        """Width and height of the last frame, in pixels."""
        self._turn = Turn.NONE
        """Of the last frame."""
        self._next_index = 0
        """Of the frame that follows the last; 0 before the first."""
        self._missed = float("-inf")
        """Time of the newest frame before which one was missed, as an analysis took too long."""
        self._baselines: dict[int, Baseline] = {}
        self._last_prediction = float("-inf")

    def forget_people(self) -> None:
        """Nobody in the next frame is who was seen before; track ids go on."""
        self._tracker.forget()
        self._baselines.clear()

    def take_baseline(self, track: int) -> None:
        """Measure a person's neutral baseline from the next frame on, then correct by it."""
        self._baselines[track] = Baseline()
        self._tracker.change(self._unsmoothed)

    def drop_baseline(self, track: int) -> None:
        """Correct a person's predictions no longer."""
        self._baselines.pop(track, None)
        self._tracker.change(self._unsmoothed)

    def analyze(self, frame: Frame) -> Analysis:
        """The faces of ``frame``, tracked from the frames before it, with their probabilities.

        Frames must be passed in the order of their times. When ``Frame.turn`` changes, faces keep
        their tracks, but not their predictions and neutral baselines: the network sees them anew.
        """
        start = time.perf_counter()
        self._fit_to(frame)
        if self._next_index and frame.index > self._next_index:
            self._missed = frame.time
        self._next_index = frame.index + 1
        faces = self._tracker.update(self.detector.detect(frame.image), frame.time)
        due = frame.time - self._last_prediction >= self.interval
        asked = [face for face in faces if due or self._is_wanted(face)]
        if asked:
            answered = {face.track: face for face in self._classify(frame, asked, start)}
            faces = [answered.get(face.track, face) for face in faces]
        if due and faces:
            self._last_prediction = frame.time
        milliseconds = (time.perf_counter() - start) * 1000
        return Analysis(frame, tuple(faces), milliseconds)

    def _fit_to(self, frame: Frame) -> None:
        """Take the known faces to where they are in frames that are sized or turned as this one."""
        height, width = frame.image.shape[:2]
        if self._size is not None:
            if frame.turn is not self._turn:
                quarters = (frame.turn - self._turn) // Turn.RIGHT % 4
                self._size = self._tracker.turn(quarters, self._size)
                self._tracker.change(_unanswered)
                self._baselines.clear()
            if self._size != (width, height):
                self._tracker.rescale(width / self._size[0], height / self._size[1])
        self._size, self._turn = (width, height), frame.turn

    def _classify(self, frame: Frame, faces: list[TrackedFace], start: float) -> list[TrackedFace]:
        """``start`` is when the analysis of the frame began."""
        begun = time.perf_counter()
        views = self.views or self._views_in_time(len(faces), begun - start, frame.time)
        pictures = np.concatenate([face_pictures(frame.image, f.face, views) for f in faces])
        predictions = self.classifier.probabilities(pictures, views).tolist()
        taken = (time.perf_counter() - begun) / len(pictures)
        self._seconds_per_picture += 0.2 * (taken - self._seconds_per_picture)
        answered = []
        assert self._size is not None
        for n, (face, raw) in enumerate(zip(faces, predictions, strict=True)):
            middle = pictures[n * views + views // 2]
            answer = replace(
                self._steady(face, tuple(raw), frame.time),
                answered=frame.time,
                views=views,
                quality=quality(middle, face.face, self._size),
            )
            self._tracker.remember(answer)
            answered.append(answer)
        return answered

    def _is_wanted(self, face: TrackedFace) -> bool:
        """Whether ``face`` is predicted although the interval is not over."""
        baseline = self._baselines.get(face.track)
        return face.raw is None or (baseline is not None and baseline.done < 1)

    def _steady(self, face: TrackedFace, raw: Probabilities, time: float) -> TrackedFace:
        """``face`` with what the network predicts of it now, corrected and smoothed."""
        baseline = self._baselines.get(face.track)
        if baseline is not None:
            baseline.add(time, raw)
        known = self._unsmoothed(replace(face, raw=raw))
        uncorrected = known.baseline == 1 and face.baseline != 1
        if face.probabilities is None or face.answered is None or uncorrected:
            return known
        assert known.probabilities is not None
        probabilities = smoothed(
            face.probabilities, known.probabilities, time - face.answered, self.smoothing
        )
        return replace(known, probabilities=probabilities)

    def _unsmoothed(self, face: TrackedFace) -> TrackedFace:
        baseline = self._baselines.get(face.track)
        if baseline is None or face.raw is None:
            return replace(face, probabilities=face.raw, baseline=None)
        return replace(face, probabilities=baseline.corrected(face.raw), baseline=baseline.done)

    def _views_in_time(self, faces: int, elapsed: float, now: float) -> int:
        """The most views for which there is time after ``elapsed`` seconds of the frame ``now``.

        There may be more to do than this, such as a video to encode: a missed frame tells.
        """
        if self.interval < _FRAME and now - self._missed < _BUSY:
            return 1
        left = max(self.interval, _FRAME) - elapsed
        views = (n for n in sorted(VIEWS, reverse=True))
        return next((n for n in views if n * faces * self._seconds_per_picture <= left), 1)


def _unanswered(face: TrackedFace) -> TrackedFace:
    return replace(face, raw=None, probabilities=None, answered=None, quality=None, baseline=None)
