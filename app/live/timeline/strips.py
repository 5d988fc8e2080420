"""Paints labels over time as strips of colour, and below them the time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen

from app.duration import clock_time
from app.live.timeline.axis import ticks
from app.live.timeline.columns import Runs
from app.live.timeline.places import Places
from app.live.views.badge import paint_badge
from app.theme import EXPRESSION_COLOURS, Theme, readable_on
from ml.expressions import EXPRESSIONS
from ml.recording.corrections import Excluded
from ml.recording.marker import Marker

_TICK_WIDTH: Final = 70
"""Pixels between two ticks at least."""
_TAG: Final = 44
"""Pixels from the moment up to which its time covers others."""
_NARROWEST: Final = 24
"""Pixels below which no name fits; measuring text takes time."""
_LABEL: Final = 140
"""Pixels that a marker's label takes at most."""
_VEIL: Final = 165
"""How much is hidden of what is not to be relied on, of 255."""


def paint_strip(painter: QPainter, places: Places, strip: QRectF, runs: Runs, theme: Theme) -> None:
    """Runs of labels, each with its name where there is room."""
    painter.fillRect(strip, QColor(theme.raised))
    rects = _rects(places, strip, runs)
    keys = runs.keys.tolist()
    for expression in EXPRESSIONS:
        mine = [rect for rect, key in zip(rects, keys, strict=True) if key == expression]
        if mine:
            colour = EXPRESSION_COLOURS[expression]
            _fill(painter, mine, colour)
            _name(painter, mine, expression.label.capitalize(), readable_on(colour))


def paint_veil(painter: QPainter, places: Places, over: QRectF, runs: Runs, theme: Theme) -> None:
    """Make ``over`` faint in the runs whose key is true."""
    veil = QColor(theme.surface)
    veil.setAlpha(_VEIL)
    rects = zip(_rects(places, over, runs), runs.keys.tolist(), strict=True)
    _fill(painter, [rect for rect, faint in rects if faint], veil)


def _rects(places: Places, strip: QRectF, runs: Runs) -> list[QRectF]:
    """The part of ``strip`` that each run takes: whole pixels, one at least."""
    left = np.floor(places.xs(runs.begins))
    width = np.maximum(np.floor(places.xs(runs.ends)) - left, 1)
    top, height = strip.top(), strip.height()
    edges = zip(left.tolist(), width.tolist(), strict=True)
    return [QRectF(x, top, wide, height) for x, wide in edges]


def _fill(painter: QPainter, rects: list[QRectF], colour: QColor) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)  # all are whole pixels
    painter.drawRects(rects)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)


def _name(painter: QPainter, rects: list[QRectF], name: str, colour: QColor) -> None:
    wide = [rect for rect in rects if rect.width() >= _NARROWEST]
    if wide:
        needed = painter.fontMetrics().horizontalAdvance(name) + 8
        painter.setPen(colour)
        for rect in wide:
            if rect.width() >= needed:
                painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, name)


def paint_number(painter: QPainter, lane: QRectF, number: str, colour: QColor) -> None:
    """A person's, left of the lane."""
    width = max(painter.fontMetrics().horizontalAdvance(number) + 8, 16)
    badge = QRectF(lane.left() - 6 - width, lane.top() + 1, width, lane.height() - 1)
    paint_badge(painter, badge, number, colour)


def paint_axis(painter: QPainter, places: Places, theme: Theme, moment: float | None) -> None:
    """Without the times that the moment's would cover."""
    box = places.axis
    for second in ticks(places.start, places.end, int(box.width() // _TICK_WIDTH)):
        x = places.x(second)
        painter.setPen(QPen(QColor(theme.border), 1))
        painter.drawLine(QLineF(x, box.top() + 1, x, box.top() + 4))
        if moment is not None and abs(places.x(moment) - x) < _TAG:
            continue
        painter.setPen(QColor(theme.muted))
        # Not beyond the edges, where it would be cut off.
        middle = min(max(x, box.left() + 14), box.right() - 14)
        text = QRectF(middle - 40, box.top() + 3, 80, box.height() - 3)
        painter.drawText(text, Qt.AlignmentFlag.AlignCenter, clock_time(second).removesuffix(".0"))


def paint_markers(
    painter: QPainter, places: Places, markers: Sequence[Marker], theme: Theme
) -> None:
    """A line for each, or a bar above the curves for an interval, with its label."""
    bottom, accent = places.axis.top(), QColor(theme.text)
    free = -math.inf
    """The x from which on there is room for a label."""
    for marker in markers:
        end = marker.time if marker.until is None else marker.until
        if end < places.start or marker.time > places.end:
            continue
        left, right, top = places.x(marker.time), places.x(end), places.curves.top()
        if marker.until is not None:
            painter.fillRect(QRectF(left, top, max(right - left, 2), 3), accent)
        painter.setPen(QPen(accent, 1, Qt.PenStyle.DashLine))
        for x in {round(left), round(right)}:
            painter.drawLine(QLineF(x, top, x, bottom))
        text = marker.label or marker.note
        if text and left >= free:
            metrics = painter.fontMetrics()
            text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, _LABEL)
            tag = QRectF(left + 2, top + 4, metrics.horizontalAdvance(text) + 6, metrics.height())
            ground = QColor(theme.surface)
            ground.setAlpha(_VEIL)
            painter.fillRect(tag, ground)
            painter.drawText(tag, Qt.AlignmentFlag.AlignCenter, text)
            free = tag.right()


def paint_excluded(
    painter: QPainter, places: Places, over: Sequence[QRectF], part: Excluded, theme: Theme
) -> None:
    """Hatch the time that is not counted."""
    if part.end < places.start or part.start > places.end:
        return
    left, right = places.x(part.start), places.x(part.end)
    veil = QColor(theme.surface)
    veil.setAlpha(_VEIL)
    for rect in over:
        hatched = QRectF(left, rect.top(), max(right - left, 1), rect.height())
        painter.fillRect(hatched, veil)
        painter.fillRect(hatched, QBrush(QColor(theme.muted), Qt.BrushStyle.BDiagPattern))


def paint_moment(painter: QPainter, places: Places, moment: float, theme: Theme) -> None:
    """A line through everything, with the time below it; nothing if it is out of view."""
    if not places.start <= moment <= places.end:
        return
    x, box = places.x(moment), places.axis
    accent = QColor(theme.accent)
    top = places.curves.top()
    painter.fillRect(QRectF(round(x) - 1, top, 2, box.top() + 3 - top), accent)
    text = clock_time(moment)
    width = painter.fontMetrics().horizontalAdvance(text) + 12
    left = min(max(x - width / 2, box.left()), box.right() - width)
    tag = QRectF(left, box.top() + 2, width, box.height() - 3)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(accent)
    painter.drawRoundedRect(tag, 4, 4)
    painter.setPen(QColor(theme.on_accent))
    painter.drawText(tag, Qt.AlignmentFlag.AlignCenter, text)
