"""People who cross, hide, leave and come back: each keeps one track id, and no other's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from ml.vision.detector import FaceDetector
from ml.vision.sources import open_source
from ml.vision.tracker import Tracker
from tests.ml.vision.paths import Detector, Person, Way, ids, one_each

Picture = npt.NDArray[np.uint8]
_NEAR, _FAR = 1.3, 1.0
_SEEDS = range(4)


def _stand(x: float, y: float = 0.0) -> Way:
    """Nobody is quite still."""
    return lambda t: (x + 0.1 * math.sin(3 * t + x), y + 0.04 * math.sin(5 * t + x))


def _walk(x: float, speed: float, y: float = 0.0) -> Way:
    """From left to right if ``speed`` is positive, up and down a little with each step."""
    return lambda t: (x + speed * t, y + 0.05 * math.sin(11 * t + x))


def _walk_and_stop(x: float, speed: float, stop: float, pause: float = math.inf) -> Way:
    """Stands from ``stop`` on, and goes on after ``pause``."""
    return lambda t: (x + speed * (min(t, stop) + max(t - stop - pause, 0.0)), 0.1)


def _turn_back(x: float, speed: float, turn: float) -> Way:
    return lambda t: (x + speed * (turn - abs(t - turn)), 0.1)


def _coming_nearer(x: float) -> Person:
    return Person(lambda t: (x * 1.5**t, 0.0), lambda t: 1.5**t)


_SCENES: dict[str, tuple[Sequence[Person], float]] = {
    "crossing": ([Person(_walk(0, 1.5), _NEAR), Person(_walk(6, -1.5, 0.2), _FAR)], 4),
    "crossing slowly, hidden for a second": (
        [Person(_walk(1, 0.5), _NEAR), Person(_walk(5, -0.5, 0.1), _FAR)],
        8,
    ),
    "stopping behind somebody who walks on": (
        [Person(_walk(0, 1), _NEAR), Person(_walk_and_stop(6, -1, 3), _FAR)],
        6,
    ),
    "meeting, and going on after a moment": (
        [
            Person(_walk_and_stop(0, 1.2, 2.5, 0.5), _NEAR),
            Person(_walk_and_stop(6, -1.2, 2.5, 0.5), _FAR),
        ],
        6,
    ),
    "behind somebody and back": (
        [Person(_stand(3), _NEAR), Person(_turn_back(6, -1.3, 2.2), _FAR)],
        5,
    ),
    "walking behind somebody": ([Person(_stand(3), _NEAR), Person(_walk(6, -1.5), _FAR)], 4),
    "walking before somebody": ([Person(_stand(3), _FAR), Person(_walk(6, -1.5), _NEAR)], 4),
    "two who walk together meet a third": (
        [
            Person(_walk(7, -1.2), 1.4),
            Person(_walk(0, 1.2, 0.1), 1.0),
            Person(_walk(-1.3, 1.2), 0.95),
        ],
        6,
    ),
    "behind a hand": ([Person(_stand(2), hidden=(2, 3.4)), Person(_stand(3.5))], 5),
    "behind a pillar": ([Person(_walk(0, 1.5), hidden=(2, 3))], 4),
    "fast": ([Person(_walk(0, 4, 0)), Person(_stand(4, 2))], 3),
    "shaking the head": (
        [Person(lambda t: (0.3 * math.sin(13 * t), 0)), Person(_stand(1.6))],
        4,
    ),
    "coming nearer": ([_coming_nearer(x) for x in (-2.0, 0.0, 2.0)], 2),
    "leaving and coming back": (
        [Person(_walk(2, -1), leaves=2), Person(_stand(6)), Person(_walk(-5, 1), enters=5)],
        8,
    ),
    "another of another size comes where somebody left": (
        [Person(_stand(2), leaves=2), Person(_stand(3.6), 1.6, enters=3)],
        5,
    ),
}


@pytest.mark.parametrize("rate", [5, 10, 15, 30])
@pytest.mark.parametrize("name", _SCENES)
def test_everybody_keeps_their_id(name: str, rate: float) -> None:
    people, seconds = _SCENES[name]
    for seed in _SEEDS:
        seen = ids(people, Detector(rate), seconds, seed)
        assert one_each(seen), seen


@pytest.mark.parametrize("rate", [5, 10, 15, 30])
def test_a_detector_that_misses_one_face_in_six(rate: float) -> None:
    people = [Person(_stand(1.8 * n), 0.8 + 0.1 * n) for n in range(4)]
    for seed in _SEEDS:
        seen = ids(people, Detector(rate, missed=1 / 6), 8, seed)
        assert one_each(seen), seen


@pytest.mark.parametrize("rate", [10, 15, 30])
def test_a_camera_that_is_moved(rate: float) -> None:
    """All faces jump to and fro together, by more than half of the way to the next."""

    def shaken(x: float, y: float) -> Way:
        return lambda t: (x + 0.5 * math.sin(8 * t), y)

    people = [Person(shaken(1.2 * (n % 4), 1.3 * (n // 4)), 0.9) for n in range(8)]
    for seed in _SEEDS:
        seen = ids(people, Detector(rate), 4, seed)
        assert one_each(seen), seen


@pytest.mark.parametrize("rate", [10, 15])
def test_real_faces_that_cross(portrait: Picture, rate: int) -> None:
    """The larger one moves to the right before the smaller one, which is lost meanwhile."""
    detector, tracker = FaceDetector(), Tracker()
    seen: dict[float, set[int]] = {0.85: set(), 1.3: set()}
    counts = []
    for n in range(2 * rate + 1):
        way = 400 * n / (2 * rate)
        picture = np.full((400, 800, 3), 110, np.uint8)
        _paint_head(portrait, picture, 600 - way, 0.85)
        _paint_head(portrait, picture, 200 + way, 1.3)
        faces = tracker.update(detector.detect(picture), n / rate)
        counts.append(len(faces))
        for face in faces:
            scale = min(seen, key=lambda scale: abs(face.face.height - 115 * scale))
            seen[scale].add(face.track)
    assert counts[0] == counts[-1] == 2
    assert 1 in counts
    assert one_each(list(seen.values())), seen


def _paint_head(portrait: Picture, picture: Picture, x: float, scale: float) -> None:
    """Centred at ``x``, cut out along its outline."""
    head = cv2.resize(portrait[20:200, 140:310], None, fx=scale, fy=scale)
    height, width = head.shape[:2]
    outline = np.zeros((height, width), np.uint8)
    axes = (round(0.36 * width), round(0.49 * height))
    cv2.ellipse(outline, (width // 2, height // 2), axes, 0, 0, 360, 1, cv2.FILLED)
    left, top = round(x - width / 2), 200 - height // 2
    under = picture[top : top + height, left : left + width]
    under[outline > 0] = head[outline > 0]


@pytest.mark.data
@pytest.mark.parametrize("every", [1, 6])
def test_one_person_in_a_real_clip(videos_path: Path, every: int) -> None:
    detector, tracker = FaceDetector(), Tracker()
    with open_source(str(videos_path / "single_face.mp4")) as source:
        frames = list(iter(source.read, None))
    tracks = [
        [face.track for face in tracker.update(detector.detect(frame.image), frame.time)]
        for frame in frames[::every]
    ]
    assert tracks == [[1]] * len(tracks)
