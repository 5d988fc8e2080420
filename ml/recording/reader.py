"""Reads recordings, also those of others and damaged ones: nothing in them is relied on."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any, Final

from ml.expressions import LABELS, Expression, parse_expression
from ml.recording.about import ABOUT_FILE, About
from ml.recording.cells import from_cell, from_utc
from ml.recording.columns import FACES, FACES_FILE, FAULTS, LANDMARKS
from ml.recording.errors import RecordingError
from ml.vision.analysis import Fault, Point

_LONGEST_ABOUT: Final = 1 << 20  # bytes; a usual one has 1,000
_LONGEST_LINE: Final = 1 << 16  # bytes; a usual one has 300
_NAMES: Final = [column.name for column in FACES]


@dataclass(frozen=True)
class FaceRow:
    """A row of faces.csv; None stands for an empty cell."""

    time: float
    """In seconds since the first frame."""
    wall_time: float | None
    """In seconds since 1970."""
    frame: int
    person: int | None
    """The track id; None for a frame without faces, and so is all below."""
    name: str
    """Empty unless the user gave one."""
    box: tuple[float, ...] | None
    """x, y, width, height, in pixels of the frame."""
    landmarks: tuple[Point, ...] | None
    """As ``Face.landmarks``."""
    score: float | None
    quality: float | None
    fault: Fault | None
    raw: tuple[float, ...] | None
    """A probability for each Expression, in their order; ``probabilities`` likewise."""
    probabilities: tuple[float, ...] | None
    label: Expression | None
    valence: float | None
    predicted: float | None
    """In seconds since the first frame."""
    views: int | None


def read_about(folder: Path) -> About:
    """Raises RecordingError for a folder that is no recording, damaged, or of a newer schema."""
    path = folder / ABOUT_FILE
    with _reading(path) as file:
        content = file.read(_LONGEST_ABOUT + 1)
    if len(content) > _LONGEST_ABOUT:
        raise RecordingError(f"{path} is damaged: it is too long.")
    try:
        return About.from_json(content)
    except RecordingError as error:
        raise RecordingError(f"{path} {error}") from error


def read_faces(folder: Path) -> Iterator[FaceRow]:
    """The rows of faces.csv in order; a last line that was cut off is left out.

    Raises RecordingError for a file that cannot be read, and at the first wrong line.
    """
    path = folder / FACES_FILE
    with _reading(path) as file:
        lines = iter(partial(file.readline, _LONGEST_LINE), b"")
        for number, line in enumerate(lines, 1):
            if not line.endswith(b"\n"):
                if len(line) < _LONGEST_LINE:
                    return  # the program was killed while it wrote this line
                raise RecordingError(f"{path}, line {number}, is too long.")
            try:
                (cells,) = csv.reader([line.decode()], strict=True)
                if number == 1:
                    _check_header(cells)
                else:
                    yield _row(cells)
            except (ValueError, csv.Error) as error:
                raise RecordingError(
                    f"{path}, line {number}, is not of a recording: {str(error)[:200]}."
                ) from error


@contextmanager
def _reading(path: Path) -> Iterator[IO[bytes]]:
    try:
        if path.exists() and not path.is_file():
            raise RecordingError(f"{path} is not a file.")  # a pipe would never end
        with path.open("rb") as file:
            yield file
    except (FileNotFoundError, NotADirectoryError):
        raise RecordingError(f"{path.parent} is not a recording: it has no {path.name}.") from None
    except OSError as error:
        raise RecordingError(f"{path} cannot be read: {error.strerror or error}.") from error


def _check_header(cells: list[str]) -> None:
    if cells != _NAMES:
        expected = next((n for n in _NAMES if n not in cells), "columns in another order")
        raise ValueError(f"its columns are not those of schema 1 ({expected} expected)")


def _row(cells: list[str]) -> FaceRow:
    if len(cells) != len(FACES):
        raise ValueError(f"it has {len(cells)} cells instead of {len(FACES)}")
    values: dict[str, Any] = dict(zip(_NAMES, map(from_cell, FACES, cells), strict=True))
    for name in ("time", "frame"):
        if values[name] is None:
            raise ValueError(f"it has no {name}")
    landmarks = _group(values, *(f"{name}_{axis}" for name in LANDMARKS for axis in "xy"))
    return FaceRow(
        values["time"],
        from_utc(values["time_utc"]) if values["time_utc"] else None,
        values["frame"],
        values["person"],
        values["name"],
        _group(values, "x", "y", "width", "height"),
        tuple(zip(landmarks[::2], landmarks[1::2], strict=True)) if landmarks else None,
        values["score"],
        values["quality"],
        FAULTS.get(values["fault"]),
        _group(values, *(f"raw_{label}" for label in LABELS)),
        _group(values, *LABELS),
        parse_expression(values["label"]),
        values["valence"],
        values["predicted"],
        values["views"],
    )


def _group(values: dict[str, Any], *names: str) -> tuple[float, ...] | None:
    """None unless all of them are there."""
    group = tuple(values[name] for name in names)
    return None if None in group else group
