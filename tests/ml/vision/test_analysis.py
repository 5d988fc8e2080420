from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.expressions import EXPRESSIONS
from ml.vision.analysis import Face, TrackedFace


def _face(x: float, y: float, width: float, height: float) -> Face:
    return Face(x, y, width, height, 0.9, ((0.0, 0.0),) * 5)


_SIDES = st.floats(0.5, 500)
_PLACES = st.floats(-500, 500)
_FACES = st.builds(_face, _PLACES, _PLACES, _SIDES, _SIDES)


@given(_FACES, _FACES)
def test_overlap_is_a_share_and_symmetric(a: Face, b: Face) -> None:
    assert 0 <= a.overlap(b) <= 1 + 1e-9
    assert a.overlap(b) == pytest.approx(b.overlap(a))
    assert a.overlap(a) == pytest.approx(1)


def test_overlap_is_intersection_over_union() -> None:
    assert _face(0, 0, 10, 10).overlap(_face(5, 0, 10, 10)) == pytest.approx(50 / 150)
    assert _face(0, 0, 10, 10).overlap(_face(10, 0, 10, 10)) == 0
    assert _face(0, 0, 10, 10).overlap(_face(50, 50, 10, 10)) == 0


def test_centre() -> None:
    assert _face(10, 20, 30, 40).centre == (25, 40)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_expression_is_the_most_probable(expression: int) -> None:
    probabilities = tuple(0.4 if e == expression else 0.1 for e in EXPRESSIONS)
    face = TrackedFace(0, _face(0, 0, 1, 1), probabilities=probabilities)
    assert face.expression is expression
    assert face.confidence == 0.4


def test_plain_data_need_neither_torch_nor_opencv() -> None:
    code = "import sys, ml.vision.analysis; print({'torch', 'cv2', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
