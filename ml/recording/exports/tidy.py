"""A recording as one table: a row for each face of each analysed frame, as corrected."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ml.expressions import LABELS
from ml.recording.columns import FAULTS, LANDMARKS, OF_PICTURES
from ml.recording.corrected import Corrected
from ml.recording.faces import NOBODY


def table(corrected: Corrected) -> pa.Table:
    """The columns of faces.csv, then ``excluded``; nulls where there is no measure."""
    faces, person = corrected.recording.faces, corrected.person
    nobody = person == NOBODY
    names = np.array([corrected.names.get(int(p), "") for p in person], object)
    columns: dict[str, pa.Array] = {
        "time": numbers(faces.time),
        "time_utc": _times(faces.wall_time),
        "frame": pa.array(faces.frame),
        "person": pa.array(person, mask=nobody),
        "name": pa.array(names, pa.string(), mask=names == ""),
    }
    for n, side in enumerate(("x", "y", "width", "height")):
        columns[side] = numbers(faces.box[:, n])
    for n, landmark in enumerate(LANDMARKS):
        for axis in (0, 1):
            columns[f"{landmark}_{'xy'[axis]}"] = numbers(faces.landmarks[:, n, axis])
    columns["score"], columns["quality"] = numbers(faces.score), numbers(faces.quality)
    columns["fault"] = _words(faces.fault, {fault.value: name for name, fault in FAULTS.items()})
    for n, label in enumerate(LABELS):
        columns[f"raw_{label}"] = numbers(faces.raw[:, n])
    for n, label in enumerate(LABELS):
        columns[label] = numbers(faces.probabilities[:, n])
    columns["label"] = _words(faces.label, dict(enumerate(LABELS)))
    columns["valence"] = numbers(faces.valence)
    columns["predicted"] = numbers(faces.predicted)
    columns["views"] = pa.array(faces.views, mask=faces.views == 0)
    if faces.pictures:
        files = [faces.pictures[frame] for frame in faces.frame.tolist()]
        for column, values in zip(OF_PICTURES, zip(*files, strict=True), strict=True):
            columns[column.name] = pa.array(values)
    columns["excluded"] = pa.array(~corrected.kept)
    return pa.table(columns)


def numbers(values: npt.NDArray[Any]) -> pa.Array:
    """With the decimals of faces.csv, and nulls for NaN."""
    rounded = np.round(values.astype(np.float64), 4) + 0.0  # no negative zeros
    return pa.array(rounded, from_pandas=True)


def _times(seconds: npt.NDArray[np.float64]) -> pa.Array:
    """Seconds since 1970 as times in UTC, to the millisecond."""
    unknown = np.isnan(seconds)
    milliseconds = np.round(np.where(unknown, 0, seconds) * 1000).astype(np.int64)
    return pa.array(milliseconds, pa.int64(), mask=unknown).cast(pa.timestamp("ms", "UTC"))


def _words(values: npt.NDArray[np.int8], words: dict[int, str]) -> pa.Array:
    """Null for values without a word."""
    chosen = np.full(len(values), None, object)
    for value, word in words.items():
        chosen[values == value] = word
    return pa.array(chosen, pa.string())
