"""What a recording tells of itself: recording.json."""

from __future__ import annotations

import dataclasses
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from ml.recording.cells import from_utc, one_line, to_utc
from ml.recording.errors import RecordingError
from ml.recording.limits import HIGHEST_COUNT, LATEST, number
from ml.recording.untrusted import read_bytes
from ml.vision.addresses import without_credentials

ABOUT_FILE: Final = "recording.json"
SCHEMA: Final = 1
PROGRAM: Final = "face-expression-detector"
VIDEO_KINDS: Final = ("plain", "annotated", "blurred")
_LONGEST: Final = 1 << 24
"""Bytes; a usual one has 1,000, one of a folder of broken pictures 200 for each."""
_PACKAGES: Final = {"openvino": "openvino", "numpy": "numpy", "opencv": "opencv-python"}


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:  # built in another way, such as a system's own OpenCV
        return "unknown"


def _versions() -> dict[str, str]:
    return {"python": platform.python_version()} | {
        name: _version(package) for name, package in _PACKAGES.items()
    }


@dataclass(frozen=True)
class Video:
    """The video of a recording."""

    file: str
    """A plain file name in the recording's folder."""
    kind: str
    """One of VIDEO_KINDS."""


@dataclass(frozen=True)
class About:
    """Where a recording comes from, and how it was made."""

    began: float
    """In seconds since 1970; the file has it as UTC, to the millisecond."""
    source: str
    """The source's name; the file has it without user name and password."""
    weights: str
    """Name of the weights file."""
    weights_sha256: str
    trained_on: str
    device: str
    engine: str
    settings: Mapping[str, Any]
    """The AnalysisOptions as a dict, as they were in the beginning."""
    note: str = ""
    """The user's own on the whole recording, on one line."""
    video: Video | None = None
    frames_dropped: int = 0
    """That should have been recorded, but came faster than they could be written."""
    pictures_dropped: int = 0
    """Frames that are in the data, but not in the video."""
    seconds: float | None = None
    """How long it is; None while it is recorded, and for ever if the program was killed."""
    people: int | None = None
    """Track ids in it; None as above."""
    ended: str | None = None
    """How it ended, in words; None while it is recorded, and for ever if the program was killed."""
    program: str = PROGRAM
    version: str = field(default_factory=lambda: _version(PROGRAM))
    source_sha256: str = ""
    """Of the file that was analysed, or of all of them; empty if it was not of files."""
    turned: int = 0
    """Degrees clockwise by which all frames were turned: by Rotate, or as a video lay so."""
    problems: Mapping[str, str] = field(default_factory=dict)
    """Why files could not be analysed, or not to their end, by their names."""
    versions: Mapping[str, str] = field(default_factory=_versions)
    """Of Python and the libraries that compute."""

    def to_json(self) -> bytes:
        source = without_credentials(self.source)
        values = dataclasses.asdict(self) | {"began": to_utc(self.began), "source": source}
        return json.dumps({"schema": SCHEMA, **values}, indent=1, allow_nan=False).encode()

    @classmethod
    def from_json(cls, content: bytes) -> About:
        """Tolerant: what is missing or of the wrong type is empty, what is unknown is left out.

        Raises RecordingError, whose message goes on after the file's name, unless schema, time and
        video can be relied on.
        """
        try:
            # What is not a number, which JSON does not have, could not be written again.
            values = json.loads(content, parse_constant=lambda _: None)
        except (ValueError, RecursionError) as error:
            raise RecordingError("is damaged: it is not JSON.") from error
        schema = values.get("schema") if isinstance(values, dict) else None
        if type(schema) is not int or schema < 1:
            raise RecordingError("is not of this program: it has no schema number.")
        if schema > SCHEMA:
            raise RecordingError(
                f"was written by a newer version of this program (schema {schema}, this version "
                f"reads {SCHEMA}). Update the program."
            )
        try:
            began = from_utc(_of(str, values, "began"))
            to_utc(began)  # fails where the time zone moves it out of the calendar
        except (ValueError, OverflowError, OSError) as error:
            raise RecordingError("is damaged: it does not tell when it began.") from error
        people = number(values.get("people"), 0, HIGHEST_COUNT)
        texts = (
            *("source", "source_sha256", "weights", "weights_sha256", "trained_on"),
            *("device", "engine", "program", "version"),
        )
        return cls(
            began,
            **{name: one_line(_of(str, values, name)) for name in texts},
            settings=_of(dict, values, "settings"),
            note=one_line(_of(str, values, "note")),
            video=_video(values.get("video")),
            frames_dropped=max(_of(int, values, "frames_dropped"), 0),
            seconds=number(values.get("seconds"), 0, LATEST),
            people=None if people is None else int(people),
            pictures_dropped=max(_of(int, values, "pictures_dropped"), 0),
            ended=None if values.get("ended") is None else one_line(_of(str, values, "ended")),
            turned=_of(int, values, "turned"),
            problems=_texts(values, "problems"),
            versions=_texts(values, "versions"),
        )


def read_about(folder: Path) -> About:
    """Raises RecordingError for a folder that is no recording, damaged, or of a newer schema."""
    path = folder / ABOUT_FILE
    content = read_bytes(path, _LONGEST)
    try:
        return About.from_json(content)
    except RecordingError as error:
        raise RecordingError(f"{path} {error}") from error


def _of(kind: type[Any], values: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - a kind
    value = values.get(name)
    return value if type(value) is kind else kind()


def _texts(values: Mapping[str, Any], name: str) -> dict[str, str]:
    return {one_line(key): one_line(str(text)) for key, text in _of(dict, values, name).items()}


def _video(values: object) -> Video | None:
    if values is None:
        return None
    if isinstance(values, dict):
        file, kind = _of(str, values, "file"), values.get("kind")
        if kind in VIDEO_KINDS and is_plain(file):
            return Video(file, kind)
    raise RecordingError("is damaged: its video is not the name of a file in the folder.")


def is_plain(name: str) -> bool:
    """Whether ``name`` is that of a file in the folder, on every system."""
    return bool(name.strip(". ")) and name.isprintable() and not set(name) & set('<>:"/\\|?*')
