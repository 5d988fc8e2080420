from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from ml.vision.analysis import DetectionOptions, Face
from ml.vision.detector import FaceDetector
from ml.vision.sources import read_image

Picture = npt.NDArray[np.uint8]
# Where the face is in the portrait, read off the photograph by eye.
EYES = ((204, 103), (247, 105))
MOUTH = ((206, 143), (241, 145))
BOX = (180, 60, 90, 115)


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return FaceDetector()


def _box(x: float, y: float, width: float, height: float) -> Face:
    return Face(x, y, width, height, 1.0, ((0.0, 0.0),) * 5)


@pytest.mark.parametrize("long_side", [160, 256, 384, 512, 640, 2000])
@pytest.mark.parametrize("factor", [1, 2.5])
def test_portrait(portrait: Picture, long_side: int, factor: float) -> None:
    image = cv2.resize(portrait, None, fx=factor, fy=factor)

    (face,) = FaceDetector(DetectionOptions(long_side=long_side)).detect(image)

    assert face.overlap(_box(*(value * factor for value in BOX))) > 0.7
    assert 0.5 < face.score <= 1
    left_eye, right_eye, nose, *mouth = face.landmarks
    for found, expected in zip((left_eye, right_eye, *mouth), (*EYES, *MOUTH), strict=True):
        assert np.hypot(*(np.array(found) / factor - expected)) < 8
    assert left_eye[0] < nose[0] < right_eye[0]
    assert left_eye[1] < nose[1] < mouth[0][1]


@pytest.mark.parametrize(
    ("rows", "columns"), [(slice(0, 300), slice(None)), (slice(None), slice(100, 320))]
)
def test_landmarks_fit_frames_that_are_not_square(
    detector: FaceDetector, portrait: Picture, rows: slice, columns: slice
) -> None:
    """The copy's sides are whole strides, so it is squeezed a little: both ways differently."""
    (face,) = detector.detect(np.ascontiguousarray(portrait[rows, columns]))
    shift = np.array([columns.start or 0, rows.start or 0])
    for found, expected in zip(face.landmarks[:2], EYES, strict=True):
        assert np.hypot(*(np.array(found) + shift - expected)) < 8


def test_changing_frame_sizes_changes_nothing(detector: FaceDetector, portrait: Picture) -> None:
    """OpenCV 4.14 returned hundreds of false boxes after the size had changed."""
    sizes = [(512, 512), (240, 320), (480, 640), (97, 411), (512, 512), (720, 1280), (240, 320)]
    for height, width in sizes:
        image = cv2.resize(portrait, (width, height))
        assert detector.detect(image) == FaceDetector().detect(image)


def test_faces_are_sorted_largest_first(detector: FaceDetector, portrait: Picture) -> None:
    canvas = np.full((512, 1280, 3), 120, np.uint8)
    canvas[200:456, :256] = cv2.resize(portrait, (256, 256), interpolation=cv2.INTER_AREA)
    canvas[:, 300:812] = portrait
    canvas[60:444, 850:1234] = cv2.resize(portrait, (384, 384), interpolation=cv2.INTER_AREA)

    faces = FaceDetector(DetectionOptions(long_side=800)).detect(canvas)

    assert [round(face.centre[0] / 100) for face in faces] == [5, 10, 1]
    assert [f.height for f in faces] == sorted((f.height for f in faces), reverse=True)


@pytest.mark.parametrize("share", [0.2, 0.35, 0.5])
@pytest.mark.parametrize("edge", ["left", "top", "right", "bottom"])
def test_faces_half_out_of_view(portrait: Picture, edge: str, share: float) -> None:
    """The box is that of the part in view, at its true place and size, as deep in a picture."""
    detector = FaceDetector(DetectionOptions(min_score=0.3))
    (whole,) = detector.detect(portrait)
    left, top, right, bottom = 0, 0, 512, 512
    if edge == "left":
        left = round(whole.x + share * whole.width)
    elif edge == "top":
        top = round(whole.y + share * whole.height)
    elif edge == "right":
        right = round(whole.x + (1 - share) * whole.width)
    else:
        bottom = round(whole.y + (1 - share) * whole.height)
    x, y = max(left, whole.x), max(top, whole.y)
    in_view = _box(
        x,
        y,
        min(right, whole.x + whole.width) - x,
        min(bottom, whole.y + whole.height) - y,
    )

    found = detector.detect(np.ascontiguousarray(portrait[top:bottom, left:right]))[0]

    shifted = _box(found.x + left, found.y + top, found.width, found.height)
    assert shifted.overlap(in_view) > 0.7
    # The side that is not cut tells the size of the whole face.
    ratio = found.height / whole.height if edge in ("left", "right") else found.width / whole.width
    assert 0.8 < ratio < 1.3


@pytest.mark.parametrize("size", [(480, 640), (100, 100), (1080, 1920)])
def test_no_face_in_black_and_grey_noise(detector: FaceDetector, size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    grey = rng.integers(0, 256, (*size, 1), dtype=np.uint8).repeat(3, axis=2)
    for image in (np.zeros((*size, 3), np.uint8), np.full((*size, 3), 255, np.uint8), grey):
        assert detector.detect(np.ascontiguousarray(image)) == []


def test_least_score(portrait: Picture) -> None:
    (face,) = FaceDetector().detect(portrait)
    assert FaceDetector(DetectionOptions(min_score=face.score - 0.01)).detect(portrait) == [face]
    assert FaceDetector(DetectionOptions(min_score=face.score + 0.01)).detect(portrait) == []


def test_least_size(portrait: Picture) -> None:
    (face,) = FaceDetector().detect(portrait)
    assert FaceDetector(DetectionOptions(min_size=face.height - 1)).detect(portrait) == [face]
    assert FaceDetector(DetectionOptions(min_size=face.height + 1)).detect(portrait) == []


@pytest.mark.parametrize(
    "size", [(1, 1), (1, 2), (3, 2000), (2000, 3), (31, 33), (3000, 4000), (50, 40_000)], ids=str
)
def test_frames_of_odd_sizes(detector: FaceDetector, size: tuple[int, int]) -> None:
    assert detector.detect(np.full((*size, 3), 60, np.uint8)) == []


def test_the_frame_is_left_as_it_was(detector: FaceDetector, portrait: Picture) -> None:
    image = portrait.copy()
    image.setflags(write=False)
    assert detector.detect(image)
    assert np.array_equal(image, portrait)


@pytest.mark.data
def test_everybody_in_a_group_photograph(detector: FaceDetector, videos_path: Path) -> None:
    assert len(detector.detect(read_image(videos_path / "multi_face.jpg"))) == 5
