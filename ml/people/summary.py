"""What the course of one person's answers amounts to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ml.expressions import EXPRESSIONS
from ml.people.history import Rows

EPISODE: Final = 0.5
"""Seconds for which an expression must be held to be an episode."""
_INTERRUPTION: Final = 0.5
"""Seconds unseen that end an episode."""


@dataclass(frozen=True)
class Summary:
    """Each tuple has a value for each Expression, in their order."""

    seconds: float
    """In view, without what was left out."""
    left_out: float
    """Seconds in view whose quality was too low."""
    shares: tuple[float, ...]
    """Of the time, in which the expression was the most probable; 0 to 1."""
    means: tuple[float, ...]
    """Mean probabilities over the time."""
    episodes: tuple[int, ...]
    """How often the expression was held for at least ``EPISODE`` seconds."""


def summarise(rows: Rows, least_quality: float = 0.0) -> Summary | None:
    """Of one person's ``rows``, without those below ``least_quality``; None if none are left."""
    good = ~(rows["quality"] < least_quality)  # one without a quality is kept
    left_out = float(rows["seconds"][~good].sum(dtype=np.float64))
    rows = rows[good]
    if not len(rows):
        return None
    seconds = rows["seconds"].astype(np.float64)
    total = seconds.sum()
    # A photograph is one answer that holds for no time.
    weights = seconds / total if total > 0 else np.full(len(rows), 1 / len(rows))
    labels = rows["label"]
    shares = np.bincount(labels, weights, len(EXPRESSIONS))
    means = weights @ rows["probabilities"].astype(np.float32)
    return Summary(
        float(total),
        left_out,
        tuple(shares.tolist()),
        tuple(means.tolist()),
        tuple(_episodes(rows["time"], seconds, labels).tolist()),
    )


def _episodes(
    times: npt.NDArray[np.float64], seconds: npt.NDArray[np.float64], labels: npt.NDArray[np.uint8]
) -> npt.NDArray[np.intp]:
    """How many of each Expression."""
    unseen = times[1:] - (times + seconds)[:-1]
    starts = np.flatnonzero((labels[1:] != labels[:-1]) | (unseen > _INTERRUPTION)) + 1
    starts = np.concatenate([[0], starts])
    lasts = np.concatenate([starts[1:], [len(times)]]) - 1
    lengths = times[lasts] + seconds[lasts] - times[starts]
    # A nanosecond less: sums of steps such as 1/30 s come out a little short.
    held = starts[lengths >= EPISODE - 1e-9]
    return np.bincount(labels[held], minlength=len(EXPRESSIONS))
