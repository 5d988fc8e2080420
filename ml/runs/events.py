"""The events of a training run: dataclasses, and one JSON object per line."""

from __future__ import annotations

import dataclasses
import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, get_origin, get_type_hints

SCHEMA: Final = 1


@dataclass(frozen=True)
class Event:
    """Something that happened in a run; ``time`` is in seconds since 1970."""

    type: ClassVar[str]
    time: float = field(default_factory=time.time, kw_only=True)


@dataclass(frozen=True)
class Loading(Event):
    """The data set is being read: ``done`` of ``total``, in pictures or bytes."""

    type: ClassVar[str] = "loading"
    done: int
    total: int


@dataclass(frozen=True)
class Estimate(Event):
    """The estimated time of a run on this machine, measured with a few steps."""

    type: ClassVar[str] = "estimate"
    precision: str
    images_per_second: float
    epoch_seconds: float
    run_seconds: float


@dataclass(frozen=True)
class Started(Event):
    """Training begins, or resumes after ``epoch`` finished epochs and ``batch`` batches."""

    type: ClassVar[str] = "started"
    config: Mapping[str, Any]
    check: Mapping[str, Any]
    """The data check (ml.data.check.DataCheck)."""
    protocol: str
    parameters: int
    device: str
    precision: str
    batches: int
    """Per epoch."""
    epochs: int
    epoch: int
    batch: int
    pid: int


@dataclass(frozen=True)
class Batch(Event):
    """Progress within ``epoch`` (counted from 1); mean loss and accuracy since it began."""

    type: ClassVar[str] = "batch"
    epoch: int
    batch: int
    batches: int
    loss: float
    accuracy: float
    learning_rate: float
    images_per_second: float
    epoch_seconds_left: float
    run_seconds_left: float


@dataclass(frozen=True)
class Epoch(Event):
    """A finished epoch.

    The training loss is the one minimised: on mixed and augmented pictures, against votes and
    teachers too, if any. Validation uses the averaged weights (EMA) and the labels alone.
    """

    type: ClassVar[str] = "epoch"
    epoch: int
    train_loss: float
    train_accuracy: float
    validation_loss: float
    validation_accuracy: float
    validation_macro_f1: float
    learning_rate: float
    seconds: float
    best: bool
    """Whether its validation accuracy is higher than that of every earlier epoch."""


@dataclass(frozen=True)
class Checkpoint(Event):
    """Everything needed to resume is saved in ``path``."""

    type: ClassVar[str] = "checkpoint"
    epoch: int
    batch: int
    path: str


@dataclass(frozen=True)
class Stopped(Event):
    """Ended on request, after ``epoch`` finished epochs; the run can be resumed."""

    type: ClassVar[str] = "stopped"
    epoch: int
    batch: int


@dataclass(frozen=True)
class Evaluating(Event):
    """Training is over; the best weights are being evaluated."""

    type: ClassVar[str] = "evaluating"
    epoch: int
    """The epoch the best weights are from."""


@dataclass(frozen=True)
class Finished(Event):
    """The run is complete."""

    type: ClassVar[str] = "finished"
    weights: str
    """Path of the weights file."""
    evaluation: Mapping[str, Any]
    """As in evaluation.json (ml.evaluation.evaluate.to_json)."""


@dataclass(frozen=True)
class Failed(Event):
    """The run ended with an error; what was saved before it is kept."""

    type: ClassVar[str] = "failed"
    message: str
    hint: str


_TYPES: Final[Mapping[str, type[Event]]] = {
    event.type: event
    for event in (
        Loading,
        Estimate,
        Started,
        Batch,
        Epoch,
        Checkpoint,
        Stopped,
        Evaluating,
        Finished,
        Failed,
    )
}


_HINTS: Final = {name: get_type_hints(event) for name, event in _TYPES.items()}


def to_line(event: Event) -> str:
    """One line of JSON without the line end. NaN and infinity, which JSON lacks, become null."""
    values = {"schema": SCHEMA, "type": event.type} | {
        f.name: getattr(event, f.name) for f in dataclasses.fields(event)
    }
    return json.dumps(_finite(values), separators=(",", ":"), allow_nan=False)


def tells(line: bytes, kind: type[Event]) -> bool:
    """Whether ``line``, as written by ``to_line``, is a ``kind``; without parsing it."""
    return f'"type":"{kind.type}"'.encode() in line


def parse_line(line: str | bytes) -> Event | None:
    """The event in ``line``, or None for anything else: garbage, half a line, another schema."""
    try:
        values = json.loads(line)
        if not isinstance(values, dict) or values.get("schema") != SCHEMA:
            return None
        event = _TYPES[values["type"]]
        hints = _HINTS[event.type]
        return event(
            **{f.name: _checked(values[f.name], hints[f.name]) for f in dataclasses.fields(event)}
        )
    # json raises RecursionError for deep nesting, ValueError for huge integers
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None


def _checked(value: object, wanted: Any) -> Any:  # noqa: ANN401 - a type, perhaps generic
    origin = get_origin(wanted) or wanted
    if origin is float:
        if value is None:
            return math.nan
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
    elif origin is int:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    elif isinstance(value, origin):
        return value
    raise TypeError(f"{value!r} is not {wanted}")


def _finite(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value
