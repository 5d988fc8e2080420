"""A person's neutral baseline: what the network answers to their neutral face."""

from __future__ import annotations

import math
from typing import Final

from ml.expressions import Expression
from ml.vision.smoothing import Probabilities

SECONDS: Final = 3.0
"""For which the person has to be seen with a neutral face."""
_LONGEST_STEP: Final = 0.5
"""Seconds; a person who was away longer between two predictions was not seen meanwhile."""
_LEAST: Final = 1e-6
"""Below this, probabilities are taken as this: the logarithm of 0 would outweigh all others."""

TYPICAL: Final = {
    Expression.ANGRY: -2.91,
    Expression.DISGUST: -6.10,
    Expression.FEAR: -2.89,
    Expression.HAPPY: -3.60,
    Expression.SAD: -2.18,
    Expression.SURPRISE: -4.68,
}
"""Mean of log p over the 607 neutral faces of PublicTest, by the bundled network."""


class Baseline:
    """Measured from predictions; used from when it has seen enough.

    Expressions that the person's neutral face evokes more than other people's do are reduced by
    the ratio of the two, in log space:

        log p'(e) = log p(e) - max(0, mean of log p(e | their neutral face) - TYPICAL(e)) + constant

    for every expression but neutral. Nothing is ever raised beyond what makes the sum 1: ratios of
    probabilities near 0 would turn noise into expressions.
    """

    def __init__(self) -> None:
        self._sums = [0.0] * len(Expression)
        self._predictions = 0
        self._seen = 0.0
        self._last: float | None = None

    @property
    def done(self) -> float:
        """How much of ``SECONDS`` was seen, 0 to 1."""
        return min(self._seen / SECONDS, 1.0)

    def add(self, time: float, raw: Probabilities) -> None:
        """A prediction for the frame at ``time`` seconds; ignored when enough was seen."""
        if self.done >= 1:
            return
        if self._last is not None:
            self._seen += min(max(time - self._last, 0.0), _LONGEST_STEP)
        self._last = time
        self._predictions += 1
        self._sums = [
            total + math.log(max(p, _LEAST)) for total, p in zip(self._sums, raw, strict=True)
        ]

    def corrected(self, raw: Probabilities) -> Probabilities:
        """``raw`` without what the neutral face evokes too much; itself before enough was seen."""
        if self.done < 1:
            return raw
        shares = [p * math.exp(-self._excess(Expression(e))) for e, p in enumerate(raw)]
        total = sum(shares)
        return tuple(share / total for share in shares)

    def _excess(self, expression: Expression) -> float:
        if expression is Expression.NEUTRAL:
            return 0.0
        return max(0.0, self._sums[expression] / self._predictions - TYPICAL[expression])
