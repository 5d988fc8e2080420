from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.recording.blur import FaceBlur
from ml.vision.analysis import DetectionOptions, Face
from ml.vision.detector import FaceDetector
from ml.vision.sources import read_image

Picture = npt.NDArray[np.uint8]
DETECTION_SIZES: Final = (96, 160, 256, 384, 512, 640, 1024)


def _faces(picture: Picture, long_side: int, min_score: float = 0.3) -> list[Face]:
    """Far less sure than the program has to be."""
    detector = _detector()
    detector.options = DetectionOptions(long_side, min_score, min_size=8)
    return detector.detect(picture)


@cache
def _detector() -> FaceDetector:
    return FaceDetector()


def _found_again(blurred: Picture, faces: list[Face], long_side: int) -> list[Face]:
    """However unlikely; beside them, clothes and things may be found."""
    found = _faces(blurred, long_side, min_score=0.1)
    return [face for face in found if any(face.overlap(known) > 0.1 for known in faces)]


def _box(x: float, y: float, width: float = 40, height: float = 50) -> Face:
    return Face(x, y, width, height, 1.0, ((0.0, 0.0),) * 5)


def _turned(picture: Picture, degrees: float) -> Picture:
    height, width = picture.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 4), degrees, 1)
    return cv2.warpAffine(picture, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)


def _changed(
    blur: FaceBlur, picture: Picture, faces: list[Face], time: float
) -> npt.NDArray[np.bool_]:
    """Where the picture was changed."""
    return np.any(blur.blurred(picture, faces, time) != picture, axis=2)


@pytest.fixture
def noise() -> Picture:
    """Changed by every blur, at every pixel."""
    return np.random.default_rng(0).integers(0, 2, (240, 320, 3), np.uint8) * np.uint8(255)


@pytest.mark.parametrize("degrees", [-40, 0, 25])
@pytest.mark.parametrize("factor", [0.25, 0.5, 1, 2])
def test_nothing_like_a_face_is_left(portrait: Picture, factor: float, degrees: float) -> None:
    picture = cv2.resize(
        _turned(portrait, degrees), None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA
    )
    faces = _faces(picture, 512)
    assert len(faces) == 1

    blurred = FaceBlur().blurred(picture, faces, 0.0)

    for long_side in DETECTION_SIZES:
        assert _found_again(blurred, faces, long_side) == []


@pytest.mark.data
@pytest.mark.parametrize("factor", [0.5, 1])
def test_no_face_is_left_in_a_group(videos_path: Path, factor: float) -> None:
    group = read_image(videos_path / "multi_face.jpg")
    group = cv2.resize(group, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    faces = _faces(group, 1024)
    assert len(faces) == 5

    blurred = FaceBlur().blurred(group, faces, 0.0)

    for long_side in DETECTION_SIZES:
        assert _found_again(blurred, faces, long_side) == []


def test_nine_colours_are_left(portrait: Picture) -> None:
    """What is interpolated between three times three has the rank 3, but for rounding."""
    (face,) = _faces(portrait, 512)
    x, y = map(round, face.centre)
    part = (slice(y - 50, y + 50), slice(x - 50, x + 50))

    blurred = FaceBlur().blurred(portrait, [face], 0.0)

    def beyond(picture: Picture) -> float:
        return float(np.square(np.linalg.svd(picture[part][:, :, 1], compute_uv=False)[3:]).mean())

    assert beyond(portrait) > 100 * beyond(blurred)
    assert beyond(blurred) < 100


def test_the_frame_is_left_as_it_was(portrait: Picture) -> None:
    frame = portrait.copy()
    frame.setflags(write=False)

    blurred = FaceBlur().blurred(frame, [_box(180, 60)], 0.0)

    assert np.array_equal(frame, portrait)
    assert not np.array_equal(blurred, portrait)
    assert not np.shares_memory(FaceBlur().blurred(frame, [], 0.0), frame)


def test_only_what_is_near_a_face_changes(noise: Picture) -> None:
    changed = _changed(FaceBlur(), noise, [_box(100, 80)], 0.0)
    assert changed[80:130, 100:140].all()
    changed[50:160, 70:170] = False
    assert not changed.any()


def test_a_lost_face_stays_covered_for_half_a_second(noise: Picture) -> None:
    blur = FaceBlur()
    blur.blurred(noise, [_box(100, 80)], 2.0)
    place = (slice(80, 130), slice(100, 140))
    for time in (2.1, 2.3, 2.5):
        assert _changed(blur, noise, [], time)[place].all()
    assert not _changed(blur, noise, [], 2.51).any()


def test_a_neighbour_that_touches_it_does_not_uncover_a_lost_face(noise: Picture) -> None:
    blur = FaceBlur()
    blur.blurred(noise, [_box(100, 80)], 0.0)
    changed = _changed(blur, noise, [_box(132, 80)], 0.1)
    assert changed[80:130, 100:140].all()


def test_a_face_that_comes_back_is_not_covered_twice(noise: Picture) -> None:
    blur = FaceBlur()
    blur.blurred(noise, [_box(100, 80)], 0.0)
    blur.blurred(noise, [], 0.2)
    found_again = _changed(blur, noise, [_box(110, 85)], 0.3)
    assert np.array_equal(found_again, _changed(FaceBlur(), noise, [_box(110, 85)], 0.3))


def test_who_is_hidden_by_another_stays_covered(noise: Picture) -> None:
    """Two overlap and one is found: where the other was is covered still."""
    blur = FaceBlur()
    blur.blurred(noise, [_box(100, 80), _box(125, 85)], 0.0)
    changed = _changed(blur, noise, [_box(100, 80)], 0.1)
    assert changed[85:135, 125:165].all()


def test_who_moves_stays_covered_where_they_are(noise: Picture) -> None:
    blur = FaceBlur()
    for n in range(20):
        x = 10 + 12 * n
        changed = _changed(blur, noise, [_box(x, 80)], n / 30)
        assert changed[80:130, x : x + 40].all()
    assert not changed[:, : x - 60].any(), "a trail"


@given(
    x=st.floats(-400, 700),
    y=st.floats(-400, 600),
    width=st.floats(0, 900),
    height=st.floats(0, 900),
)
def test_faces_wherever_they_are(x: float, y: float, width: float, height: float) -> None:
    frame = np.random.default_rng(1).integers(0, 2, (48, 64, 3), np.uint8) * np.uint8(255)
    changed = _changed(FaceBlur(), frame, [_box(x, y, width, height)], 0.0)
    inside = changed[
        max(round(y), 0) : max(round(y + height), 0), max(round(x), 0) : max(round(x + width), 0)
    ]
    # A single block of one or two pixels may have the mean of its own colours.
    assert inside.size < 50 or inside.mean() > 0.9
