"""From a frame to its faces."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from ml.vision import centerface
from ml.vision.analysis import DetectionOptions, Face

_MUCH_SMALLER: Final = 0.5


class FaceDetector:
    """Detects faces on a reduced copy of the frame."""

    def __init__(
        self,
        options: DetectionOptions | None = None,
        *,
        exact: bool = False,
        threads: int | None = None,
    ) -> None:
        """``exact`` and ``threads`` are as for ExpressionClassifier."""
        self.options = options or DetectionOptions()
        self._network = centerface.load(exact=exact, threads=threads)

    @property
    def engine(self) -> str:
        """What computes: OpenVINO or OpenCV."""
        return self._network.engine

    def detect(self, image: npt.NDArray[np.uint8]) -> list[Face]:
        """The faces in a BGR image [height, width, 3], largest first, in its pixels."""
        height, width = image.shape[:2]
        scale = min(1.0, self.options.long_side / max(height, width))
        copy_width, copy_height = _whole_strides(width * scale), _whole_strides(height * scale)
        copy = cv2.resize(
            image,
            (copy_width, copy_height),
            # Averaging over areas takes a millisecond more, and pays where much is left out.
            interpolation=cv2.INTER_AREA if scale < _MUCH_SMALLER else cv2.INTER_LINEAR,
        )
        threshold = self.options.min_score
        boxes, landmarks = centerface.boxes(self._network.candidates(copy, threshold), threshold)
        to_frame = np.array([width / copy_width, height / copy_height])
        faces = []
        for box, points in zip(boxes, landmarks, strict=True):
            x1, y1 = box[:2] * to_frame
            x2, y2 = box[2:4] * to_frame
            if y2 - y1 < self.options.min_size or x2 <= x1:
                continue
            a, b, c, d, e = ((float(x), float(y)) for x, y in points * to_frame)
            faces.append(
                Face(
                    float(x1),
                    float(y1),
                    float(x2 - x1),
                    float(y2 - y1),
                    float(box[4]),
                    (a, b, c, d, e),
                )
            )
        return sorted(faces, key=lambda face: face.width * face.height, reverse=True)


def _whole_strides(pixels: float) -> int:
    return max(1, round(pixels / centerface.STRIDE)) * centerface.STRIDE
