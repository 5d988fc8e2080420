"""summary.csv: a row for each file and person."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import numpy as np

from ml.batch.items import Kind
from ml.batch.messages import Job
from ml.expressions import LABELS
from ml.files import replacing
from ml.people.summary import summarise
from ml.recording.cells import Value, to_cell
from ml.recording.columns import Column
from ml.recording.corrected import Corrected
from ml.recording.errors import RecordingError
from ml.recording.faces import NOBODY, NONE
from ml.recording.opened import open_recording

COLUMNS: Final = (
    Column("file", "", None, "its path, from the folder or file that was given on"),
    Column("recording", "", None, "folder of its recording, below the one for results"),
    Column("person", "id", 0, "as in the recording; of a picture the number of the face"),
    Column("name", "", None, "of the person, if somebody gave one in the recording"),
    Column("seconds", "s", 3, "that the person was seen; empty for a picture"),
    *(
        Column(f"share_{label}", "0–1", 4, "of that time in which it was the most probable")
        for label in LABELS
    ),
    *(Column(f"mean_{label}", "0–1", 4, "mean probability over that time") for label in LABELS),
    *(
        Column(f"episodes_{label}", "count", 0, "times that it was held for at least 0.5 s")
        for label in LABELS
    ),
    Column("quality", "0–1", 3, "mean of what the predictions are worth"),
)
_NO_EPISODES: Final = (None,) * len(LABELS)
_Row = tuple[Value, ...]


def write_summary(jobs: Iterable[Job], path: Path) -> list[str]:
    """Of the recordings of ``jobs``, which are done; nobody in a file makes no row.

    Corrections count. Returns what could not be read, in words. Raises OSError.
    """
    problems: list[str] = []
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([column.name for column in COLUMNS])
    for job in jobs:
        try:
            opened = open_recording(job.folder)
        except RecordingError as error:
            problems.append(str(error))
            continue
        problems += [f"{job.folder}: {problem}" for problem in opened.problems]
        rows = _people if job.item.kind is Kind.VIDEO else _faces
        for row in rows(job, opened.corrected):
            writer.writerow(map(to_cell, COLUMNS, row))
    with replacing(path) as file:
        file.write(text.getvalue().encode())
    return problems


def _people(job: Job, corrected: Corrected) -> Iterator[_Row]:
    place = job.item.place.as_posix()
    for person in corrected.tracks:
        rows = corrected.counted(person)
        summary = summarise(rows)
        if summary is None:
            continue
        known = rows["quality"][np.isfinite(rows["quality"])]
        yield (
            *(place, place, person, corrected.names.get(person)),
            *(summary.seconds, *summary.shares, *summary.means, *summary.episodes),
            float(known.mean()) if len(known) else None,
        )


def _faces(job: Job, corrected: Corrected) -> Iterator[_Row]:
    """Of each picture."""
    place = job.item.place
    faces = corrected.recording.faces
    for row in np.flatnonzero((faces.person != NOBODY) & (faces.label != NONE) & corrected.kept):
        file = place.parent / faces.pictures[int(faces.frame[row])].name
        person = int(corrected.person[row])
        shares = [float(faces.label[row] == n) for n in range(len(LABELS))]
        yield (
            *(file.as_posix(), place.as_posix(), person, corrected.names.get(person)),
            *(None, *shares, *faces.probabilities[row].tolist(), *_NO_EPISODES),
            float(faces.quality[row]),
        )
