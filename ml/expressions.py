"""The seven facial expressions, their order, and the names other data sets give them."""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class Expression(IntEnum):
    """An expression; its value is its FER2013 label (fer2013.csv, column ``emotion``)."""

    ANGRY = 0
    DISGUST = 1
    FEAR = 2
    HAPPY = 3
    SAD = 4
    SURPRISE = 5
    NEUTRAL = 6

    @property
    def label(self) -> str:
        """The stored name, lower-case."""
        return self.name.lower()


EXPRESSIONS: Final = tuple(Expression)
LABELS: Final = tuple(expression.label for expression in EXPRESSIONS)

COLOURS: Final = {
    Expression.ANGRY: "#D55E00",
    Expression.DISGUST: "#009E73",
    Expression.FEAR: "#CC79A7",
    Expression.HAPPY: "#E69F00",
    Expression.SAD: "#0072B2",
    Expression.SURPRISE: "#56B4E9",
    Expression.NEUTRAL: "#8D95A3",
}
"""As #RRGGBB. Okabe & Ito (2008): eight colours that people with any colour vision can tell apart.
Yellow and black are left out, since one of them vanishes on each background; grey is for neutral.
"""

ALPHABETICAL: Final = tuple(sorted(EXPRESSIONS, key=lambda expression: expression.label))
"""The order class folders are read in (torchvision's ImageFolder)."""

_ALIASES: Final = {
    "anger": Expression.ANGRY,
    "disgusted": Expression.DISGUST,
    "fearful": Expression.FEAR,
    "happiness": Expression.HAPPY,
    "sadness": Expression.SAD,
    "surprised": Expression.SURPRISE,
}

NAMES: Final = (*LABELS, *_ALIASES)
"""All that ``parse_expression`` knows but numbers, lower-case."""


def parse_expression(name: str) -> Expression | None:
    """The expression called ``name`` (any case, a common alias, or ``0`` to ``6``), or None."""
    name = name.strip().lower()
    if name in LABELS:
        return Expression[name.upper()]
    if len(name) == 1 and name in "0123456":
        return Expression(int(name))
    return _ALIASES.get(name)
