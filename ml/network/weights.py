"""What a weights file must hold: exactly a trained ResEmoteNet, and how to use it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ml.expressions import Expression
from ml.network.architecture import Architecture, live_kernels, parameter_shapes

State = dict[str, npt.NDArray[Any]]
"""Parameters and BatchNorm statistics by name."""
_LISTED: Final = 6
"""Names of parameters a message lists before it only counts the rest."""
_LEAST_SCALE: Final = 1e-6
"""The smallest divisor accepted: float32 can still divide by it without overflow."""


class WeightsError(ValueError):
    """A weights file that cannot be used; the message says which, why, and what to do."""


class FormatError(WeightsError):
    """A file that is not, or not whole, in the format that its name tells."""


@dataclass(frozen=True)
class Weights:
    """A trained network and everything needed to use it."""

    architecture: Architecture
    state: State = field(repr=False)
    """float32, exactly the names and shapes of ``parameter_shapes(architecture)``; BatchNorm's
    counts of batches are int64."""
    mean: tuple[float, ...]
    """Of each input channel, for values of 0 to 1; ``std`` likewise."""
    std: tuple[float, ...]
    classes: tuple[Expression, ...]
    """The expression of each output."""
    temperature: float = 1.0
    """The logits are divided by this before the softmax (Guo et al. 2017)."""
    trained_on: str = "unknown data"
    results: Mapping[str, Any] = field(default_factory=dict)
    """The metrics, by split."""


def first_line(error: Exception) -> str:
    """Of its message, without the full stop, at most 200 characters."""
    return str(error).strip().split("\n")[0][:200].rstrip(".")


def fitted(weights: Weights) -> Weights:
    """A copy with the state cut to the live taps, in float32.

    Raises WeightsError unless they fit the architecture exactly and every value is finite.
    """
    a = weights.architecture
    if not len(weights.mean) == len(weights.std) == a.in_channels:
        raise WeightsError(
            f"it normalises {len(weights.mean)} channels, but its network takes {a.in_channels}."
        )
    scales = (weights.temperature, *weights.std)
    if not all(_LEAST_SCALE <= scale <= 1 / _LEAST_SCALE for scale in scales) or not all(
        abs(mean) <= 1 / _LEAST_SCALE for mean in weights.mean
    ):
        raise WeightsError("its temperature and standard deviations must be numbers above 0.")
    expected = parameter_shapes(a)
    state = dict(weights.state)
    for name, (first, past) in live_kernels(a).items():
        if name in state and state[name].shape[2:] == (3, 3):
            state[name] = state[name][:, :, first:past, first:past]

    # BatchNorm needs its batch counts only to train further; files may have them or not.
    counts = {name for name in expected if name.endswith("num_batches_tracked")}
    missing = sorted(expected.keys() - state.keys() - counts)
    left_over = sorted(state.keys() - expected.keys())
    wrong = [
        f"{name} is {_shape(state[name].shape)} instead of {_shape(expected[name])}"
        for name in sorted(expected.keys() & state.keys())
        if state[name].shape != expected[name]
    ]
    faults = [
        f"{title}: {', '.join(names[:_LISTED])}"
        + (f" and {len(names) - _LISTED} more" if len(names) > _LISTED else "")
        for title, names in (
            ("missing", missing),
            ("unexpected", left_over),
            ("of the wrong shape", wrong),
        )
        if names
    ]
    if faults:
        raise WeightsError(f"it does not fit ResEmoteNet. {'; '.join(faults)}.")
    fitted = {}
    for name in expected:
        # Values that float32 lacks become infinite, and are told of below.
        with np.errstate(over="ignore"):
            dtype = np.int64 if name in counts else np.float32
            fitted[name] = np.array(state.get(name, 0), dtype, order="C")
    broken = [name for name, value in fitted.items() if not np.isfinite(value).all()]
    if broken:
        raise WeightsError(
            f"it holds values that are not finite (NaN or infinity), in {broken[0]}."
        )
    return dataclasses.replace(weights, state=fitted)


def _shape(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) or "a single number"
