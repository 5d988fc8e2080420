"""Parquet: the tidy table with the types of its columns, and what recording.json tells."""

from __future__ import annotations

import io

import pyarrow.parquet as pq

from ml.recording.corrected import Corrected
from ml.recording.exports import tidy


def content(corrected: Corrected) -> bytes:
    """recording.json is in the file's metadata, under ``recording``."""
    table = tidy.table(corrected)
    about = corrected.recording.about.to_json()
    table = table.replace_schema_metadata({b"recording": about})
    file = io.BytesIO()
    pq.write_table(table, file, compression="zstd")
    return file.getvalue()
