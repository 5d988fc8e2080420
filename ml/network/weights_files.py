"""Weights files: our safetensors, with everything needed to use them, and other programs' files."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, deserialize, safe_open
from safetensors.numpy import save

from ml.archives import printable
from ml.expressions import EXPRESSIONS, Expression, parse_expression
from ml.files import replacing
from ml.network.architecture import Architecture
from ml.network.checkpoints import from_state, read_checkpoint
from ml.network.file_kinds import FileKind, file_kind
from ml.network.weights import FormatError, Weights, WeightsError, first_line, fitted

_DTYPES: Final = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4"}
_LONGEST: Final = 800
"""Maximum length of a message, in characters."""


def load_weights(path: Path) -> Weights:
    """Read ``path``: our format, or a published or original checkpoint (.pt, .pth, .ckpt).

    Raises WeightsError for anything that is not exactly a trained ResEmoteNet.
    """
    if path.is_dir():
        raise WeightsError(f"{path} is a folder. Choose a weights file in it.")
    try:
        return fitted(_read(path))
    except FileNotFoundError:
        raise WeightsError(f"There is no weights file {path}. Choose another one.") from None
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror or error}.") from error
    except WeightsError as error:
        raise WeightsError(printable(f"{path.name}: {error}", _LONGEST)) from error.__cause__


def save_weights(weights: Weights, path: Path, dtype: npt.DTypeLike = np.float16) -> None:
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
    state = {}
    for name, value in weights.state.items():
        with np.errstate(over="ignore"):
            kept = value.astype(dtype) if value.dtype.kind == "f" else value
        if not np.isfinite(kept).all():
            kind = np.dtype(dtype).name
            raise WeightsError(f"{name} holds values that {kind} cannot; nothing was written.")
        state[name] = np.asarray(kept, order="C")
    try:
        with replacing(path) as file:
            file.write(save(state, metadata))
    except OSError as error:
        why = f"{path} could not be written: {error.strerror}"
        raise OSError(error.errno, why) from error


def _read(path: Path) -> Weights:
    if path.suffix.lower() == ".safetensors":
        read, expected = _read_safetensors, FileKind.SAFETENSORS
    else:
        read, expected = read_checkpoint, FileKind.PYTORCH
    try:
        return read(path)
    except FormatError as error:
        kind = file_kind(path)  # only now, so that a good file takes no longer
        if kind is None or kind is expected:
            raise
        raise FormatError(f"this {kind.value}") from error


def _read_safetensors(path: Path) -> Weights:
    try:
        content = path.read_bytes()
        with safe_open(path, framework="np") as file:
            metadata: dict[str, str] = file.metadata() or {}
        state = {name: _array(name, tensor) for name, tensor in deserialize(content)}  # type: ignore[no-untyped-call]
    except SafetensorError as error:
        raise FormatError(
            f"this safetensors file is damaged or incomplete ({error}). Copy or download it again."
        ) from error
    if metadata.get("architecture") != "resemotenet":
        # Other programs' safetensors come without our metadata, but may hold the same network.
        return from_state(state)
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
        raise WeightsError(f"its metadata lack {error}, which is required.") from error
    except (ValueError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        raise WeightsError(f"its metadata are invalid: {first_line(error)}.") from error


def _array(name: str, tensor: Mapping[str, Any]) -> npt.NDArray[Any]:
    """A tensor as safetensors stores it; bfloat16, which numpy lacks, as float32."""
    kind, data = tensor["dtype"], tensor["data"]
    if kind == "BF16":
        halves = np.frombuffer(data, "<u2").astype(np.uint32) << 16
        values: npt.NDArray[Any] = halves.view(np.float32)
    elif kind in _DTYPES:
        values = np.frombuffer(data, _DTYPES[kind])
    else:
        raise WeightsError(f"{name} is stored as {kind}, not as plain numbers.")
    return values.reshape(tensor["shape"])


def _from_json(text: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    value = json.loads(text)
    return tuple(value) if isinstance(value, list) else value


def _parse_classes(names: list[str]) -> tuple[Expression, ...]:
    classes = tuple(parse_expression(name) for name in names)
    known = tuple(expression for expression in classes if expression is not None)
    if sorted(known) != list(EXPRESSIONS) or len(classes) != len(known):
        raise ValueError(f"its classes are {', '.join(names)}, not the seven expressions")
    return known
