"""Tracked faces with predictions, made up."""

from __future__ import annotations

from ml.expressions import Expression
from ml.vision.analysis import Face, Fault, Quality, TrackedFace


def prediction(expression: Expression, probability: float = 0.7) -> tuple[float, ...]:
    """``probability`` for ``expression``; the others share the rest."""
    return tuple(probability if e is expression else (1 - probability) / 6 for e in Expression)


def person(
    track: int = 0,
    expression: Expression = Expression.HAPPY,
    probability: float = 0.7,
    *,
    x: float = 0.0,
    size: float = 40.0,
    quality: Quality | None = None,
) -> TrackedFace:
    """Somebody whose smoothed and raw predictions are the same."""
    values = prediction(expression, probability)
    face = Face(x, 60, size, size, 0.9, ((0.0, 0.0),) * 5)
    return TrackedFace(
        track, face, raw=values, probabilities=values, answered=0.0, views=1, quality=quality
    )


def worth(value: float) -> Quality:
    """Of a face too small for its prediction to be worth more than ``value``."""
    return Quality(value, Fault.SMALL, 20, light=120, tones=7, sharpness=1.1, turn=0, cut_off=0)
