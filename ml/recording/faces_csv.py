"""Reads faces.csv, also those of others and damaged ones, an hour of three people in a second."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ml.archives import printable
from ml.expressions import LABELS
from ml.recording.cells import from_cell, from_utc, one_line
from ml.recording.columns import FACES, FACES_FILE, FAULTS, LANDMARKS, OF_PICTURES, Column
from ml.recording.errors import RecordingError
from ml.recording.faces import NOBODY, NONE, Faces, PictureFile
from ml.recording.limits import RANGES
from ml.recording.untrusted import read_bytes

_LONGEST: Final = 1 << 30
"""Bytes: ten hours of three people at 30 frames a second. Twice as much memory is needed."""
_BLOCK: Final = 1 << 22
"""Bytes that a thread parses at once. No line can be longer."""
_NAMES: Final = [column.name for column in FACES]
_EXACT: Final = ("time", "predicted", "frame", "person")
"""What a float32 is too coarse for."""

_Columns = tuple[Column, ...]
_Table = Any  # pyarrow's, which has no types
_Values = dict[str, npt.NDArray[Any]]


def read_faces(folder: Path) -> tuple[Faces, str]:
    """The rows up to the first wrong line, and what is wrong with that; empty if there is none.

    A last line without a line end was cut off, and is left out. Raises RecordingError for a file
    that cannot be read, or has other columns.
    """
    path = folder / FACES_FILE
    content = read_bytes(path, _LONGEST)
    start, end = content.find(b"\n") + 1, content.rfind(b"\n") + 1
    columns = check_header(path, content[:start])
    past = end
    while (table := _parsed(columns, content, start, past)) is None:
        past = _first_unparsed(columns, content, start, past)
    values = _values(columns, table)
    rows = _good_rows(values)
    faces = _faces(table, values, rows)
    if rows < table.num_rows:
        past = start + _line_starts(content, start, past)[rows]
    if past == end:
        return faces, ""
    line = content[past : content.find(b"\n", past)]
    why = _why(columns, line, faces.time[-1] if rows else 0.0)
    number = content.count(b"\n", 0, past) + 1
    return faces, (
        f"{FACES_FILE}, line {number}, is not of a recording: {printable(why, 200)}; "
        "what comes after it is left out."
    )


def check_header(path: Path, line: bytes) -> tuple[Column, ...]:
    """The columns: FACES, with OF_PICTURES or without.

    Raises RecordingError if ``line``, the first of faces.csv, has other names. An empty one was not
    written before the program was killed.
    """
    names = line.rstrip(b"\n").decode(errors="replace").split(",")
    if names == _NAMES + [column.name for column in OF_PICTURES]:
        return (*FACES, *OF_PICTURES)
    if line and names != _NAMES:
        expected = next((name for name in _NAMES if name not in names), "another order")
        raise RecordingError(
            f"{path}, line 1, is not of a recording: its columns are not those of schema 1 "
            f"({expected} expected)."
        )
    return FACES


def _parsed(columns: _Columns, content: bytes, start: int, end: int) -> _Table | None:
    """The lines from ``start`` to ``end``; None if one of them, or more, cannot be parsed."""
    import pyarrow as pa  # takes a third of a second, which the window does not wait for
    from pyarrow import csv as pa_csv

    texts = pa.dictionary(pa.int32(), pa.string())
    types = {column.name: pa.float32() for column in columns}
    types |= {column.name: pa.int64() for column in columns if column.decimals == 0}
    types |= {column.name: texts for column in columns if column.decimals is None}
    types |= {"time": pa.float64(), "predicted": pa.float64()}
    types |= {"time_utc": pa.timestamp("ms", "UTC")}
    if start == end:
        return pa.schema(types).empty_table()
    try:
        table = pa_csv.read_csv(
            pa.BufferReader(pa.py_buffer(content).slice(start, end - start)),
            pa_csv.ReadOptions(column_names=[c.name for c in columns], block_size=_BLOCK),
            pa_csv.ParseOptions(ignore_empty_lines=False),
            pa_csv.ConvertOptions(column_types=types, null_values=[""], strings_can_be_null=False),
        )
    except pa.ArrowInvalid:
        return None
    # Quotes can make one row of two lines, and a carriage return two rows of one.
    return table if table.num_rows == content.count(b"\n", start, end) else None


def _first_unparsed(columns: _Columns, content: bytes, start: int, end: int) -> int:
    """Where the first line begins that cannot be parsed; one is known to be there."""
    while True:
        middle = content.rfind(b"\n", start, (start + end) // 2) + 1 or (
            content.find(b"\n", start, end) + 1
        )
        if middle == end:
            return start
        if _parsed(columns, content, start, middle) is None:
            end = middle
        else:
            start = middle


def _line_starts(content: bytes, start: int, end: int) -> npt.NDArray[np.intp]:
    """Counted from ``start``."""
    ends = np.flatnonzero(np.frombuffer(content, np.uint8, end - start, start) == ord("\n"))
    return np.concatenate([[0], ends + 1])


def _values(columns: _Columns, table: _Table) -> _Values:
    """Of each column of numbers; NaN where its cell is empty, infinite where it is wrong."""
    values: _Values = {}
    for column in columns:
        if column.decimals is None:
            continue
        cells = table[column.name]
        array = cells.to_numpy().astype(np.float64 if column.name in _EXACT else np.float32)
        least, greatest = RANGES[column.unit]
        outside = ~((array >= least) & (array <= greatest))
        if np.count_nonzero(outside) > cells.null_count:
            array[outside & cells.is_valid().to_numpy()] = np.inf
        values[column.name] = array
    return values


def _good_rows(values: _Values) -> int:
    """How many rows there are before the first wrong one."""
    time = values["time"]
    wrong = np.isnan(time) | np.isnan(values["frame"]) | (np.diff(time, prepend=0.0) < 0)
    for array in values.values():
        wrong |= np.isinf(array)
    return int(wrong.argmax()) if wrong.any() else len(wrong)


def _faces(table: _Table, values: _Values, rows: int) -> Faces:
    """The first ``rows``."""
    table = table.slice(0, rows)
    values = {name: array[:rows] for name, array in values.items()}
    points = (f"{name}_{axis}" for name in LANDMARKS for axis in "xy")
    moments = table["time_utc"].to_numpy()
    person = np.nan_to_num(values["person"], nan=NOBODY).astype(np.int64)
    return Faces(
        time=values["time"],
        wall_time=np.where(np.isnat(moments), np.nan, moments.astype(np.int64) / 1000),
        frame=values["frame"].astype(np.int64),
        person=person,
        box=_group(values, "x", "y", "width", "height"),
        landmarks=_group(values, *points).reshape(-1, len(LANDMARKS), 2),
        score=values["score"],
        quality=values["quality"],
        fault=_codes(table["fault"], {name: fault.value for name, fault in FAULTS.items()}),
        raw=_group(values, *(f"raw_{label}" for label in LABELS)),
        probabilities=_group(values, *LABELS),
        label=_codes(table["label"], {label: i for i, label in enumerate(LABELS)}),
        valence=values["valence"],
        predicted=values["predicted"],
        views=np.nan_to_num(values["views"]).clip(0, np.iinfo(np.int16).max).astype(np.int16),
        names=_names(person, table["name"]),
        pictures=_pictures(table, values) if "file" in table.column_names else {},
    )


def _pictures(table: _Table, values: _Values) -> dict[int, PictureFile]:
    frames, first = np.unique(values["frame"].astype(np.int64), return_index=True)
    texts = []
    for name in ("file", "sha256"):
        codes, unique = _encoded(table[name])
        texts.append([one_line(unique[code].removeprefix("'")) for code in codes[first]])
    turned, *size = (
        np.nan_to_num(values[name])[first].astype(int).tolist()
        for name in ("turned", "picture_width", "picture_height")
    )
    quarter_turns = [degrees if degrees in (90, 180, 270) else 0 for degrees in turned]
    files = map(PictureFile, *texts, quarter_turns, *size)
    return dict(zip(frames.tolist(), files, strict=True))


def _group(values: _Values, *names: str) -> npt.NDArray[np.float32]:
    """[rows, names]; a row in which one is missing has none."""
    group = np.stack([values[name] for name in names], axis=1)
    group[np.isnan(group).any(axis=1)] = np.nan
    return group


def _codes(texts: _Table, known: dict[str, int]) -> npt.NDArray[np.int8]:
    """The numbers of ``texts``; NONE for an empty or unknown one."""
    codes, unique = _encoded(texts)
    return np.array([*(known.get(text, NONE) for text in unique), NONE], np.int8)[codes]


def _names(person: npt.NDArray[np.int64], texts: _Table) -> dict[int, str]:
    """That of the last row of each person, if it has one."""
    codes, unique = _encoded(texts)
    people, last = np.unique(person[::-1], return_index=True)
    named = {
        int(track): one_line(unique[code].removeprefix("'"))
        for track, code in zip(people, codes[::-1][last], strict=True)
        if track != NOBODY
    }
    return {track: name for track, name in named.items() if name}


def _encoded(texts: _Table) -> tuple[npt.NDArray[np.int32], list[str]]:
    """For each row, the place of its text in the list."""
    array = texts.unify_dictionaries().combine_chunks()
    if not len(array):
        return np.empty(0, np.int32), []
    return array.indices.to_numpy(), array.dictionary.to_pylist()


def _why(columns: _Columns, line: bytes, before: float) -> str:
    """What is wrong with it; ``before`` is the time of the line above."""
    if len(line) >= _BLOCK:
        return "it is too long"
    if b"\0" in line:
        return "it has zero bytes, as after a power cut"
    try:
        (cells,) = csv.reader([line.decode()], strict=True)
        if len(cells) != len(columns):
            return f"it has {len(cells)} cells instead of {len(columns)}"
        for column, cell in zip(columns, cells, strict=True):
            value = from_cell(column, cell)
            if value is None and column.name in ("time", "frame"):
                return f"it has no {column.name}"
            if isinstance(value, str) or value is None:
                continue
            least, greatest = RANGES[column.unit]
            if not least <= value <= greatest:
                return f"{column.name} cannot be {cell}"
            if column.name == "time" and value < before:
                return f"its time, {cell}, is before that of the line above"
        if cells[1]:
            from_utc(cells[1])
    except (ValueError, csv.Error) as error:
        return str(error)
    return "it cannot be read"
