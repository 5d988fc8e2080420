"""An explanation as a picture: colours to lay over a face, and a face with them beside it."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

_COLOURS: Final = cv2.COLORMAP_VIRIDIS
"""Perceptually uniform. Of five such maps the one that is told best from skin by everybody, those
who cannot tell red from green included: docs/measurements.md."""
_MOST_OPAQUE: Final = 0.6
"""Opacity where an explanation is 1; the face still shows through."""
_ENLARGED: Final = 240
"""Side of an enlarged face, in pixels."""


def overlay(explanation: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """Colours BGRA [height, width, 4] for an explanation [height, width] of 0 to 1.

    The alpha is not multiplied into the colours. It grows with the explanation, from 0.
    """
    colours = cv2.applyColorMap(np.rint(explanation * 255).astype(np.uint8), _COLOURS)
    alpha = np.rint(explanation * (_MOST_OPAQUE * 255)).astype(np.uint8)
    return np.dstack((colours, alpha))


def side_by_side(
    picture: npt.NDArray[np.uint8], explanation: npt.NDArray[np.float32]
) -> npt.NDArray[np.uint8]:
    """The grey ``picture`` [48, 48], and again under its explanation, as BGR [240, 480, 3]."""
    size = (_ENLARGED, _ENLARGED)
    grey = cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC)
    face = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)
    colours = overlay(cv2.resize(explanation, size, interpolation=cv2.INTER_LINEAR))
    alpha = colours[:, :, 3:] / 255
    covered = np.rint(face * (1 - alpha) + colours[:, :, :3] * alpha).astype(np.uint8)
    return np.hstack((face, covered))
