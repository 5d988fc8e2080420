"""A csv of pixels, as FER2013 first came."""

from __future__ import annotations

import csv
import io
import re
from functools import partial
from pathlib import PurePosixPath
from typing import Final

import numpy as np
import numpy.typing as npt

from ml.data.archive import File
from ml.data.dataset import DatasetError
from ml.data.reading import (
    OFFICIAL_SPLITS,
    UNREADABLE,
    PictureError,
    Progress,
    Reading,
    Told,
    reason,
)
from ml.expressions import parse_expression
from ml.picture import SIDE

_MAX_LINE: Final = 1 << 20  # characters; a row of 48×48 values has about 9,000
_BYTE: Final = re.compile("0*(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])")


def find_csv(files: list[File]) -> File | None:
    """The csv of a folder or archive that holds the pictures, if there is no doubt which it is."""
    tables = {
        PurePosixPath(file.name).name.lower(): file
        for file in files
        if file.name.lower().endswith(".csv") and "__MACOSX" not in file.name
    }
    for name in ("fer2013.csv", "icml_face_data.csv", "train.csv"):
        if name in tables:
            return tables[name]
    return next(iter(tables.values())) if len(tables) == 1 else None


def read_csv(file: File, reading: Reading, progress: Progress) -> None:
    """Reads a csv with the columns emotion, pixels and perhaps Usage; bad rows go to ``bad``.

    Rows are counted as an editor does: the header is row 1. Progress is in bytes.
    """
    row_number = 0
    try:
        with file.open() as stream:
            if b"\0" in stream.read(1024):
                raise _not_utf8(file.name, row_number)
        with file.open() as stream, io.TextIOWrapper(stream, "utf-8-sig", newline="") as text:
            rows = csv.reader(iter(partial(text.readline, _MAX_LINE), ""))
            columns = _columns(file.name, next(rows, []))
            while True:
                try:
                    row = next(rows, None)
                except csv.Error as error:
                    reading.bad.append(f"row {rows.line_num} is not csv: {error}")
                    continue
                if row is None:
                    break
                row_number = rows.line_num
                _read_row(f"row {row_number}", row, columns, reading)
                if row_number % 500 == 0:
                    progress(min(stream.tell(), file.size), file.size)
        progress(file.size, file.size)
    except UnicodeDecodeError as error:
        raise _not_utf8(file.name, row_number) from error
    except (*UNREADABLE, csv.Error) as error:
        raise DatasetError(f"{file.name} {reason(error)} (after row {row_number}).") from error


def _not_utf8(name: str, row_number: int) -> DatasetError:
    return DatasetError(
        f"{name} is not UTF-8 text (seen after row {row_number}); "
        "open it in an editor, save it as UTF-8 and try again."
    )


def _columns(name: str, header: list[str]) -> dict[str, int]:
    columns = {cell.strip().lower(): index for index, cell in enumerate(header)}
    for needed in ("emotion", "pixels"):
        if needed not in columns:
            raise DatasetError(
                f"{name} has no column {needed}: its first row must name emotion and pixels, "
                f"and Usage where the splits are known, but is {','.join(header)[:80]!r}."
            )
    return columns


def _read_row(name: str, row: list[str], columns: dict[str, int], reading: Reading) -> None:
    if not any(row):
        return
    if len(row) < len(columns):
        reading.bad.append(f"{name} has {len(row)} of {len(columns)} columns")
        return
    emotion = row[columns["emotion"]].strip()
    label = parse_expression(emotion)
    if emotion.lower() in {"7", "contempt"}:  # FER2013's order with one more, as in CK+ tables
        reading.left_out["contempt"] += 1
        return
    told = Told()
    if "usage" in columns:
        usage = row[columns["usage"]].strip()
        told = Told(OFFICIAL_SPLITS.get(usage.lower()), official=True)
        if told.part is None:
            known = "Training, PublicTest or PrivateTest"
            reading.bad.append(f"{name} has the unknown Usage {usage[:40]!r} ({known} expected)")
            return
    if label is None:
        reading.bad.append(f"{name} has the unknown class {emotion[:40]!r} (0 to 6 expected)")
        return
    try:
        reading.add(name, label, told, parse_pixels(row[columns["pixels"]]))
    except PictureError as error:
        reading.bad.append(f"{name} {error}")


def parse_pixels(text: str) -> npt.NDArray[np.uint8]:
    """2,304 numbers from 0 to 255 between spaces as pixels [48, 48]; ValueError for any others."""
    if text.isascii() and not text.encode().translate(None, b"0123456789 \t"):
        values = np.fromstring(text, np.int64, sep=" ")
        if values.size != SIDE * SIDE:
            count = len(text.split())
            raise PictureError(f"has {count} pixel values instead of {SIDE * SIDE} ({SIDE}×{SIDE})")
        if values.max() <= 255:
            return values.astype(np.uint8).reshape(SIDE, SIDE)
    wrong = next((number for number in text.split() if not _BYTE.fullmatch(number)), text)
    raise PictureError(f"has the pixel value {wrong[:40]!r}, not a number from 0 to 255")
