"""PyTorch checkpoints of other programs: published ResEmoteNets, the original desktop program."""

from __future__ import annotations

import dataclasses
import pickle
import re
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

import numpy.typing as npt

from ml.expressions import ALPHABETICAL, Expression
from ml.network.architecture import Architecture
from ml.network.weights import FormatError, Weights, WeightsError, first_line

if TYPE_CHECKING:
    from torch import Tensor

_IMAGENET_MEAN: Final = (0.485, 0.456, 0.406)
_IMAGENET_STD: Final = (0.229, 0.224, 0.225)
_PUBLISHED_ORDER: Final = (
    Expression.HAPPY,
    Expression.SURPRISE,
    Expression.SAD,
    Expression.ANGRY,
    Expression.DISGUST,
    Expression.FEAR,
    Expression.NEUTRAL,
)
_NEWER_PICKLE: Final = r"Unsupported operand 1(4[7-9]|5[01])\b"
"""Opcodes of pickle protocol 4 and later, which torch.save uses only on request."""


def read_checkpoint(path: Path) -> Weights:
    """The weights in ``path``, read without running any code. Raises WeightsError, OSError."""
    with path.open("rb") as file:
        content = _unpickled(file)
    for key in ("state_dict", "model_state_dict"):
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            content = content[key]
    if not isinstance(content, dict):
        raise WeightsError(f"this holds a {type(content).__name__}, not weights.")
    import torch

    state = {str(name): value for name, value in content.items() if isinstance(value, torch.Tensor)}
    weights = from_state(state)
    arrays = {name: _array(name, cast("Tensor", value)) for name, value in weights.state.items()}
    return dataclasses.replace(weights, state=arrays)


def _array(name: str, tensor: Tensor) -> npt.NDArray[Any]:
    """``tensor`` as an array, float32 if it is floating point. Raises WeightsError if it is odd."""
    plain = (
        str(tensor.layout) == "torch.strided"
        and tensor.device.type == "cpu"
        and not (tensor.is_nested or tensor.is_quantized or tensor.is_complex())
        # an expanded one claims more numbers than the file holds
        and tensor.numel() * tensor.element_size() <= tensor.untyped_storage().nbytes()
    )
    if not plain:
        raise WeightsError(
            f"{name} is not stored as plain numbers (sparse, quantised, complex, expanded)."
        )
    tensor = tensor.detach()
    return (tensor.float() if tensor.is_floating_point() else tensor).numpy()


def _unpickled(file: BinaryIO) -> Any:  # noqa: ANN401 - whatever the file holds
    import torch  # a second, which files of our own format do not take

    try:
        with warnings.catch_warnings(action="ignore"):  # refused files are reported below
            return torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        code = re.search(r"GLOBAL ([\w.]+)", str(error))
        if code:
            raise WeightsError(
                f"this file would run code when it is opened ({code.group(1)}), which no weights "
                "file needs to do. It was refused and nothing was run."
            ) from error
        if re.search(_NEWER_PICKLE, str(error)):
            raise FormatError(
                "this file is a pickle of Python objects, which may run code when it is opened. "
                "It was refused and nothing was run. Save the state dict alone, with torch.save."
            ) from error
        raise FormatError("this is not a weights file.") from error
    except Exception as error:  # torch raises all kinds of errors for a damaged file
        raise FormatError(
            f"this weights file is damaged or incomplete ({first_line(error)}). Copy or download "
            "it again."
        ) from error


def from_state(state: Mapping[str, Any]) -> Weights:
    """Weights from bare parameters: their shapes give the architecture, their names the origin.

    The original desktop program trained on class folders, in alphabetical order; the published
    checkpoints have their own order. Both feed grey as three channels, normalised with ImageNet's
    mean and standard deviation. Raises WeightsError for another network.
    """
    desktop = any(re.match(r"(model\.)?(cnn\.blocks|seb|out)\.", name) for name in state)
    own = _published_names(state) if desktop else _without_wrappers(state)
    if len(own) < len(state):
        raise WeightsError("it holds more than one network. Save only the one to use.")
    state = own

    def shape(name: str) -> tuple[int, ...]:
        if name not in state or state[name].ndim < 2:
            raise WeightsError(f"this is not a ResEmoteNet: it has no {name}.")
        return tuple(state[name].shape)

    c1, c2, c3 = (shape(f"conv{n}.weight")[0] for n in (1, 2, 3))
    c4, c5, c6 = (shape(f"res_block{n}.conv1.weight")[0] for n in (1, 2, 3))
    h1, h2, h3 = (shape(f"fc{n}.weight")[0] for n in (1, 2, 3))
    in_channels = shape("conv1.weight")[1]
    try:
        architecture = Architecture(
            channels=(c1, c2, c3, c4, c5, c6),
            head=(h1, h2, h3),
            in_channels=in_channels,
            conv_bias="conv1.bias" in state,
            stem_dropout=0.0 if desktop else 0.2,
            head_activation=not desktop,
        )
    except ValueError as error:
        raise WeightsError(f"this is not a ResEmoteNet: {error}.") from error
    three = in_channels == 3
    return Weights(
        architecture,
        state,
        mean=_IMAGENET_MEAN if three else (0.5,) * in_channels,
        std=_IMAGENET_STD if three else (0.5,) * in_channels,
        classes=ALPHABETICAL if desktop else _PUBLISHED_ORDER,
    )


def _without_wrappers(state: Mapping[str, Any]) -> dict[str, Any]:
    """Without the prefixes that Lightning, DataParallel and torch.compile add to names."""
    return {re.sub(r"^(module\.|model\.|_orig_mod\.)+", "", n): v for n, v in state.items()}


_DESKTOP_NAMES: Final[tuple[tuple[str, Callable[[re.Match[str]], str]], ...]] = (
    (r"cnn\.blocks\.(\d)\.layers\.0\.", lambda m: f"conv{int(m[1]) + 1}."),
    (r"cnn\.blocks\.(\d)\.layers\.1\.", lambda m: f"bn{int(m[1]) + 1}."),
    (r"seb\.excitation\.(\d)\.", lambda m: f"se.fc.{m[1]}."),
    (r"res\.(\d)\.conv(\d)\.layers\.0\.", lambda m: f"res_block{int(m[1]) + 1}.conv{m[2]}."),
    (r"res\.(\d)\.conv(\d)\.layers\.1\.", lambda m: f"res_block{int(m[1]) + 1}.bn{m[2]}."),
    (
        r"res\.(\d)\.(?!conv\d)\w+\.(?:layers\.)?(\d)\.",
        lambda m: f"res_block{int(m[1]) + 1}.shortcut.{m[2]}.",
    ),
)


def _published_names(state: Mapping[str, Any]) -> dict[str, Any]:
    """The original desktop program's parameters under the published implementation's names."""
    state = {name.removeprefix("model."): value for name, value in state.items()}
    # Dropouts between the head's layers are numbered too: out.0, out.2, out.4, out.6.
    positions = sorted({int(m[1]) for name in state if (m := re.match(r"out\.(\d+)\.", name))})
    renamed = {}
    for name, value in state.items():
        new = re.sub(r"^out\.(\d+)\.", lambda m: f"fc{positions.index(int(m[1])) + 1}.", name)
        for pattern, published in _DESKTOP_NAMES:
            new = re.sub(f"^{pattern}", published, new)
        renamed[new] = value
    return renamed
