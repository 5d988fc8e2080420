"""Py-feat's fex.csv, as its first detector writes it and ``feat.utils.io.read_feat`` reads it.

https://py-feat.org, Detecting facial expressions from images, Saving detections to a file
"""

from __future__ import annotations

import io
from typing import Final

import numpy as np
import pyarrow as pa
from pyarrow import csv

from ml.expressions import Expression
from ml.recording.cells import one_line
from ml.recording.corrected import Corrected
from ml.recording.exports import tidy
from ml.recording.exports.intervals import person_name
from ml.recording.faces import NOBODY

_POINTS: Final = 68
_KNOWN_POINTS: Final = {30: 2, 48: 3, 54: 4}
"""Numbers of the 68 that are among the five landmarks of a face: nose, left and right mouth."""
_AUS: Final = (1, 2, 4, 5, 6, 7, 9, 10, 11, 12, 14, 15, 17, 20, 23, 24, 25, 26, 28, 43)
_EMOTIONS: Final = {
    "anger": Expression.ANGRY,
    "disgust": Expression.DISGUST,
    "fear": Expression.FEAR,
    "happiness": Expression.HAPPY,
    "sadness": Expression.SAD,
    "surprise": Expression.SURPRISE,
    "neutral": Expression.NEUTRAL,
}


def content(corrected: Corrected) -> bytes:
    """Without the excluded rows, and without the 512 columns of a face's embedding.

    What nobody measured is empty; in the row of a frame without faces, so is all about a face.
    ``frame`` is that of ``input``, from 0: the recording's video, or the source if there is none.
    """
    recording, kept = corrected.recording, corrected.kept
    faces, about = recording.faces, recording.about
    rows = int(kept.sum())
    unknown = pa.nulls(rows, pa.float64())
    columns: dict[str, pa.Array] = {}
    for n, name in enumerate(("FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight")):
        columns[name] = tidy.numbers(faces.box[kept, n])
    columns["FaceScore"] = tidy.numbers(faces.score[kept])
    for axis in (0, 1):
        for point in range(_POINTS):
            known = _KNOWN_POINTS.get(point)
            columns[f"{'xy'[axis]}_{point}"] = (
                unknown if known is None else tidy.numbers(faces.landmarks[kept, known, axis])
            )
    for name in ("Pitch", "Roll", "Yaw", "X", "Y", "Z", *(f"AU{number:02}" for number in _AUS)):
        columns[name] = unknown
    for name, expression in _EMOTIONS.items():
        columns[name] = tidy.numbers(faces.probabilities[kept, expression])
    for name in ("gaze_pitch", "gaze_yaw", "gaze_angle", "FrameHeight", "FrameWidth"):
        columns[name] = unknown
    source = about.source if about.video is None else about.video.file
    columns["input"] = pa.array([one_line(source)] * rows, pa.string())
    analysed = np.cumsum(np.diff(faces.time, prepend=-np.inf) > 0) - 1
    columns["frame"] = pa.array((faces.frame if about.video is None else analysed)[kept])
    minutes, seconds = np.divmod(faces.time[kept].astype(int), 60)
    clock = [f"{m:02}:{s:02}" for m, s in zip(minutes.tolist(), seconds.tolist(), strict=True)]
    columns["approx_time"] = pa.array(clock, pa.string())
    columns["Identity"] = _identities(corrected)
    file = io.BytesIO()
    csv.write_csv(pa.table(columns), file, csv.WriteOptions(quoting_style="needed"))
    return file.getvalue()


def _identities(corrected: Corrected) -> pa.Array:
    """Names as Py-feat gives them to those without one; null in a frame without faces."""
    tracks, places = np.unique(corrected.person[corrected.kept], return_inverse=True)
    names = [
        person_name(corrected, track) if corrected.names.get(track) else f"Person_{track}"
        for track in tracks.tolist()
    ]
    nobody = tracks == NOBODY
    return pa.array(np.array(names, object)[places], pa.string(), mask=nobody[places])
