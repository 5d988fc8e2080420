from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ml.network.classifier import ExpressionClassifier
from ml.network.weights_files import load_weights
from ml.vision.analysis import DetectionOptions, Face
from ml.vision.detector import FaceDetector
from ml.vision.face_crop import VIEWS, crop_place, face_pictures
from resources import bundled_weights
from tests.ml.real_pictures import some_of_public_test

Picture = npt.NDArray[np.uint8]
LEVEL = ((-10.0, 0.0), (10.0, 0.0), (0.0, 5.0), (-8.0, 10.0), (8.0, 10.0))


def face_picture(image: Picture, face: Face) -> Picture:
    """The single view."""
    (picture,) = face_pictures(image, face)
    return picture


def _framed(x: float, y: float, side: float) -> Face:
    """The upright face whose crop is the square of ``side`` pixels at (x, y)."""
    height = side / 1.06
    top = y + (side - height) / 2
    landmarks = tuple(
        (x + side / 2 + side * a / 48, y + side / 2 + side * b / 48) for a, b in LEVEL
    )
    return Face(x + 0.1 * side, top, 0.8 * side, height, 0.9, landmarks)


def _turned(face: Face, degrees: float, width: int, height: int) -> Face:
    """``face`` after the picture was turned clockwise about the middle of its pixels."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))

    def turn(x: float, y: float) -> tuple[float, float]:
        x, y = x - width / 2, y - height / 2
        return width / 2 + cos * x - sin * y, height / 2 + sin * x + cos * y

    x, y = turn(*face.centre)
    landmarks = tuple(turn(*point) for point in face.landmarks)
    return replace(face, x=x - face.width / 2, y=y - face.height / 2, landmarks=landmarks)


def _turned_picture(image: Picture, degrees: float) -> Picture:
    height, width = image.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2 - 0.5, height / 2 - 0.5), -degrees, 1)
    return cv2.warpAffine(image, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)


def _difference(a: Picture, b: Picture) -> float:
    return float(np.abs(a.astype(float) - b).mean())


def _likeness(a: Picture, b: Picture) -> float:
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


@pytest.fixture(scope="module")
def classifier() -> ExpressionClassifier:
    return ExpressionClassifier(load_weights(bundled_weights()), "cpu", exact=True)


@pytest.fixture(scope="module")
def small_faces(portrait: Picture) -> Picture:
    """The portrait's face, and mirrored, as grey [2, 48, 48] framed as in the data set."""
    (face,) = FaceDetector(DetectionOptions(long_side=384)).detect(portrait)
    picture = face_picture(portrait, face)
    return np.stack([picture, picture[:, ::-1]])


# From a frame to 48×48


@given(st.integers(0, 592), st.integers(0, 432), st.integers(0, 2**32 - 1))
def test_a_picture_in_a_frame_comes_out_pixel_for_pixel(x: int, y: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    picture = rng.integers(0, 256, (48, 48), dtype=np.uint8)
    frame = rng.integers(0, 256, (480, 640, 3), dtype=np.uint8)
    frame[y : y + 48, x : x + 48] = picture[:, :, None]

    np.testing.assert_array_equal(face_picture(frame, _framed(x, y, 48)), picture)


def test_grey_is_weighted_from_bgr() -> None:
    """ITU-R BT.601's weights; BGR read as RGB would make red dark."""
    for colour, grey in (((0, 0, 255), 76), ((0, 255, 0), 150), ((255, 0, 0), 29)):
        frame = np.full((100, 100, 3), colour, np.uint8)
        assert np.abs(face_picture(frame, _framed(20, 20, 48)).astype(int) - grey).max() <= 1


@pytest.mark.parametrize("degrees", [-40, -20, 20, 40])
def test_a_turned_face_comes_out_upright(portrait: Picture, degrees: float) -> None:
    (face,) = FaceDetector().detect(portrait)
    # Her head is tilted by less than what is turned upright, so that a larger tilt is the measure.
    upright = face_picture(_turned_picture(portrait, 30), _turned(face, 30, 512, 512))
    turned_face = _turned(face, degrees, 512, 512)
    turned = face_picture(_turned_picture(portrait, degrees), turned_face)

    assert _likeness(turned, upright) > 0.99
    assert _difference(turned, upright) < 4


@pytest.mark.parametrize("degrees", [-9, 0, 9])
def test_a_face_tilted_a_little_is_left_as_it_is(portrait: Picture, degrees: float) -> None:
    face = _framed(150, 40, 150)
    x, y = face.centre
    tilted = replace(_turned(face, degrees, 512, 512), x=face.x, y=face.y)
    assert tilted.centre == (x, y)
    np.testing.assert_array_equal(face_picture(portrait, tilted), face_picture(portrait, face))


@pytest.mark.parametrize("views", VIEWS)
def test_views_are_crops_of_several_sizes(portrait: Picture, views: int) -> None:
    face = _framed(150, 40, 150)
    pictures = face_pictures(portrait, face, views)
    assert pictures.shape == (views, 48, 48)
    for picture, ratio in zip(pictures, VIEWS[views], strict=True):
        height = face.height * ratio / VIEWS[1][0]
        framed = replace(face, height=height, y=face.centre[1] - height / 2)
        np.testing.assert_array_equal(picture, face_picture(portrait, framed))


def test_the_single_view_is_the_middle_one_of_three(portrait: Picture) -> None:
    face = _framed(150, 40, 150)
    np.testing.assert_array_equal(face_picture(portrait, face), face_pictures(portrait, face, 3)[1])


@given(
    st.floats(-60, 60), st.floats(100, 300), st.floats(0.15, 0.85), st.floats(0.15, 0.85), st.data()
)
def test_the_crop_lies_where_it_is_said_to_lie(
    degrees: float, side: float, right: float, down: float, data: st.DataObject
) -> None:
    """A dot drawn into the frame at a place of the crop comes out at that place."""
    x, y = data.draw(st.floats(0, 500 - side)), data.draw(st.floats(0, 500 - side))
    face = _turned(_framed(x, y, side), degrees, 500, 500)
    place = crop_place(face)
    across, along = (right - 0.5) * place.side, (down - 0.5) * place.side
    cos, sin = math.cos(place.radians), math.sin(place.radians)
    dot = place.centre[0] + cos * across - sin * along, place.centre[1] + sin * across + cos * along
    rows, columns = np.mgrid[0:500, 0:500] + 0.5
    distance = np.hypot(columns - dot[0], rows - dot[1])
    frame = np.repeat(np.where(distance < side / 16, 255, 0)[:, :, None], 3, 2).astype(np.uint8)
    assume(side / 12 < min(*dot, 500 - dot[0], 500 - dot[1]))

    picture = face_picture(frame, face).astype(float)

    rows, columns = np.mgrid[0:48, 0:48] + 0.5
    found = (picture * columns).sum() / picture.sum(), (picture * rows).sum() / picture.sum()
    assert found == pytest.approx((right * 48, down * 48), abs=0.3)


@pytest.mark.parametrize("degrees", [-20, 20])
def test_a_turned_face_is_found_and_comes_out_upright(portrait: Picture, degrees: float) -> None:
    detector = FaceDetector(DetectionOptions(long_side=512))
    (face,) = detector.detect(portrait)
    upright = face_picture(portrait, face)
    picture = _turned_picture(portrait, degrees)
    (turned,) = detector.detect(picture)
    level = tuple((turned.x + x, turned.y + y) for x, y in LEVEL)

    likeness = _likeness(face_picture(picture, turned), upright)

    assert likeness > 0.7
    assert likeness > _likeness(face_picture(picture, replace(turned, landmarks=level)), upright)


def test_a_profile_is_not_turned() -> None:
    """Eyes that all but coincide tell no roll; their line may point anywhere."""
    frame = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    face = _framed(50, 50, 96)
    profile = replace(face, landmarks=((100.0, 80.0), (101.0, 90.0), *face.landmarks[2:]))
    np.testing.assert_array_equal(face_picture(frame, profile), face_picture(frame, face))


@pytest.mark.parametrize(("x", "y"), [(-24, 50), (124, 50), (50, -24), (50, 124), (-24, -24)])
def test_crops_over_the_edge_are_padded_not_squeezed(x: int, y: int) -> None:
    rng = np.random.default_rng(0)
    grey = rng.integers(0, 256, (148, 148), dtype=np.uint8)
    padded = np.pad(grey, 48, mode="edge")
    expected = padded[48 + y : 96 + y, 48 + x : 96 + x]
    frame = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)

    np.testing.assert_array_equal(face_picture(frame, _framed(x, y, 48)), expected)


@pytest.mark.parametrize("factor", [2, 3, 5])
def test_scale_of_the_frame_changes_little(portrait: Picture, factor: int) -> None:
    (face,) = FaceDetector().detect(portrait)
    larger = cv2.resize(portrait, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    scaled = Face(
        *(value * factor for value in (face.x, face.y, face.width, face.height)),
        face.score,
        tuple((x * factor, y * factor) for x, y in face.landmarks),
    )
    assert _difference(face_picture(larger, scaled), face_picture(portrait, face)) < 2


@pytest.mark.parametrize("side", [0.01, 0.5, 1, 7, 47.4, 48.6, 3000])
def test_faces_of_any_size(side: float) -> None:
    frame = np.full((60, 80, 3), 77, np.uint8)
    picture = face_picture(frame, _framed(30, 20, side))
    assert picture.shape == (48, 48)
    assert (picture == 77).all()


# The same face through the data set's path and through a frame


def test_a_face_at_its_own_size_gives_the_same_probabilities(
    classifier: ExpressionClassifier, small_faces: Picture
) -> None:
    for picture in small_faces:
        frame = np.full((480, 640, 3), 90, np.uint8)
        frame[100:148, 300:348] = picture[:, :, None]
        through_frame = face_picture(frame, _framed(300, 100, 48))
        np.testing.assert_array_equal(
            classifier.probabilities(through_frame[None]), classifier.probabilities(picture[None])
        )


def _in_frame(picture: Picture) -> Picture:
    """A frame showing the 48×48 picture enlarged four times, at (224, 144)."""
    frame = np.full((480, 640, 3), int(picture.mean()), np.uint8)
    larger = cv2.resize(picture, (192, 192), interpolation=cv2.INTER_CUBIC)
    frame[144:336, 224:416] = larger[:, :, None]
    return frame


def test_an_enlarged_face_that_is_found_gives_nearly_the_same_probabilities(
    classifier: ExpressionClassifier, small_faces: Picture
) -> None:
    # On a larger copy the box of a face that is cut out so tightly comes out smaller.
    detector = FaceDetector(DetectionOptions(long_side=384))
    direct = classifier.probabilities(small_faces)
    for picture, expected in zip(small_faces, direct, strict=True):
        frame = _in_frame(picture)
        (face,) = detector.detect(frame)
        assert _likeness(face_picture(frame, face), picture) > 0.85
        found = classifier.probabilities(face_picture(frame, face)[None])[0]
        assert found.argmax() == expected.argmax()
        assert np.abs(found - expected).sum() / 2 < 0.25


@pytest.mark.data
def test_real_pictures_in_a_frame_keep_their_expressions(
    classifier: ExpressionClassifier, fer2013_path: Path
) -> None:
    pictures = some_of_public_test(fer2013_path, 60)
    detector = FaceDetector()
    frames = [_in_frame(picture) for picture in pictures]
    found = [detector.detect(frame) for frame in frames]
    seen = [n for n, faces in enumerate(found) if faces]
    direct = classifier.probabilities(pictures[seen])

    framed = classifier.probabilities(
        np.stack([face_picture(frames[n], _framed(224, 144, 192)) for n in seen])
    )
    detected = classifier.probabilities(
        np.stack([face_picture(frames[n], found[n][0]) for n in seen])
    )

    assert len(seen) > 0.9 * len(pictures)
    # Only the enlarging and averaging differs when the crop is right …
    assert (framed.argmax(1) == direct.argmax(1)).mean() > 0.9
    assert np.abs(framed - direct).sum(1).mean() / 2 < 0.06
    # … and found boxes are a pixel or two beside the data set's, and turned upright.
    assert (detected.argmax(1) == direct.argmax(1)).mean() > 0.65
    assert np.abs(detected - direct).sum(1).mean() / 2 < 0.25
