"""Weights files: read, convert, write, refuse.

Our own format is safetensors, whose metadata hold all that is needed to use the numbers: the
architecture, the class order, how the input is normalised, the temperature, and where they come
from. Published ResEmoteNet checkpoints and those of the original desktop program are read too.
A file is untrusted: nothing in it is ever executed.
"""

from __future__ import annotations

import dataclasses
import json
import pickle
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from ml.expressions import ALPHABETICAL, EXPRESSIONS, Expression, parse_expression
from ml.files import replacing
from ml.model import Architecture, LiveConv2d, ResEmoteNet

State = dict[str, Tensor]

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
"""Codes of pickle protocol 4 and later, in which torch.save writes nothing unless told to."""
_LISTED: Final = 6
"""Names of parameters a message lists before it only counts the rest."""
_LEAST_SCALE: Final = 1e-6
"""Of what is divided by; what float32 can still divide by and not overflow."""
_LONGEST: Final = 800
"""Characters of a message."""


class WeightsError(ValueError):
    """A weights file that cannot be used; the message says which, why, and what to do."""


@dataclass(frozen=True)
class Weights:
    """A trained network and all that is needed to use it."""

    architecture: Architecture
    state: State = field(repr=False)
    """float32, exactly the names and shapes of ``ResEmoteNet(architecture)``."""
    mean: tuple[float, ...]
    """Per input channel, for values of 0 to 1; ``std`` likewise."""
    std: tuple[float, ...]
    classes: tuple[Expression, ...]
    """The expression of each output."""
    temperature: float = 1.0
    """The logits are divided by this before the softmax (Guo et al. 2017)."""
    trained_on: str = "unknown data"
    results: Mapping[str, Any] = field(default_factory=dict)
    """What was measured, by split."""

    def model(self) -> ResEmoteNet:
        """The network, in evaluation mode, on the CPU."""
        model = ResEmoteNet(self.architecture)
        model.load_state_dict(self.state)
        return model.eval()


def load_weights(path: Path) -> Weights:
    """Read ``path``: our format, or a published or original checkpoint (.pt, .pth, .ckpt).

    Raises WeightsError for anything that is not exactly a trained ResEmoteNet.
    """
    if path.is_dir():
        raise WeightsError(f"{path} is a folder. Choose a weights file in it.")
    try:
        if path.suffix.lower() == ".safetensors":
            weights = _read_safetensors(path)
        else:
            weights = _read_checkpoint(path)
        return _fitted(weights)
    except FileNotFoundError:
        raise WeightsError(f"There is no weights file {path}. Choose another one.") from None
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror or error}.") from error
    except WeightsError as error:
        raise WeightsError(_shown(f"{path.name}: {error}")) from error.__cause__


def save_weights(weights: Weights, path: Path, dtype: torch.dtype = torch.float16) -> None:
    """Write our format, beside and renamed, so that a reader never sees half a file."""
    metadata = {"architecture": "resemotenet", "taps": "live"}
    metadata |= {
        name: json.dumps(value) for name, value in dataclasses.asdict(weights.architecture).items()
    }
    metadata |= {
        "mean": json.dumps(weights.mean),
        "std": json.dumps(weights.std),
        "classes": json.dumps([expression.label for expression in weights.classes]),
        "temperature": json.dumps(weights.temperature),
        "trained_on": weights.trained_on,
        "results": json.dumps(dict(weights.results)),
    }
    state = {
        name: (value.to(dtype) if value.is_floating_point() else value).contiguous()
        for name, value in weights.state.items()
    }
    for name, value in state.items():
        if not torch.isfinite(value).all():
            raise WeightsError(f"{name} holds values that {dtype} cannot; nothing was written.")
    try:
        with replacing(path) as file:
            file.write(save(state, metadata))
    except OSError as error:
        why = f"{path} could not be written: {error.strerror}"
        raise OSError(error.errno, why) from error


def _shown(message: str) -> str:
    """Names come from the file: they may be endless, or move the cursor of a terminal."""
    message = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in message)
    return message if len(message) <= _LONGEST else message[: _LONGEST - 1] + "…"


# Our format


def _read_safetensors(path: Path) -> Weights:
    try:
        path.open("rb").close()  # safe_open says of a file it may not read that there is none
        with safe_open(path, framework="pt") as file:
            metadata: dict[str, str] = file.metadata() or {}
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise WeightsError(
            f"this is not a whole safetensors file ({error}). Copy or download it again."
        ) from error
    if metadata.get("architecture") != "resemotenet":
        # Other programs' safetensors come without our metadata, but may hold the same network.
        return _from_state(state)
    try:
        architecture = Architecture(
            **{
                field.name: _from_json(metadata[field.name])
                for field in dataclasses.fields(Architecture)
                if field.name in metadata
            }
        )
        return Weights(
            architecture,
            state,
            mean=tuple(map(float, json.loads(metadata["mean"]))),
            std=tuple(map(float, json.loads(metadata["std"]))),
            classes=_parse_classes(json.loads(metadata["classes"])),
            temperature=float(metadata.get("temperature", 1.0)),
            trained_on=metadata.get("trained_on", "unknown data"),
            results=dict(json.loads(metadata.get("results", "{}"))),
        )
    except KeyError as error:
        raise WeightsError(f"its metadata lack {error}; it cannot be used without.") from error
    except (ValueError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        raise WeightsError(f"its metadata make no sense: {_first_line(error)}.") from error


def _from_json(text: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    value = json.loads(text)
    return tuple(value) if isinstance(value, list) else value


def _parse_classes(names: list[str]) -> tuple[Expression, ...]:
    classes = tuple(parse_expression(name) for name in names)
    known = tuple(expression for expression in classes if expression is not None)
    if sorted(known) != list(EXPRESSIONS) or len(classes) != len(known):
        raise ValueError(f"its classes are {', '.join(names)}, not the seven expressions")
    return known


# Checkpoints of others


def _read_checkpoint(path: Path) -> Weights:
    with path.open("rb") as file:
        content = _unpickled(file)
    for key in ("state_dict", "model_state_dict"):
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            content = content[key]
    if not isinstance(content, dict):
        raise WeightsError(f"this holds a {type(content).__name__}, not weights.")
    state = {str(name): value for name, value in content.items() if isinstance(value, Tensor)}
    return _from_state(state)


def _unpickled(file: BinaryIO) -> Any:  # noqa: ANN401 - whatever the file holds
    try:
        with warnings.catch_warnings(action="ignore"):  # refused files are told of below
            return torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        code = re.search(r"GLOBAL ([\w.]+)", str(error))
        if code:
            raise WeightsError(
                f"this file would run code when it is opened ({code.group(1)}), which a "
                "weights file has no need to. It was refused and nothing was run."
            ) from error
        if re.search(_NEWER_PICKLE, str(error)):
            raise WeightsError(
                "this file is a pickle of Python objects, which may run code when it is opened. "
                "It was refused and nothing was run. Save the state dict alone, with torch.save."
            ) from error
        raise WeightsError("this is not a weights file.") from error
    except Exception as error:  # torch raises anything at all on a broken file
        raise WeightsError(
            f"this is not a whole weights file ({_first_line(error)}). Copy or download it again."
        ) from error


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0][:200].rstrip(".")


def _from_state(state: State) -> Weights:
    """Bare parameters: the architecture is told by their shapes, the rest by whose names they are.

    The original desktop program trained on class folders, in alphabetical order; the published
    checkpoints have an order of their own. Both feed grey as three channels, normalised with
    ImageNet's values.
    """
    desktop = any(re.match(r"(model\.)?(cnn\.blocks|seb|out)\.", name) for name in state)
    own = _published_names(state) if desktop else _without_wrappers(state)
    if len(own) < len(state):
        raise WeightsError("it holds more than one network, and which one is meant is not told.")
    state = own

    def shape(name: str) -> torch.Size:
        if name not in state or state[name].ndim < 2:
            raise WeightsError(f"this is another network than ResEmoteNet: it has no {name}.")
        return state[name].shape

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
        raise WeightsError(f"this is another network than ResEmoteNet: {error}.") from error
    three = in_channels == 3
    return Weights(
        architecture,
        state,
        mean=_IMAGENET_MEAN if three else (0.5,) * in_channels,
        std=_IMAGENET_STD if three else (0.5,) * in_channels,
        classes=ALPHABETICAL if desktop else _PUBLISHED_ORDER,
    )


def _without_wrappers(state: State) -> State:
    """Names without what Lightning, DataParallel and torch.compile put before them."""
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


def _published_names(state: State) -> State:
    """The original desktop program's names in the published implementation's."""
    state = {name.removeprefix("model."): value for name, value in state.items()}
    # Dropouts stand between the head's layers and are counted too: out.0, out.2, out.4, out.6.
    positions = sorted({int(m[1]) for name in state if (m := re.match(r"out\.(\d+)\.", name))})
    renamed = {}
    for name, value in state.items():
        new = re.sub(r"^out\.(\d+)\.", lambda m: f"fc{positions.index(int(m[1])) + 1}.", name)
        for pattern, published in _DESKTOP_NAMES:
            new = re.sub(f"^{pattern}", published, new)
        renamed[new] = value
    return renamed


# Strictness


def _fitted(weights: Weights) -> Weights:
    """The same with the state cut to the live taps, in float32, and checked to fit exactly."""
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
    with torch.device("meta"):  # shapes without memory: the file's claims are not yet believed
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

    # BatchNorm counts its batches only to train on; files may lack or hold the counts.
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
            ("left over", left_over),
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
        raise WeightsError(f"it holds values that are no finite numbers (NaN), in {broken[0]}.")
    return dataclasses.replace(weights, state=fitted)


def _is_plain(tensor: Tensor) -> bool:
    return (
        tensor.layout == torch.strided
        and tensor.device.type == "cpu"
        and not (tensor.is_nested or tensor.is_quantized or tensor.is_complex())
        # an expanded one claims more numbers than the file holds
        and tensor.numel() * tensor.element_size() <= tensor.untyped_storage().nbytes()
    )


def _shape(tensor: Tensor) -> str:
    return "×".join(map(str, tensor.shape)) or "a single number"
