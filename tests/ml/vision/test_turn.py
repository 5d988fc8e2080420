from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data

from ml.vision.analysis import Frame, Turn
from ml.vision.analyzer import FaceAnalyzer
from ml.vision.detector import FaceDetector
from ml.vision.sources import open_source, read_image
from ml.vision.sources.turned import TurnedSource, turned
from ml.vision.turn import turn_of_picture, turn_of_video
from tests.ml.vision.sources.files import Picture, encode

_NOBODY = np.full((240, 240, 3), 90, np.uint8)


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return FaceDetector()


def _back(turn: Turn) -> Turn:
    return Turn(-turn % 360)


def _tilted(image: Picture, degrees: float) -> Picture:
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    tilted = cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(tilted, np.uint8)


@pytest.mark.parametrize("side", Turn)
@pytest.mark.parametrize("height", [200, 512, 1500])
def test_a_portrait_on_each_side(
    detector: FaceDetector, portrait: Picture, side: Turn, height: int
) -> None:
    image = cv2.resize(portrait, (height, height), interpolation=cv2.INTER_AREA)
    assert turn_of_picture(detector, turned(np.asarray(image, np.uint8), side)) is _back(side)


@pytest.mark.parametrize("tilt", [-40, -30, -15, 15, 30, 40])
def test_a_tilted_head_is_upright(detector: FaceDetector, portrait: Picture, tilt: int) -> None:
    assert turn_of_picture(detector, _tilted(portrait, tilt)) is Turn.NONE


@pytest.mark.parametrize("name", ["chelsea", "coffee", "rocket"])
@pytest.mark.parametrize("side", Turn)
def test_nobody_to_tell_it_by(detector: FaceDetector, name: str, side: Turn) -> None:
    image = np.ascontiguousarray(getattr(data, name)()[:, :, ::-1])
    assert turn_of_picture(detector, turned(image, side)) is Turn.NONE


@pytest.mark.parametrize("side", [Turn.RIGHT, Turn.OVER, Turn.LEFT])
def test_who_lies_down_beside_somebody_upright(
    detector: FaceDetector, portrait: Picture, side: Turn
) -> None:
    lying = turned(portrait, side)
    assert turn_of_picture(detector, np.hstack([lying, portrait])) is Turn.NONE
    assert turn_of_picture(detector, np.hstack([lying, lying])) is _back(side)


# Videos


def _video(path: Path, images: Sequence[Picture]) -> Path:
    return encode(path / "v.avi", images, "mjpeg", "yuvj420p")


@pytest.fixture
def face(portrait: Picture) -> Picture:
    return np.ascontiguousarray(portrait[0:240, 100:340])


@pytest.mark.parametrize("side", Turn)
def test_a_video_on_each_side(
    tmp_path: Path, detector: FaceDetector, face: Picture, side: Turn
) -> None:
    images = [_NOBODY] * 5 + [turned(face, side)] * 5
    path = _video(tmp_path, images)
    turn = turn_of_video(path, detector)
    assert turn is _back(side)
    with TurnedSource(open_source(str(path)), turn) as source:
        *_, last = source
    assert turn_of_picture(detector, last.image) is Turn.NONE


def test_one_odd_frame_does_not_turn_a_video(
    tmp_path: Path, detector: FaceDetector, face: Picture
) -> None:
    odd = turned(face, Turn.RIGHT)
    assert turn_of_video(_video(tmp_path, [_NOBODY] * 9 + [odd]), detector) is Turn.NONE
    assert turn_of_video(_video(tmp_path, [odd]), detector) is Turn.LEFT


def test_upright_frames_outvote_others(
    tmp_path: Path, detector: FaceDetector, face: Picture
) -> None:
    """As when somebody lies in bed, and a visitor comes for a moment."""
    lying = turned(face, Turn.LEFT)
    images = [lying] * 4 + [face] * 2 + [lying] * 4
    assert turn_of_video(_video(tmp_path, images), detector) is Turn.NONE


def test_no_video(tmp_path: Path, detector: FaceDetector) -> None:
    assert turn_of_video(tmp_path / "missing.mp4", detector) is Turn.NONE


@pytest.mark.data
@pytest.mark.parametrize("side", Turn)
def test_a_group_photograph_on_each_side(videos_path: Path, side: Turn) -> None:
    analyzer = FaceAnalyzer.load(exact=True)
    group = read_image(videos_path / "multi_face.jpg")
    expected = analyzer.analyze(Frame(group, 0, 0.0)).faces
    assert len(expected) == 5
    on_its_side = turned(group, side)

    turn = turn_of_picture(analyzer.detector, on_its_side)

    assert turn is _back(side)
    analyzer.restart()
    found = analyzer.analyze(Frame(turned(on_its_side, turn), 0, 0.0)).faces
    assert [face.expression for face in found] == [face.expression for face in expected]


@pytest.mark.data
@pytest.mark.parametrize("name", ["single_face.mp4", "face_noface.mov", "no_face.mp4"])
def test_clips_that_are_upright(detector: FaceDetector, videos_path: Path, name: str) -> None:
    assert turn_of_video(videos_path / name, detector) is Turn.NONE
