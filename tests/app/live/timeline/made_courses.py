"""People as they might be seen: expressions that come and go, gaps, and answers that jitter."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QColor

from app.theme import PERSON_COLOURS
from ml.expressions import EXPRESSIONS, Expression
from ml.people.history import History
from ml.vision.analysis import Face, TrackedFace
from tests.ml.people.faces import worth

_FACE = Face(0, 0, 50, 50, 0.9, ((0.0, 0.0),) * 5)


class Names:
    def name(self, track: int) -> str:
        return f"Person {track}"

    def colour(self, track: int) -> QColor:
        return PERSON_COLOURS[track % len(PERSON_COLOURS)]


def face(track: int, answer: Expression | npt.ArrayLike, quality: float = 0.7) -> TrackedFace:
    """With an answer of seven probabilities, or one Expression's of 0.7 and 0.05 of the others."""
    if isinstance(answer, Expression):
        values = np.where(np.arange(7) == answer, 0.7, 0.05)
    else:
        values = np.asarray(answer)
    answers = tuple(values.tolist())
    return TrackedFace(
        track,
        _FACE,
        raw=answers[1:] + answers[:1],  # another than the smoothed one
        probabilities=answers,
        quality=worth(quality),
    )


def people_over_time(people: int, seconds: float, rate: float = 30) -> History:
    """``people`` seen most of the time, ``rate`` times a second."""
    history = History()
    for n, faces in enumerate(observations(people, seconds, rate)):
        history.add(n / rate, faces)
    return history


def observations(people: int, seconds: float, rate: float) -> list[list[TrackedFace]]:
    """The faces of each."""
    random = np.random.default_rng(3)
    count = int(seconds * rate)
    answers = [_answers(random, count, rate) for _ in range(people)]
    seen = [_presence(random, count, rate) for _ in range(people)]
    quality = 0.45 + 0.3 * np.sin(np.arange(count) / rate / 3)
    return [
        [face(1 + p, answers[p][n], quality[n]) for p in range(people) if seen[p][n]]
        for n in range(count)
    ]


def _answers(random: np.random.Generator, count: int, rate: float) -> npt.NDArray[np.float64]:
    """Seven probabilities [count, 7]: one expression for some seconds, and then another."""
    logits = np.zeros((count, len(EXPRESSIONS)))
    n = 0
    while n < count:
        length = int(rate * random.uniform(1, 7))
        usual = Expression.NEUTRAL if random.random() < 0.4 else random.integers(7)
        logits[n : n + length, usual] = random.uniform(2, 5)
        logits[n : n + length, random.integers(7)] += random.uniform(1, 3)
        n += length
    width = max(int(rate * 0.4), 1)
    smooth = np.ones(width) / width
    for k in range(len(EXPRESSIONS)):
        logits[:, k] = np.convolve(logits[:, k], smooth, mode="same")
    logits += random.normal(0, 0.25, logits.shape)
    shares = np.exp(logits)
    return shares / shares.sum(axis=1, keepdims=True)


def _presence(random: np.random.Generator, count: int, rate: float) -> npt.NDArray[np.bool_]:
    seen = np.ones(count, bool)
    for _ in range(int(count / rate / 20)):
        start = random.integers(count)
        seen[start : start + int(rate * random.uniform(0.5, 4))] = False
    return seen
