"""faces.csv as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

NOBODY = 0
"""In ``Faces.person``: a frame without faces."""
NONE = -1
"""In ``Faces.label`` and ``Faces.fault``."""

Floats = npt.NDArray[np.float32]


class PictureFile(NamedTuple):
    """A file that is a frame of its own: a value for each column of OF_PICTURES."""

    name: str
    sha256: str
    turned: int
    """Degrees clockwise."""
    width: int
    """In pixels, upright; ``height`` likewise."""
    height: int


@dataclass(frozen=True)
class Faces:
    """A row for each face of each analysed frame, and one for a frame without faces; n rows.

    In the order of time, those of one frame the largest face first. NaN where there is no measure.
    """

    time: npt.NDArray[np.float64]
    """Seconds since the first frame."""
    wall_time: npt.NDArray[np.float64]
    """Seconds since 1970."""
    frame: npt.NDArray[np.int64]
    person: npt.NDArray[np.int64]
    """Track ids, from 1; NOBODY for a frame without faces."""
    box: Floats
    """[n, 4]: x, y, width, height, in pixels of the frame."""
    landmarks: Floats
    """[n, 5, 2]: in the order of ``Face.landmarks``, pixels of the frame."""
    score: Floats
    quality: Floats
    fault: npt.NDArray[np.int8]
    """Values of Fault, or NONE."""
    raw: Floats
    """[n, 7]: a probability for each Expression; ``probabilities`` likewise."""
    probabilities: Floats
    label: npt.NDArray[np.int8]
    """Values of Expression, or NONE."""
    valence: Floats
    predicted: npt.NDArray[np.float64]
    """Seconds since the first frame."""
    views: npt.NDArray[np.int16]
    """0 without a prediction."""
    names: Mapping[int, str]
    """Those that the user gave while recording, the last one of each track id."""
    pictures: Mapping[int, PictureFile] = field(default_factory=dict)
    """By the number of the frame; empty if it is not of pictures."""

    def __len__(self) -> int:
        return len(self.time)

    def expressions(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int8]:
        """Of ``rows`` with predictions: the label, or else the most probable."""
        label = self.label[rows]
        most_probable = self.probabilities[rows].argmax(axis=1).astype(np.int8)
        return np.where(label == NONE, most_probable, label)
