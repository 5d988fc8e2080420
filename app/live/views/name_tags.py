"""Places the faces' tags so that they cover neither one another nor other faces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSizeF

_GAP: Final = 4.0
"""Pixels between a box and its tag."""
_TAG_COST: Final = 100.0
"""How much worse it is to cover a tag than a face: a covered tag cannot be read."""


def place_tags(boxes: Sequence[QRectF], sizes: Sequence[QSizeF], picture: QRectF) -> list[QRectF]:
    """A place for each box's tag inside ``picture``, all in widget pixels.

    Boxes are sorted, the most important first: its tag gets the best place, above its box.
    """
    placed: list[QRectF] = []
    for n, (box, size) in enumerate(zip(boxes, sizes, strict=True)):
        others = [other for m, other in enumerate(boxes) if m != n]

        def cost(tag: QRectF, others: list[QRectF] = others) -> float:
            tags = sum(_area(tag & other) for other in placed)
            return _TAG_COST * tags + sum(_area(tag & other) for other in others)

        # The first of the cheapest, so that tags stay in place while faces move a little.
        placed.append(min((_inside(tag, picture) for tag in _places(box, size)), key=cost))
    return placed


def _places(box: QRectF, size: QSizeF) -> Iterator[QRectF]:
    """Where a tag may be placed, the best place first."""
    above, below = box.top() - _GAP - size.height(), box.bottom() + _GAP
    within = box.top() + _GAP
    left, right = box.left(), box.right() - size.width()
    middle = box.center().x() - size.width() / 2
    for top in (above, below, within, above - size.height() - _GAP, below + size.height() + _GAP):
        for x in (left, right, middle):
            yield QRectF(QPointF(x, top), size)


def _inside(tag: QRectF, picture: QRectF) -> QRectF:
    """``tag`` moved into the picture as far as it fits."""
    x = max(min(tag.x(), picture.right() - tag.width()), picture.left())
    y = max(min(tag.y(), picture.bottom() - tag.height()), picture.top())
    return QRectF(x, y, tag.width(), tag.height())


def _area(rect: QRectF) -> float:
    return rect.width() * rect.height() if rect.isValid() else 0.0
