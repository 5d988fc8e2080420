"""Folders that are named after none of the seven expressions, and which may be meant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from typing import Final

from ml.archives import printable
from ml.expressions import LABELS, NAMES, Expression, parse_expression

_SYNONYMS: Final = {
    Expression.ANGRY: "mad furious fury rage",
    Expression.DISGUST: "disgusting revulsion revolted repulsion repulsed",
    Expression.FEAR: "scared afraid frightened fright terrified terror",
    Expression.HAPPY: "joy joyful happily glad cheerful smile smiling laughing",
    Expression.SAD: "unhappy unhappiness sorrow sorrowful crying",
    Expression.SURPRISE: "shock shocked astonished astonishment amazed amazement startled",
    Expression.NEUTRAL: "normal natural expressionless",
}
_BY_SYNONYM: Final = {
    word: expression for expression, words in _SYNONYMS.items() for word in words.split()
}
_NOT: Final = frozenset({"no", "non", "not"})
_ALIKE: Final = 0.8
"""How alike a misspelling is, in difflib's measure; ``hungry`` and ``angry`` are less so."""
_MOST: Final = 9
"""Folders in a sentence."""
_LEAST_LETTERS: Final = 4
"""Of words that are compared: many short ones are alike, such as ``sand`` and ``sad``."""


@cache
def meant_expression(name: str) -> Expression | None:
    """The expression that a folder with this name may be meant for; None where that is not told."""
    words = [word for word in re.split(r"[\W\d_]+", name.lower()) if word]
    if _NOT.intersection(words):
        return None
    found = {_meant_word(word) for word in words} - {None}
    if len(words) == 1 and len(words[0]) > 1 and not found:  # KDEF and JAFFE have such codes
        found = {Expression[n.upper()] for n in LABELS if n.startswith(words[0])}
    return found.pop() if len(found) == 1 else None


def counted(name: str, pictures: int) -> str:
    """A folder and how many pictures are in it, to be read in a sentence."""
    return f"{printable(name)} ({pictures:,} picture{'' if pictures == 1 else 's'})"


def named(folders: Iterable[str]) -> str:
    """The folders and what may be meant, first those of which it is told, and not too many."""
    ordered = sorted(folders, key=lambda name: (meant_expression(name) is None, name))
    return listed([printable(name) + _perhaps(name) for name in ordered])


def listed(folders: list[str]) -> str:
    """As many as can be read in a sentence, and how many there are beside."""
    more = f" and {len(folders) - _MOST} more" if len(folders) > _MOST else ""
    return ", ".join(folders[:_MOST]) + more


def left_out_lines(left_out: Mapping[str, int]) -> list[str]:
    """A line for each folder that is left out, with what to do if its name is a mistake."""
    lines = []
    for name, pictures in left_out.items():
        meant = meant_expression(name)
        line = f"left out: {counted(name, pictures)}"
        if meant is not None:
            line += f": perhaps {meant.label} is meant; rename the folder then"
        lines.append(line)
    return lines


def no_picture(expression: Expression, left_out: Mapping[str, int]) -> str:
    """That there is no picture of a class, and which of the folders left out may be its."""
    line = f"{expression.label}: there is no picture of this class"
    folders = [
        counted(name, pictures)
        for name, pictures in left_out.items()
        if meant_expression(name) is expression
    ]
    if not folders:
        return line
    if len(folders) == 1:
        return (
            f"{line}; the folder {folders[0]} is left out: rename it to {expression.label} if that "
            "is meant"
        )
    return (
        f"{line}; the folders {', '.join(folders)} are left out: put their pictures into one "
        f"called {expression.label} if that is meant"
    )


def _perhaps(name: str) -> str:
    meant = meant_expression(name)
    return "" if meant is None else f" (perhaps {meant.label} is meant)"


def _meant_word(word: str) -> Expression | None:
    known = {name: parse_expression(name) for name in NAMES} | _BY_SYNONYM
    if word in known or len(word) < _LEAST_LETTERS:
        return known.get(word)
    names = [name for name in NAMES if len(name) >= _LEAST_LETTERS]
    alike = get_close_matches(word, names, n=1, cutoff=_ALIKE)
    return known[alike[0]] if alike else None
