"""What a weights file must hold: exactly a trained ResEmoteNet, and how to use it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import torch
from torch import Tensor

from ml.expressions import Expression
from ml.network.model import Architecture, LiveConv2d, ResEmoteNet

State = dict[str, Tensor]
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
    """float32, exactly the names and shapes of ``ResEmoteNet(architecture)``."""
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

    def model(self) -> ResEmoteNet:
        """The network, in evaluation mode, on the CPU."""
        model = ResEmoteNet(self.architecture)
        model.load_state_dict(self.state)
        return model.eval()


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
    with torch.device("meta"):  # shapes without memory: the file is not trusted yet
        model = ResEmoteNet(a)
    expected = model.state_dict()
    state = dict(weights.state)
    odd = [name for name, value in state.items() if not _is_plain(value)]
    if odd:
        raise WeightsError(
            f"{odd[0]} is not stored as plain numbers (sparse, quantised, complex, expanded)."
        )
    for name, module in model.named_modules():
        kernel = state.get(f"{name}.weight")
        if isinstance(module, LiveConv2d) and kernel is not None and kernel.ndim == 4:
            state[f"{name}.weight"] = module.live_part(kernel)

    # BatchNorm needs its batch counts only to train further; files may have them or not.
    counts = {name for name in expected if name.endswith("num_batches_tracked")}
    missing = sorted(expected.keys() - state.keys() - counts)
    left_over = sorted(state.keys() - expected.keys())
    wrong = [
        f"{name} is {_shape(state[name])} instead of {_shape(expected[name])}"
        for name in sorted(expected.keys() & state.keys())
        if state[name].shape != expected[name].shape
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
    zero = torch.zeros(())
    fitted = {
        name: state.get(name, zero).to(like.dtype, copy=True, memory_format=torch.contiguous_format)
        for name, like in expected.items()
    }
    broken = [name for name, value in fitted.items() if not torch.isfinite(value).all()]
    if broken:
        raise WeightsError(
            f"it holds values that are not finite (NaN or infinity), in {broken[0]}."
        )
    return dataclasses.replace(weights, state=fitted)


def _is_plain(tensor: Tensor) -> bool:
    return (
        tensor.layout == torch.strided
        and tensor.device.type == "cpu"
        and not (tensor.is_nested or tensor.is_quantized or tensor.is_complex())
        # an expanded tensor claims more numbers than the file holds
        and tensor.numel() * tensor.element_size() <= tensor.untyped_storage().nbytes()
    )


def _shape(tensor: Tensor) -> str:
    return "×".join(map(str, tensor.shape)) or "a single number"
