"""Where the parts of the timeline are: curves, label strips and the time axis."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, QSize

from app.live.timeline.section import Section

_GUTTER: Final = 44
"""Pixels left of the curves, for the scale and the people's numbers."""
_RIGHT: Final = 10
_SCALE: Final = 46
"""Pixels right of the curves for valence's scale."""
_STRIP: Final = 16
_LANE: Final = 14
_GAP: Final = 3
_AXIS: Final = 18
_CURVES: Final = 64
"""Height of the curves at least."""
_LEGEND: Final = 18
_ROOMY: Final = 84
"""Height of the curves from which there is room for a legend above."""
_USUAL: Final = 84
_MARGIN: Final = 7
"""Above the curves if there is no legend: half the height of the scale's text."""
_MOST_LANES: Final = 5
"""More people than these must be scrolled to, or the timeline be made higher."""

Times = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Places:
    """In widget pixels; as wide as a whole number of them, each ``pixel`` seconds."""

    curves: QRectF
    strip: QRectF
    """The labels of the chosen person."""
    lanes: dict[int, QRectF]
    """The labels of the others, by track id."""
    hidden: int
    """How many people there are besides."""
    more: QRectF
    """Where that is told; empty if all have lanes."""
    start: float
    """The time at the left edge, in seconds."""
    pixel: float

    @property
    def end(self) -> float:
        return self.start + self.pixel * self.curves.width()

    @property
    def legend(self) -> QRectF:
        """Empty if there is no room for one."""
        top = self.curves.top() - _LEGEND
        return QRectF(self.curves.x(), top, self.curves.width(), _LEGEND if top >= 0 else 0)

    @property
    def axis(self) -> QRectF:
        """Below everything else."""
        bottom = max(rect.bottom() for rect in (self.strip, *self.lanes.values(), self.more))
        return QRectF(self.curves.x(), bottom, self.curves.width(), _AXIS)

    def x(self, time: float) -> float:
        """Not farther left or right than the curves."""
        x = self.curves.left() + (time - self.start) / self.pixel
        return min(max(x, self.curves.left()), self.curves.right())

    def xs(self, times: Times) -> Times:
        """The same for many times."""
        x = self.curves.left() + (times - self.start) / self.pixel
        return np.clip(x, self.curves.left(), self.curves.right())

    def time(self, x: float) -> float:
        return self.start + (x - self.curves.left()) * self.pixel

    def person_at(self, point: QPointF) -> int | None:
        """The track id of the one whose lane that is."""
        within = (t for t, lane in self.lanes.items() if lane.top() <= point.y() <= lane.bottom())
        return next(within, None)


def place(
    size: QSize, section: Section, *, first_lane: int = 0, right_scale: bool = False
) -> Places:
    """What ``section`` shows; of the others those from ``first_lane`` on, as many as fit.

    The right edge moves by whole pixels only, so that the curves keep their shape as time goes on.
    """
    width = max(size.width() - _GUTTER - (_SCALE if right_scale else _RIGHT), 20)
    pixel = section.span / width
    start = math.ceil(section.end / pixel - 1e-6) * pixel - section.span
    others = section.others
    room = size.height() - _AXIS - _STRIP - 2 - _MARGIN
    fit = min(max(room - _CURVES, 0) // (_LANE + _GAP), len(others))
    shown = fit if fit == len(others) else max(fit - 1, 0)
    room -= fit * (_LANE + _GAP)
    above = _LEGEND if room + _MARGIN - _LEGEND >= _ROOMY else _MARGIN

    curves = QRectF(_GUTTER, above, width, max(room + _MARGIN - above, 10))
    strip = QRectF(_GUTTER, curves.bottom() + 2, width, _STRIP)
    slots = [
        QRectF(_GUTTER, strip.bottom() + _GAP + n * (_LANE + _GAP), width, _LANE)
        for n in range(fit)
    ]
    first = min(first_lane, len(others) - shown)
    lanes = dict(zip(others[first : first + shown], slots, strict=False))
    more = slots[shown] if shown < fit else QRectF()
    return Places(curves, strip, lanes, len(others) - shown, more, start, pixel)


def height_for(others: int) -> int:
    """Pixels that show so many people besides the chosen one well, but not more than a few."""
    lanes = min(others, _MOST_LANES)
    return _LEGEND + _USUAL + 2 + _STRIP + lanes * (_LANE + _GAP) + _AXIS


LEAST_HEIGHT: Final = _MARGIN + _CURVES + 2 + _STRIP + _AXIS
