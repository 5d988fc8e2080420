"""What the search size of the face detector costs and finds, and what a classification costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt
from skimage.data import astronaut

from ml.network.classifier import ExpressionClassifier
from ml.network.weights_files import load_weights
from ml.vision.analysis import DetectionOptions, Face
from ml.vision.detector import FaceDetector
from resources import bundled_weights
from tests.benchmarks.timing import milliseconds

Picture = npt.NDArray[np.uint8]
_SIDES = (256, 320, 384, 448, 512, 640, 960)
_SHARES = (0.06, 0.08, 0.1, 0.15, 0.25, 0.5)
"""Height of the face as a share of the frame's longer side."""


def main() -> None:
    portrait = np.ascontiguousarray(astronaut()[:, :, ::-1])
    (truth,) = FaceDetector(DetectionOptions(long_side=640)).detect(portrait)
    detector = FaceDetector()
    frame = cv2.resize(portrait, (640, 480))
    print(f"{'long side':>9} {'ms (640×480)':>13}  found when the face is this share of the frame")
    print(" " * 25 + " ".join(f"{share:>6.0%}" for share in _SHARES))
    for side in _SIDES:
        detector.options = replace(detector.options, long_side=side)
        cost = milliseconds(lambda: detector.detect(frame), 15)
        recall = []
        for share in _SHARES:
            scenes = list(_scenes(portrait, truth, share))
            found = sum(
                any(face.overlap(there) > 0.5 for face in detector.detect(scene))
                for scene, there in scenes
            )
            recall.append(found / len(scenes))
        default = " default" if side == DetectionOptions().long_side else ""
        print(f"{side:>9} {cost:>13.1f}  " + " ".join(f"{r:>6.0%}" for r in recall) + default)

    classifier = ExpressionClassifier(load_weights(bundled_weights()))
    faces = np.random.default_rng(0).integers(0, 255, (8, 48, 48), dtype=np.uint8)
    print("\nclassification with the bundled weights")
    for count, aim in ((1, 4), (8, 10)):
        cost = milliseconds(lambda count=count: classifier.probabilities(faces[:count]))
        print(f"  {count} face{'s' if count > 1 else ' '}  {cost:5.1f} ms  (aim: at most {aim})")


def _scenes(portrait: Picture, truth: Face, share: float) -> Iterator[tuple[Picture, Face]]:
    """The portrait at a size, in places, turned and lit in several ways, on a 1280×720 frame."""
    random = np.random.default_rng(0)
    scale = share * 1280 / truth.height
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
