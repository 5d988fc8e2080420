"""Frames that lie on their side, turned."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from ml.vision.analysis import Frame, Turn
from ml.vision.sources.source import Source

_ROTATIONS: Final = {
    Turn.RIGHT: cv2.ROTATE_90_CLOCKWISE,
    Turn.OVER: cv2.ROTATE_180,
    Turn.LEFT: cv2.ROTATE_90_COUNTERCLOCKWISE,
}


def turned(image: npt.NDArray[np.uint8], turn: Turn) -> npt.NDArray[np.uint8]:
    """``image``, [height, width, 3], turned and contiguous; itself if there is nothing to turn."""
    if turn is Turn.NONE:
        return image
    return np.ascontiguousarray(cv2.rotate(image, _ROTATIONS[turn]), np.uint8)


class TurnedSource(Source):
    """Another source, each frame turned; closing it closes the other."""

    def __init__(self, source: Source, turn: Turn) -> None:
        self.name, self.live, self.still = source.name, source.live, source.still
        self.length = source.length
        self._source, self._turn = source, turn

    def read(self) -> Frame | None:
        frame = self._source.read()
        if frame is None:
            self.cut_off, self.spoilt = self._source.cut_off, self._source.spoilt
            return None
        return replace(frame, image=turned(frame.image, self._turn), turn=self._turn)

    def close(self) -> None:
        self._source.close()
