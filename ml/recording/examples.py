"""Faces of a recording by which its predictions can be judged."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from ml.expressions import EXPRESSIONS
from ml.people.history import LONGEST
from ml.recording.corrected import Corrected

MOST: Final = 350
"""Faces of one video: fifty of each expression. More than can be looked through, and enough that
the gallery of a day of videos has 20,000."""
_LONG: Final = 60.0
"""Seconds of an episode that have a face of their own, so that an hour of neutral is not one."""

_Numbers = npt.NDArray[np.int64]


def examples(corrected: Corrected, most: int = MOST) -> _Numbers:
    """Rows of Faces: all of pictures; of a video the most certain one of each episode.

    An episode is a person's time of one expression, however short, without a break of LONGEST.
    Every expression that somebody was ever given is among them, so that it can be judged.

    If there are more than ``most``, rare expressions keep all, and frequent ones have equally many,
    spread evenly over the time: neither the certain nor the doubtful ones are preferred.
    """
    rows, faces = corrected.answers, corrected.recording.faces
    if faces.pictures:
        return np.sort(rows)
    labels = faces.expressions(rows)
    confidence = faces.probabilities[rows, labels]
    best = _best_of_each(_episodes(corrected, rows, labels), confidence)
    rows, labels = rows[best], labels[best]
    in_order = np.argsort(rows)  # of time
    rows, labels = rows[in_order], labels[in_order]
    return rows[_evenly(labels, most)] if len(rows) > most else rows


def _episodes(corrected: Corrected, rows: _Numbers, labels: npt.NDArray[np.int8]) -> _Numbers:
    """The number of the episode that each of ``rows`` is in, rising."""
    time, person = corrected.recording.faces.time[rows], corrected.person[rows]
    begins = np.ones(len(rows), bool)
    begins[1:] = (
        (np.diff(person) != 0)
        | (np.diff(labels) != 0)
        | (np.diff(time) > LONGEST)
        | (np.diff(time // _LONG) != 0)
    )
    return np.cumsum(begins)


def _best_of_each(episodes: _Numbers, confidence: npt.NDArray[np.float32]) -> _Numbers:
    """The place of the highest ``confidence`` in each of ``episodes``."""
    order = np.lexsort((-confidence, episodes))
    begins = np.diff(episodes[order], prepend=0) != 0
    best: _Numbers = order[begins]
    return best


def _evenly(labels: npt.NDArray[np.int8], most: int) -> _Numbers:
    """Places in ``labels``, ``most`` together at most, with a share for each label."""
    places = [np.flatnonzero(labels == label) for label in range(len(EXPRESSIONS))]
    share = most
    while sum(min(len(own), share) for own in places) > most:
        share -= 1
    chosen = [
        own[np.linspace(0, len(own) - 1, min(len(own), share)).round().astype(int)]
        for own in places
    ]
    return np.sort(np.concatenate(chosen))
