"""What is said between a process that hands out jobs and its workers, as lines of JSON."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

from ml.batch.items import Item, Kind
from ml.batch.options import BatchOptions


@dataclass(frozen=True)
class Job:
    """One item to analyse into the folder ``out``."""

    item: Item
    out: Path
    options: BatchOptions

    @property
    def folder(self) -> Path:
        """Of the recording that it becomes."""
        return self.out / self.item.place


@dataclass(frozen=True)
class Progress:
    """Told a few times a second."""

    done: float
    """Seconds of the video, or pictures."""
    total: float | None
    """The same of all of it; None if a video does not tell."""
    frames: int
    """That were analysed."""
    faces: int
    """Found in them."""


@dataclass(frozen=True)
class Done:
    """The recording is there."""

    seconds: float
    """Its length; a picture counts as one."""
    frames: int
    faces: int
    people: int
    """Track ids in it."""
    unchanged: bool = False
    """It was there already, of the same files, with the same weights and settings."""
    turned: int = 0
    """Degrees clockwise by which a video that lay on its side was turned."""
    problems: Mapping[str, str] = field(default_factory=dict)
    """Why files could not be analysed, or not to their end, by their names."""


@dataclass(frozen=True)
class Failed:
    """There is no recording."""

    reason: str
    problems: Mapping[str, str] = field(default_factory=dict)
    """As in Done, if there was more than one file."""


Outcome = Done | Failed
Message = Progress | Done | Failed
_MESSAGES = {kind.__name__.lower(): kind for kind in (Progress, Done, Failed)}


def job_to_line(job: Job) -> str:
    """Without the line end."""
    item = job.item
    values = {
        "kind": item.kind,
        "files": [str(file) for file in item.files],
        "place": str(item.place),
        "out": str(job.out),
        "options": dataclasses.asdict(job.options),
    }
    return json.dumps(values)


def job_from_line(line: str) -> Job:
    """What ``job_to_line`` made."""
    values = json.loads(line)
    files = tuple(Path(file) for file in values["files"])
    item = Item(Kind(values["kind"]), files, PurePath(values["place"]))
    return Job(item, Path(values["out"]), BatchOptions(**values["options"]))


def message_to_line(message: Message) -> str:
    """Without the line end."""
    name = type(message).__name__.lower()
    return json.dumps({"message": name, **dataclasses.asdict(message)}, allow_nan=False)


def message_from_line(line: str | bytes) -> Message | None:
    """None for what is none, such as what a library prints."""
    try:
        values: dict[str, Any] = json.loads(line)
        return _MESSAGES[values.pop("message")](**values)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
