"""Analysing a frame on OpenVINO, beside OpenCV and torch, which did it before; in turns."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt
from skimage.data import astronaut

from ml.network.classifier import ExpressionClassifier
from ml.network.torch_network import TorchNetwork
from ml.network.weights_files import load_weights
from ml.vision.analysis import Frame
from ml.vision.analyzer import FaceAnalyzer
from ml.vision.centerface import OpenCvCenterFace
from ml.vision.detector import FaceDetector
from resources import bundled_weights

Picture = npt.NDArray[np.uint8]
_ROUNDS = 8
_IN_A_ROW = 8


def main() -> None:
    today, before = _today(), _before()
    portrait = np.ascontiguousarray(astronaut()[:, :, ::-1])
    for name, frame, views, aim in (
        ("one face, 640×480, three views", cv2.resize(portrait, (640, 480)), 3, 2.5),
        ("one face, 640×480, one view", cv2.resize(portrait, (640, 480)), 1, None),
        ("eight faces, 1280×720, one view", _crowd(portrait), 1, 2.0),
    ):
        _compare(name, frame, views, aim, today, before)

    pictures = np.random.default_rng(0).integers(0, 255, (8, 48, 48), dtype=np.uint8)
    for count in (1, 3, 8):
        some = pictures[:count]
        new, old = _milliseconds(
            lambda some=some: today.classifier.probabilities(some),
            lambda some=some: before.classifier.probabilities(some),
        )
        _tell(f"classifying {count}", new, old, "")


def _today() -> FaceAnalyzer:
    classifier = ExpressionClassifier(load_weights(bundled_weights()), "cpu")
    return FaceAnalyzer(classifier, FaceDetector())


def _before() -> FaceAnalyzer:
    """The engines used before, with the same options."""
    analyzer = _today()
    analyzer.classifier._network = TorchNetwork(load_weights(bundled_weights()), "cpu", exact=False)
    analyzer.detector._network = OpenCvCenterFace()
    return analyzer


def _compare(
    name: str,
    frame: Picture,
    views: int,
    aim: float | None,
    today: FaceAnalyzer,
    before: FaceAnalyzer,
) -> None:
    for analyzer in (today, before):
        analyzer.views = views
        analyzer.restart()
    faces = len(today.analyze(Frame(frame, 0, 0.0)).faces)
    new, old = _milliseconds(
        lambda: today.analyze(Frame(frame, 0, time.monotonic())),
        lambda: before.analyze(Frame(frame, 0, time.monotonic())),
    )
    _tell(name, new, old, f", {faces} found" + (f"; aim {aim}" if aim else ""))


def _tell(name: str, new: float, old: float, more: str) -> None:
    print(f"{name:34} {new:5.1f} ms, before {old:5.1f}: {old / new:.1f} times{more}")


def _milliseconds(*calls: Callable[[], object]) -> list[float]:
    """Medians of calls made in turns, so that a slower spell of the machine meets all.

    A few in a row, and then a pause: libraries' threads go on spinning for a while after a call.
    """
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(_ROUNDS):
        for call, spent in zip(calls, times, strict=True):
            time.sleep(0.3)
            for n in range(_IN_A_ROW):
                start = time.perf_counter()
                call()
                if n >= 2:
                    spent.append((time.perf_counter() - start) * 1000)
    return [statistics.median(spent) for spent in times]


def _crowd(portrait: Picture) -> Picture:
    frame = np.full((720, 1280, 3), 90, np.uint8)
    small = cv2.resize(portrait, (310, 310), interpolation=cv2.INTER_AREA)
    for n in range(8):
        x, y = 320 * (n % 4) + 5, 360 * (n // 4) + 25
        frame[y : y + 310, x : x + 310] = small
    return frame
