"""Csv that Excel opens by a double click, with numbers as numbers and names as they are."""

from __future__ import annotations

import codecs
import io
import locale
import sys
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from ml.recording.corrected import Corrected
from ml.recording.errors import RecordingError
from ml.recording.exports import tidy

_MOST_ROWS: Final = 1_048_575
"""Of a sheet, below the names of the columns."""
_FORMULA: Final = "^[=+@'-]"
"""What Excel takes for the beginning of a formula; and the quote, which Excel hides."""


@dataclass(frozen=True)
class Separators:
    """Those of a computer's settings; Excel expects them, and has no other way to be told."""

    cells: str
    decimals: str


def content(corrected: Corrected, separators: Separators | None = None) -> bytes:
    """With the separators of this computer, unless told others.

    A byte order mark says that it is UTF-8: Excel does not heed it below a line that names the
    separator. Raises RecordingError if the rows do not fit into a sheet.
    """
    table = tidy.table(corrected)
    if table.num_rows > _MOST_ROWS:
        raise RecordingError(
            f"Excel shows {_MOST_ROWS:,} rows, and this recording has {table.num_rows:,}. Export "
            "it as csv or Parquet, for other programs."
        )
    separators = separators or _of_this_computer()
    columns = {name: _cells(table[name], separators.decimals) for name in table.column_names}
    file = io.BytesIO(codecs.BOM_UTF8)
    file.seek(0, io.SEEK_END)
    options = csv.WriteOptions(delimiter=separators.cells, quoting_style="needed")
    csv.write_csv(pa.table(columns), file, options)
    return file.getvalue()


def _cells(column: pa.ChunkedArray, decimals: str) -> pa.ChunkedArray:
    kind = column.type
    if pa.types.is_string(kind):
        return pc.replace_substring_regex(column, f"({_FORMULA})", r"'\1")
    if pa.types.is_boolean(kind):
        return column.cast(pa.int8())  # Excel's words for true and false depend on its language
    if pa.types.is_timestamp(kind):
        column = column.cast(pa.timestamp("ms"))  # Excel reads no time zones
    elif not pa.types.is_floating(kind):
        return column
    return pc.replace_substring(column.cast(pa.string()), ".", decimals)


def _of_this_computer() -> Separators:
    if sys.platform == "win32":
        import winreg

        with winreg.OpenKey(winreg.HKEY_CURRENT_USER, r"Control Panel\International") as settings:
            return Separators(
                winreg.QueryValueEx(settings, "sList")[0],
                winreg.QueryValueEx(settings, "sDecimal")[0],
            )
    comma = _has_decimal_comma()
    return Separators(";", ",") if comma else Separators(",", ".")


def _has_decimal_comma() -> bool:
    before = locale.setlocale(locale.LC_NUMERIC)
    try:
        locale.setlocale(locale.LC_NUMERIC, "")
        return locale.localeconv()["decimal_point"] == ","
    except locale.Error:  # the system names a language that is not installed
        return False
    finally:
        locale.setlocale(locale.LC_NUMERIC, before)
