from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ml.vision.overlay import overlay, side_by_side

Explanation = npt.NDArray[np.float32]
explanations = arrays(np.float32, (48, 48), elements=st.floats(0, 1, width=32))


def _steps() -> Explanation:
    return np.linspace(0, 1, 256, dtype=np.float32)[None]


def test_what_says_nothing_cannot_be_seen_and_the_highest_does_not_hide_the_face() -> None:
    alpha = overlay(_steps())[0, :, 3].astype(int)
    assert alpha[0] == 0
    assert (np.diff(alpha) >= 0).all()
    assert 100 < alpha[-1] < 200


def test_the_higher_the_lighter() -> None:
    """So that the order can be seen without telling colours apart."""
    lightness = cv2.cvtColor(overlay(_steps())[:, :, :3] / np.float32(255), cv2.COLOR_BGR2Lab)
    steps = np.diff(lightness[0, :, 0])
    assert steps.min() > -0.5
    assert lightness[0, -1, 0] - lightness[0, 0, 0] > 60


@given(arrays(np.uint8, (48, 48)), explanations)
def test_side_by_side(picture: npt.NDArray[np.uint8], explanation: Explanation) -> None:
    sheet = side_by_side(picture, explanation)

    assert (sheet.shape, sheet.dtype) == ((240, 480, 3), np.uint8)
    face, covered = sheet[:, :240], sheet[:, 240:]
    assert (face == face[:, :, :1]).all(), "the face is grey"
    # The middle of each of its pixels is the middle of the five by five that it becomes.
    np.testing.assert_allclose(face[2::5, 2::5, 0], picture, atol=1)
    silent = cv2.resize(explanation, (240, 240), interpolation=cv2.INTER_LINEAR) == 0
    np.testing.assert_array_equal(covered[silent], face[silent])


def test_explained_places_are_coloured_where_they_are() -> None:
    explanation = np.zeros((48, 48), np.float32)
    explanation[30:40, 10:20] = 1
    sheet = side_by_side(np.full((48, 48), 128, np.uint8), explanation).astype(int)
    coloured = np.ptp(sheet, axis=2) > 20
    rows, columns = np.nonzero(coloured)
    assert (rows.min() // 5, rows.max() // 5) == (29, 40)
    assert ((columns.min() - 240) // 5, (columns.max() - 240) // 5) == (9, 20)
