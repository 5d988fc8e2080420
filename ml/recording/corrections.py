"""What the user changed of a recording afterwards: kept beside the data, which stay as they are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from ml.files import replacing
from ml.recording.cells import one_line
from ml.recording.errors import RecordingError
from ml.recording.limits import HIGHEST_COUNT, LATEST, number
from ml.recording.marker import Marker
from ml.recording.untrusted import MissingError, read_bytes

CORRECTIONS_FILE: Final = "corrections.json"
SCHEMA: Final = 1
_LONGEST: Final = 1 << 24
"""Bytes; a marker or an excluded time takes 100."""
_MOST: Final = 10_000
"""Of names, of merged people, of excluded times, of markers: so many do not delay anybody."""
_WITHOUT: Final = "Rename it to see the recording as it was recorded."


@dataclass(frozen=True)
class Excluded:
    """A time that is not to be counted."""

    start: float
    """Seconds since the first frame; ``end`` likewise."""
    end: float
    person: int | None = None
    """The track id of the one whom it is about; None for everybody."""


@dataclass(frozen=True)
class Corrections:
    names: Mapping[int, str] = field(default_factory=dict)
    """By track id; take the place of recorded ones, an empty name too."""
    merged: Mapping[int, int] = field(default_factory=dict)
    """Track ids, and those of the people whom they are part of."""
    excluded: tuple[Excluded, ...] = ()
    markers: tuple[Marker, ...] | None = None
    """All of them, in the order of time; None are those that were recorded."""
    note: str | None = None
    """On the whole recording; None is the one it was recorded with."""

    def person(self, track: int) -> int:
        """The track id of the one whom ``track`` is part of; itself if merges lead in a circle."""
        return self._people.get(track, track)

    @cached_property
    def _people(self) -> dict[int, int]:
        """``person`` of each merged track; each step is taken once, however long the chains are."""
        people: dict[int, int] = {}
        for track in self.merged:
            path: set[int] = set()
            last = track
            while last in self.merged and last not in people and last not in path:
                path.add(last)
                last = self.merged[last]
            circle = last in path or people.get(last) == last
            people |= {part: part if circle else people.get(last, last) for part in path}
        return people


def read_corrections(folder: Path) -> Corrections:
    """Those of the recording in ``folder``; empty ones if there is no file.

    Tolerant: what is of the wrong type, out of range or unknown is left out. Raises RecordingError
    for a file that cannot be read, is no JSON, or of a newer schema.
    """
    path = folder / CORRECTIONS_FILE
    try:
        content = read_bytes(path, _LONGEST)
    except MissingError:
        return Corrections()
    try:
        return _from_json(content)
    except RecordingError as error:
        raise RecordingError(f"{path} {error}") from error


def write_corrections(folder: Path, corrections: Corrections) -> None:
    """Replace those of the recording in ``folder``. Raises RecordingError.

    A file that ``read_corrections`` refuses is kept under another name.
    """
    path = folder / CORRECTIONS_FILE
    values = _to_values(corrections)
    content = json.dumps(values, indent=1, ensure_ascii=False, allow_nan=False).encode()
    if _too_many(values) or len(content) > _LONGEST:
        raise RecordingError(f"{path} would be too long. Use fewer or shorter corrections.")
    try:
        if not folder.is_dir():  # else a recording that somebody deleted would come back
            raise FileNotFoundError("the recording was moved or deleted")
        _set_aside_unless_readable(folder)
        with replacing(path) as file:
            file.write(content)
    except OSError as error:
        raise RecordingError(
            f"{path} cannot be written: {error.strerror or error}. The corrections are not saved."
        ) from error


def _to_values(corrections: Corrections) -> dict[str, Any]:
    """What the file has."""
    markers, note = corrections.markers, corrections.note
    return {
        "schema": SCHEMA,
        "names": {str(track): one_line(name) for track, name in corrections.names.items()},
        "merged": {str(track): into for track, into in corrections.merged.items()},
        "excluded": [asdict(part) for part in corrections.excluded],
        "markers": None if markers is None else [_marker_values(marker) for marker in markers],
        "note": None if note is None else one_line(note),
    }


def _marker_values(marker: Marker) -> dict[str, Any]:
    return asdict(marker) | {"label": one_line(marker.label), "note": one_line(marker.note)}


def _from_json(content: bytes) -> Corrections:
    """Raises RecordingError, whose message goes on after the file's name."""
    try:
        values = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise RecordingError(f"is damaged: it is not JSON. {_WITHOUT}") from error
    schema = values.get("schema") if isinstance(values, dict) else None
    if type(schema) is not int or schema < 1:
        raise RecordingError(f"is not of this program: it has no schema number. {_WITHOUT}")
    if schema > SCHEMA:
        raise RecordingError(
            f"was written by a newer version of this program (schema {schema}, this version reads "
            f"{SCHEMA}). Update the program."
        )
    if _too_many(values):
        raise RecordingError(f"is too long: more than {_MOST:,} of one kind. {_WITHOUT}")
    names, merged = _by_track(values.get("names")), _by_track(values.get("merged"))
    parts, markers = values.get("excluded"), values.get("markers")
    note = values.get("note")
    return Corrections(
        names={track: one_line(name) for track, name in names.items() if isinstance(name, str)},
        merged={track: into for track, value in merged.items() if (into := _track(value))},
        excluded=tuple(filter(None, map(_excluded, parts if isinstance(parts, list) else []))),
        markers=tuple(sorted(filter(None, map(_marker, markers)), key=lambda marker: marker.time))
        if isinstance(markers, list)
        else None,
        note=one_line(note) if isinstance(note, str) else None,
    )


def _too_many(values: dict[str, Any]) -> bool:
    return any(isinstance(v, dict | list) and len(v) > _MOST for v in values.values())


def _track(value: object) -> int | None:
    track = number(value, 1, HIGHEST_COUNT)
    return int(track) if track is not None and track == int(track) else None


def _by_track(values: object) -> dict[int, Any]:
    """JSON has track ids as texts."""
    if not isinstance(values, dict):
        return {}
    short = {key: value for key, value in values.items() if key.isdecimal() and len(key) < 17}
    return {track: value for key, value in short.items() if (track := _track(int(key)))}


def _excluded(values: object) -> Excluded | None:
    if not isinstance(values, dict):
        return None
    start = number(values.get("start"), -LATEST, LATEST)
    end = number(values.get("end"), -LATEST, LATEST)
    person = _track(values.get("person"))
    # Not to be taken for everybody's because its person is wrong.
    nobody = person is None and values.get("person") is not None
    if start is None or end is None or start >= end or nobody:
        return None
    return Excluded(start, end, person)


def _marker(values: object) -> Marker | None:
    if not isinstance(values, dict):
        return None
    time = number(values.get("time"), -LATEST, LATEST)
    until = number(values.get("until"), -LATEST, LATEST)
    if time is None or (until is None) != (values.get("until") is None):
        return None
    if until is not None and until < time:
        return None
    texts = (values.get(name) for name in ("label", "note"))
    return Marker(time, until, *(one_line(t) if isinstance(t, str) else "" for t in texts))


def _set_aside_unless_readable(folder: Path) -> None:
    try:
        read_corrections(folder)
    except RecordingError:
        path = folder / CORRECTIONS_FILE
        names = (path.with_name(f"{path.name}.unusable-{n}") for n in range(1, 1000))
        path.rename(next(name for name in names if not name.exists()))
