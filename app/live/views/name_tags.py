"""Places the faces' tags so that they cover neither one another nor other faces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, QSizeF

_GAP: Final = 4.0
"""Pixels between a box and its tag."""
_TAG_COST: Final = 100.0
"""How much worse it is to cover a tag than a face: a covered tag cannot be read."""

_Rects = npt.NDArray[np.float64]
"""Left, top, right and bottom [n, 4]. Many at once: with fifty faces, loops take 60 ms."""


def place_tags(boxes: Sequence[QRectF], sizes: Sequence[QSizeF], picture: QRectF) -> list[QRectF]:
    """A place for each box's tag inside ``picture``, all in widget pixels.

    Boxes are sorted, the most important first: its tag gets the best place, above its box.
    """
    rects = np.array([box.getCoords() for box in boxes]).reshape(-1, 4)
    placed = np.empty_like(rects)
    for n, size in enumerate(sizes):
        tags = _inside(_places(rects[n], size), picture)
        covered = _shared(tags, rects)
        covered[:, n] = 0  # its own box
        cost = covered.sum(axis=1) + _TAG_COST * _shared(tags, placed[:n]).sum(axis=1)
        # The first of the cheapest, so that tags stay in place while faces move a little.
        placed[n] = tags[cost.argmin()]
    return [QRectF(QPointF(x1, y1), QPointF(x2, y2)) for x1, y1, x2, y2 in placed.tolist()]


def _places(box: _Rects, size: QSizeF) -> _Rects:
    """Where a tag may be placed, the best place first."""
    width, height = size.width(), size.height()
    left, top, right, bottom = box
    above, below, within = top - _GAP - height, bottom + _GAP, top + _GAP
    rows = (above, below, within, above - height - _GAP, below + height + _GAP)
    columns = (left, right - width, (left + right - width) / 2)
    return np.array([(x, y, x + width, y + height) for y in rows for x in columns])


def _inside(tags: _Rects, picture: QRectF) -> _Rects:
    """``tags`` moved into the picture as far as they fit."""
    sizes = tags[:, 2:] - tags[:, :2]
    last = np.array([picture.right(), picture.bottom()]) - sizes
    corners = np.maximum(np.minimum(tags[:, :2], last), [picture.left(), picture.top()])
    return np.hstack([corners, corners + sizes])


def _shared(tags: _Rects, others: _Rects) -> _Rects:
    """The area [tags, others] that each tag shares with each of the others."""
    first = np.maximum(tags[:, None, :2], others[None, :, :2])
    last = np.minimum(tags[:, None, 2:], others[None, :, 2:])
    areas: _Rects = np.maximum(last - first, 0).prod(axis=2)
    return areas
