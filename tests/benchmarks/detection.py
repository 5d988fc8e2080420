"""What the detection size costs, and how high a face must be for it to be found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt
from skimage.data import astronaut

from ml.vision.analysis import DetectionOptions, Face
from ml.vision.centerface import OpenCvCenterFace
from ml.vision.detector import FaceDetector
from tests.benchmarks.timing import milliseconds

Picture = npt.NDArray[np.uint8]
_SIDES = (384, 448, 512, 576, 640, 768)
_HEIGHTS = (32, 36, 40, 44, 48, 52, 56, 60, 64, 68, 72, 80)
"""Of the face, in pixels of a 1280×720 frame."""


def main() -> None:
    portrait = np.ascontiguousarray(astronaut()[:, :, ::-1])
    (truth,) = FaceDetector(DetectionOptions(long_side=640)).detect(portrait)
    detector = FaceDetector(DetectionOptions(min_size=8))
    before = FaceDetector(DetectionOptions(min_size=8))
    before._network = OpenCvCenterFace()
    frame = cv2.resize(portrait, (640, 480))
    scenes = {height: list(_scenes(portrait, truth, height)) for height in _HEIGHTS}
    print("detection size   ms (640×480)   with OpenCV   nine of ten faces found from, in pixels")
    for side in _SIDES:
        for each in (detector, before):
            each.options = replace(each.options, long_side=side)
        cost = milliseconds(lambda: detector.detect(frame), 15)
        earlier = milliseconds(lambda: before.detect(frame), 15)
        found = (height for height in _HEIGHTS if _recall(detector, scenes[height]) >= 0.9)
        default = "  default" if side == DetectionOptions().long_side else ""
        print(f"{side:>14} {cost:>14.1f} {earlier:>13.1f} {next(found, 0):>20}{default}")


def _recall(detector: FaceDetector, scenes: list[tuple[Picture, Face]]) -> float:
    found = sum(
        any(face.overlap(there) > 0.5 for face in detector.detect(scene)) for scene, there in scenes
    )
    return found / len(scenes)


def _scenes(portrait: Picture, truth: Face, height: float) -> Iterator[tuple[Picture, Face]]:
    """The portrait at a size, in places, turned and lit in several ways, on a 1280×720 frame."""
    random = np.random.default_rng(0)
    scale = height / truth.height
    size = max(round(512 * scale), 8)
    small = cv2.resize(
        portrait, (size, size), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    )
    for n in range(24):
        frame = random.integers(60, 160, (12, 20, 3), dtype=np.uint8)
        frame = cv2.resize(frame, (1280, 720), interpolation=cv2.INTER_CUBIC)
        picture = small[:, ::-1] if n % 2 else small
        x1 = truth.x if n % 2 == 0 else 512 - truth.x - truth.width
        gain = random.uniform(0.4, 1.1)
        left = int(random.uniform(-x1 * scale, 1280 - (x1 + truth.width) * scale))
        top = int(random.uniform(-truth.y * scale, 720 - (truth.y + truth.height) * scale))
        _paste(frame, np.clip(picture * gain, 0, 255).astype(np.uint8), left, top)
        face = replace(
            truth,
            x=left + x1 * scale,
            y=top + truth.y * scale,
            width=truth.width * scale,
            height=truth.height * scale,
        )
        yield frame, face


def _paste(frame: Picture, picture: Picture, left: int, top: int) -> None:
    height, width = frame.shape[:2]
    rows = slice(max(top, 0), min(top + picture.shape[0], height))
    columns = slice(max(left, 0), min(left + picture.shape[1], width))
    frame[rows, columns] = picture[
        rows.start - top : rows.stop - top, columns.start - left : columns.stop - left
    ]
