"""What is derived from the seven probabilities."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from ml.expressions import Expression

_UNPLEASANT: Final = [Expression.ANGRY, Expression.DISGUST, Expression.FEAR, Expression.SAD]


def valence(probabilities: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """How pleasant expressions [..., 7] look, [...] from -1 to 1.

    Happy minus the strongest of angry, disgust, fear and sad. Surprise, which is either, and
    neutral count as 0. A simple measure of this program, not one that was fitted to ratings.
    """
    values = np.asarray(probabilities, np.float32)
    unpleasant: npt.NDArray[np.float32] = values[..., _UNPLEASANT].max(axis=-1)
    return values[..., Expression.HAPPY] - unpleasant
