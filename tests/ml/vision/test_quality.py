from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.data import degradation
from ml.vision.analysis import DetectionOptions, Face, Fault, Quality
from ml.vision.detector import FaceDetector
from ml.vision.face_crop import face_pictures
from ml.vision.quality import quality

Picture = npt.NDArray[np.uint8]
SIZE = (640.0, 480.0)
FACE = Face(280, 200, 82, 100, 0.9, ((300, 236), (341, 236), (320, 250), (303, 274), (338, 274)))
"""Upright, before the camera, far from the border."""


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return FaceDetector(DetectionOptions(min_size=8), exact=True)


@pytest.fixture(scope="module")
def pictures(portrait: Picture, detector: FaceDetector) -> Picture:
    """Of the portrait's face, in three views, [3, 48, 48]."""
    (face,) = detector.detect(portrait)
    return face_pictures(portrait, face, views=3)


def _seen(detector: FaceDetector, image: Picture) -> Quality:
    """Of the largest face."""
    image = np.ascontiguousarray(image)
    face = detector.detect(image)[0]
    return quality(face_pictures(image, face)[0], face, (image.shape[1], image.shape[0]))


def _moved(face: Face, move: Callable[[float, float], tuple[float, float]]) -> Face:
    a, b, c, d, e = (move(x, y) for x, y in face.landmarks)
    return replace(face, landmarks=(a, b, c, d, e))


def _lit(image: Picture, gain: float, added: float = 0) -> Picture:
    return np.clip(image * float(gain) + added, 0, 255).astype(np.uint8)


def _noisy(image: Picture, sigma: float) -> Picture:
    noise = np.random.default_rng(0).normal(0, sigma, image.shape[:2])
    return np.clip(image + noise[:, :, None], 0, 255).astype(np.uint8)


def _turned(image: Picture, degrees: float, face: Face) -> Picture:
    """The head as an egg that turns under its skin."""
    height, width = image.shape[:2]
    across, down = np.meshgrid(np.arange(width), np.arange(height))
    x = (across - face.centre[0]) / (0.75 * face.width)
    y = np.clip((down - face.centre[1]) / (0.75 * face.height), -0.99, 0.99)
    radius = np.sqrt(1 - y**2)
    angle = np.arcsin(np.clip(x / radius, -1, 1)) - math.radians(degrees)
    from_x = face.centre[0] + 0.75 * face.width * radius * np.sin(angle)
    from_x = np.where(np.abs(y) < 0.99, from_x, across)
    return cv2.remap(image, from_x.astype(np.float32), down.astype(np.float32), cv2.INTER_LINEAR)


# Through the detector


def test_a_good_portrait_has_no_fault(portrait: Picture, detector: FaceDetector) -> None:
    seen = _seen(detector, portrait)
    assert seen.fault is None
    assert seen.value > 0.95


def _far_away(portrait: Picture) -> Picture:
    frame = np.full((240, 320, 3), 90, np.uint8)
    frame[:80, :80] = cv2.resize(portrait, (80, 80), interpolation=cv2.INTER_AREA)
    return frame


@pytest.mark.parametrize(
    ("worse", "fault"),
    [
        (_far_away, Fault.SMALL),
        (lambda image: _lit(image, 0.08), Fault.DARK),
        (lambda image: _lit(image, 4), Fault.BRIGHT),
        (lambda image: _lit(image, 0.08, 118), Fault.FLAT),
        (lambda image: cv2.GaussianBlur(image, (0, 0), 7), Fault.BLURRED),
        (lambda image: cv2.blur(image, (30, 1)), Fault.BLURRED),
        (lambda image: _noisy(image, 60), Fault.NOISY),
        (lambda image: image[:140], Fault.CUT_OFF),
    ],
    ids=lambda value: value.name if isinstance(value, Fault) else "",
)
def test_what_is_wrong_is_named(
    worse: Callable[[Picture], Picture], fault: Fault, portrait: Picture, detector: FaceDetector
) -> None:
    seen = _seen(detector, worse(portrait))
    assert seen.fault is fault
    assert seen.value < 0.9


@pytest.mark.parametrize("side", [-1, 1])
def test_a_head_that_turns(side: int, portrait: Picture, detector: FaceDetector) -> None:
    (face,) = detector.detect(portrait)
    seen = [_seen(detector, _turned(portrait, side * degrees, face)) for degrees in (0, 35, 55)]
    turns = [side * each.turn for each in seen]
    assert turns == sorted(turns)
    assert turns[2] > turns[0] + 25
    assert seen[2].fault is Fault.TURNED


# Light and sharpness of a picture


@given(st.integers(0, 2), st.floats(0, 1), st.floats(0, 1))
def test_darkening_never_adds_tones(
    pictures: Picture, view: int, gain: float, further: float
) -> None:
    dark, darker = _lit(pictures[view], gain), _lit(_lit(pictures[view], gain), further)
    before, after = (quality(picture, FACE, SIZE) for picture in (dark, darker))
    assert after.tones <= before.tones + 1e-9
    assert after.light <= before.light


@given(st.integers(0, 2), st.floats(0.4, 3), st.floats(1.1, 2))
def test_blurring_never_sharpens(pictures: Picture, view: int, sigma: float, factor: float) -> None:
    blurred, more = (cv2.GaussianBlur(pictures[view], (0, 0), s) for s in (sigma, sigma * factor))
    sharpness = [quality(each, FACE, SIZE).sharpness for each in (pictures[view], blurred, more)]
    assert sharpness == sorted(sharpness, reverse=True)


@given(st.integers(0, 2), st.floats(5, 20), st.integers(0, 9))
def test_noise_is_more_than_sharp(pictures: Picture, view: int, sigma: float, seed: int) -> None:
    noisy = degradation.degraded(
        degradation.noisy, pictures[view], sigma, np.random.default_rng(seed)
    )
    before, after = (quality(each, FACE, SIZE).sharpness for each in (pictures[view], noisy))
    assert before < after <= 2


@given(st.integers(0, 2), st.floats(0.3, 1), st.floats(0, 60))
def test_sharpness_is_not_light(pictures: Picture, view: int, gain: float, added: float) -> None:
    lit = _lit(pictures[view] * 0.75, gain, added)
    assert quality(lit, FACE, SIZE).sharpness == pytest.approx(
        quality(pictures[view], FACE, SIZE).sharpness, rel=0.03
    )


@pytest.mark.parametrize("side", [12, 20, 30])
def test_a_small_face_that_is_sharp_is_not_called_blurred(pictures: Picture, side: int) -> None:
    enlarged = degradation.degraded(degradation.far, pictures[1], side, np.random.default_rng(0))
    large, small = (
        quality(enlarged, FACE, SIZE),
        quality(enlarged, replace(FACE, height=side), SIZE),
    )
    assert large.fault is Fault.BLURRED
    assert small.fault is not Fault.BLURRED


# Turn and place by the landmarks


@given(st.floats(-60, 60), st.floats(-180, 180), st.floats(0.1, 10))
def test_turn_is_told_apart_from_roll_and_size(nose: float, roll: float, scale: float) -> None:
    turned = replace(
        FACE,
        landmarks=(*FACE.landmarks[:2], (FACE.landmarks[2][0] + nose, 250), *FACE.landmarks[3:]),
    )
    cos, sin = math.cos(math.radians(roll)) * scale, math.sin(math.radians(roll)) * scale
    tilted = _moved(turned, lambda x, y: (cos * x - sin * y, sin * x + cos * y))
    tilted = replace(tilted, width=FACE.width * scale)
    mirrored = _moved(turned, lambda x, y: (640 - x, y))
    a, b, c, d, e = mirrored.landmarks
    mirrored = replace(mirrored, landmarks=(b, a, c, e, d))
    grey = np.zeros((48, 48), np.uint8)
    turn = quality(grey, turned, SIZE).turn

    assert quality(grey, tilted, SIZE).turn == pytest.approx(turn, abs=1e-6)
    assert quality(grey, mirrored, SIZE).turn == pytest.approx(-turn, abs=1e-6)
    assert (turn > 0) == (turned.landmarks[2][0] > 320.5) or turn == 0


@given(st.floats(0, 300), st.floats(0, 300), st.sampled_from([(1, 0), (-1, 0), (0, 1), (0, -1)]))
def test_further_out_more_is_cut_off(
    near: float, further: float, direction: tuple[int, int]
) -> None:
    grey = np.zeros((48, 48), np.uint8)

    def cut_off(distance: float) -> float:
        dx, dy = (distance * way for way in direction)
        return quality(grey, _moved(FACE, lambda x, y: (x + dx, y + dy)), SIZE).cut_off

    assert cut_off(0) == 0
    assert cut_off(near) <= cut_off(near + further) <= 1
    assert cut_off(1000) == 1


# Whatever comes

_pixels = st.floats(-1e4, 1e4)
_points = st.tuples(_pixels, _pixels)


@given(
    st.integers(0, 255),
    st.integers(0, 255),
    st.floats(0, 1e4),
    st.floats(0, 1e4),
    st.tuples(_points, _points, _points, _points, _points),
)
def test_any_face_has_a_value(
    low: int,
    high: int,
    width: float,
    height: float,
    landmarks: tuple[tuple[float, float], ...],
) -> None:
    random = np.random.default_rng(low)
    picture = random.integers(min(low, high), max(low, high) + 1, (48, 48), dtype=np.uint8)
    a, b, c, d, e = landmarks
    for points in ((a, b, c, d, e), (a, a, a, a, a)):
        seen = quality(picture, Face(a[0], a[1], width, height, 0.5, points), SIZE)
        assert 0 <= seen.value <= 1
        assert -90 <= seen.turn <= 90
        assert seen.fault is None or seen.value < 1


def test_a_covered_lens_is_worth_nothing() -> None:
    seen = quality(np.zeros((48, 48), np.uint8), FACE, SIZE)
    assert (seen.value, seen.fault) == (0, Fault.DARK)
