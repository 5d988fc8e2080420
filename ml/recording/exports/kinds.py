"""The forms that a recording can be exported to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Kind:
    """A form that a recording can be exported to."""

    title: str
    suffix: str
    """Of the file's name, after the recording's, and a number where that name is taken."""


KINDS: Final[Mapping[str, Kind]] = {
    "csv": Kind("csv, for pandas and R", ".csv"),
    "excel": Kind("csv, for Excel", " (Excel).csv"),
    "parquet": Kind("Parquet", ".parquet"),
    "fex": Kind("Py-feat (fex.csv)", " fex.csv"),
    "elan": Kind("ELAN (.eaf)", ".eaf"),
    "textgrid": Kind("Praat (TextGrid)", ".TextGrid"),
    "report": Kind("Report (HTML)", ".html"),
}
