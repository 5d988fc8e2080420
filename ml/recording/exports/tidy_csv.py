"""Tidy csv: read as it is by pandas.read_csv and R's read.csv."""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
from pyarrow import csv

from ml.recording.corrected import Corrected
from ml.recording.exports import tidy


def content(corrected: Corrected) -> bytes:
    """UTF-8; an empty cell where there is no measure."""
    table = tidy.table(corrected)
    place = table.schema.get_field_index("time_utc")
    # By NumPy: Arrow writes times with the computer's time zones, which Windows does not have.
    times = table["time_utc"].cast(pa.timestamp("ms")).to_numpy()
    texts = np.char.add(np.datetime_as_string(times), "Z")
    table = table.set_column(place, "time_utc", pa.array(texts, mask=np.isnat(times)))
    file = io.BytesIO()
    csv.write_csv(table, file, csv.WriteOptions(quoting_style="needed"))
    return file.getvalue()
