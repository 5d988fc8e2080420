"""Reads markers.csv, also those of others and damaged ones."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Final

from ml.archives import printable
from ml.recording.cells import from_cell, one_line
from ml.recording.columns import MARKERS, MARKERS_FILE
from ml.recording.errors import RecordingError
from ml.recording.limits import LATEST
from ml.recording.marker import Marker
from ml.recording.untrusted import read_bytes

_LONGEST: Final = 1 << 24
"""Bytes; a marker without a note has 20."""


def read_markers(folder: Path) -> tuple[tuple[Marker, ...], str]:
    """Those up to the first wrong line in the order of time, and what is wrong with the file.

    That is empty if nothing is. A last line without a line end was cut off, and is left out.
    """
    markers: list[Marker] = []
    problem = ""
    try:
        lines = read_bytes(folder / MARKERS_FILE, _LONGEST).split(b"\n")[:-1]
    except RecordingError as error:
        return (), str(error)
    for number, line in enumerate(lines, 1):
        try:
            (cells,) = csv.reader([line.decode()], strict=True)
            if number > 1:
                markers.append(_marker(cells))
            elif cells != [column.name for column in MARKERS]:
                raise ValueError("its columns are not those of schema 1")
        except (ValueError, csv.Error) as error:
            problem = (
                f"{MARKERS_FILE}, line {number}, is not of a recording: "
                f"{printable(str(error), 200)}; what comes after it is left out."
            )
            break
    return tuple(sorted(markers, key=lambda marker: marker.time)), problem


def _marker(cells: list[str]) -> Marker:
    if len(cells) != len(MARKERS):
        raise ValueError(f"it has {len(cells)} cells instead of {len(MARKERS)}")
    time, until, label, note = map(from_cell, MARKERS, cells)
    if not isinstance(time, float):
        raise ValueError("it has no time")
    last = until if isinstance(until, float) else time
    if not -LATEST <= time <= last <= LATEST:
        raise ValueError(f"it cannot last from {cells[0]} to {cells[1] or cells[0]}")
    return Marker(
        time,
        last if cells[1] else None,
        one_line(str(label)),
        one_line(str(note)),
    )
