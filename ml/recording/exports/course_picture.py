"""One person's course as SVG: the probabilities over time, and a strip of labels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from ml.expressions import COLOURS, EXPRESSIONS
from ml.people.history import Rows
from ml.recording.corrected import Corrected

_WIDTH: Final = 900
_TOP: Final = 8
"""Half of the highest label is above the curves."""
_CURVES: Final = 110
_STRIP: Final = 14
_AXIS: Final = 16
_LEFT: Final = 34
_STEPS: Final = 450
"""Of time, each drawn as one point: more cannot be seen, and a report stays small."""
_TICKS: Final = 6


def course_picture(corrected: Corrected, track: int) -> str:
    """An svg element; without what is excluded."""
    end = max(corrected.end, 1e-3)
    height = _TOP + _CURVES + 4 + _STRIP + _AXIS
    parts = [f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="Course of expressions">']
    for share in (0.0, 0.5, 1.0):
        y = _TOP + _CURVES * (1 - share)
        parts.append(f'<line x1="{_LEFT}" x2="{_WIDTH}" y1="{y:.1f}" y2="{y:.1f}" stroke="#8884"/>')
        parts.append(_text(_LEFT - 4, y + 4, f"{share:.0%}", "end"))
    for start, means, labels in _pieces(corrected.counted(track), end / _STEPS):
        parts += _curves(start, means)
        parts += _strip(start, labels)
    for n in range(_TICKS + 1):
        time = end * n / _TICKS
        minutes, seconds = divmod(round(time, 1), 60)
        anchor = "start" if n == 0 else "end" if n == _TICKS else "middle"
        label = f"{int(minutes)}:{seconds:04.1f}"
        parts.append(_text(_x(_STEPS * n / _TICKS), height - 3, label, anchor))
    return "\n".join([*parts, "</svg>"])


def _pieces(
    rows: Rows, step: float
) -> Iterator[tuple[int, npt.NDArray[np.float64], npt.NDArray[np.intp]]]:
    """Runs of steps in which the person was seen.

    The number of the first step; [steps, 7] mean probabilities; [steps] the most frequent label.
    """
    # A row counts in all the steps that it lasts for: there may be fewer rows than steps.
    first = np.clip(np.floor(rows["time"] / step), 0, _STEPS - 1).astype(np.intp)
    last = np.ceil((rows["time"] + rows["seconds"]) / step).astype(np.intp) - 1
    counts = np.clip(last, first, _STEPS - 1) - first + 1
    row = np.repeat(np.arange(len(rows)), counts)
    steps = first[row] + np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)

    seen = np.bincount(steps, minlength=_STEPS)
    means = np.zeros((_STEPS, len(EXPRESSIONS)))
    np.add.at(means, steps, rows["probabilities"][row])
    means /= np.maximum(seen, 1)[:, None]
    labels = np.zeros((_STEPS, len(EXPRESSIONS)), np.intp)
    np.add.at(labels, (steps, rows["label"][row]), 1)

    there = np.flatnonzero(seen)
    for piece in np.split(there, np.flatnonzero(np.diff(there) > 1) + 1):
        if len(piece):
            yield int(piece[0]), means[piece], labels[piece].argmax(axis=1)


def _curves(start: int, means: npt.NDArray[np.float64]) -> list[str]:
    # Each from the beginning of its first step to the end of its last one.
    xs = [start, *(start + n + 0.5 for n in range(len(means))), start + len(means)]
    values = np.concatenate([means[:1], means, means[-1:]])
    return [
        f'<polyline points="{_points(xs, values[:, e])}" fill="none" '
        f'stroke="{COLOURS[e]}" stroke-width="1.5"/>'
        for e in EXPRESSIONS
    ]


def _strip(start: int, labels: npt.NDArray[np.intp]) -> list[str]:
    bounds = [0, *(np.flatnonzero(np.diff(labels)) + 1).tolist(), len(labels)]
    return [
        f'<rect x="{_x(start + begin):.1f}" y="{_TOP + _CURVES + 4}" '
        f'width="{_x(past) - _x(begin):.1f}" height="{_STRIP}" '
        f'fill="{COLOURS[EXPRESSIONS[labels[begin]]]}"/>'
        for begin, past in pairwise(bounds)
    ]


def _x(step: float) -> float:
    return _LEFT + (_WIDTH - _LEFT) * step / _STEPS


def _points(steps: Iterable[float], values: npt.NDArray[np.float64]) -> str:
    ys = _TOP + _CURVES * (1 - values)
    return " ".join(f"{_x(x):.1f},{y:.1f}" for x, y in zip(steps, ys.tolist(), strict=True))


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="10" fill="currentColor" opacity="0.7" '
        f'text-anchor="{anchor}">{text}</text>'
    )
