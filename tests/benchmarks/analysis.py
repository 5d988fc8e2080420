"""Analysing a frame on OpenVINO, beside OpenCV and torch, which did it before; in turns."""

from __future__ import annotations

import statistics
import time

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
_ROUNDS = 40


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
        new, old = _milliseconds(
            [lambda a=a: a.classifier.probabilities(pictures[:count]) for a in (today, before)]
        )
        print(
            f"{f'classifying {count}':34} {new:6.1f} ms, before {old:6.1f} ({old / new:.1f} times)"
        )


def _today() -> FaceAnalyzer:
    return FaceAnalyzer(
        ExpressionClassifier(load_weights(bundled_weights()), "cpu"), FaceDetector()
    )


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
        [lambda a=a: a.analyze(Frame(frame, 0, time.monotonic())) for a in (today, before)]
    )
    wanted = f", aim {aim}" if aim else ""
    print(
        f"{name:34} {new:6.1f} ms, before {old:6.1f} ({old / new:.1f} times{wanted}; {faces} found)"
    )


def _milliseconds(calls: list) -> list[float]:  # type: ignore[type-arg]
    """Medians of calls made in turns, so that a slower spell of the machine meets all."""
    times: list[list[float]] = [[] for _ in calls]
    for n in range(_ROUNDS + 3):
        for call, spent in zip(calls, times, strict=True):
            start = time.perf_counter()
            call()
            if n >= 3:
                spent.append((time.perf_counter() - start) * 1000)
    return [statistics.median(spent) for spent in times]


def _crowd(portrait: Picture) -> Picture:
    frame = np.full((720, 1280, 3), 90, np.uint8)
    small = cv2.resize(portrait, (310, 310), interpolation=cv2.INTER_AREA)
    for n in range(8):
        x, y = 320 * (n % 4) + 5, 360 * (n // 4) + 25
        frame[y : y + 310, x : x + 310] = small
    return frame
