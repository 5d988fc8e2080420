"""The faces of one recording that the gallery shows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from app.files.gallery.found_face import FoundFace, Place
from ml.batch.items import Item, Kind
from ml.expressions import Expression
from ml.recording.about import About
from ml.recording.cells import one_line
from ml.recording.columns import FACES_FILE
from ml.recording.corrections import CORRECTIONS_FILE
from ml.recording.examples import examples
from ml.recording.faces import Faces
from ml.recording.opened import open_recording

Version = tuple[tuple[int, int] | None, ...]
"""Another one if the files of a recording are others."""


@dataclass(frozen=True, eq=False)
class Reading:
    """``n`` faces, in the order of time; only what is shown of the recording is kept."""

    item: Item
    folder: Path
    version: Version
    about: About
    names: dict[int, str]
    """By track id after merging."""
    files: tuple[Path, ...]
    """[n]: where each face is; those of pictures that are not among the item's are left out."""
    sizes: tuple[tuple[int, int] | None, ...]
    """[n]"""
    turned: tuple[int, ...]
    """[n]: degrees clockwise."""
    time: npt.NDArray[np.float64]
    person: npt.NDArray[np.int64]
    box: npt.NDArray[np.float32]
    """[n, 4]"""
    probabilities: npt.NDArray[np.float32]
    """[n, 7]"""
    expression: npt.NDArray[np.int8]
    quality: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.time)

    @property
    def confidence(self) -> npt.NDArray[np.float32]:
        """[n]: the probability of each one's expression."""
        confidence: npt.NDArray[np.float32] = self.probabilities[
            np.arange(len(self)), self.expression
        ]
        return confidence

    def face(self, n: int) -> FoundFace:
        person, time, quality = int(self.person[n]), float(self.time[n]), float(self.quality[n])
        x, y, width, height = self.box[n].tolist()
        of_video = self.item.kind is Kind.VIDEO
        place = Place(
            self.files[n],
            time if of_video else None,
            (x, y, width, height),
            self.turned[n],
            self.sizes[n],
            self.about.began,
            self.about.source_sha256 if of_video else "",
        )
        return FoundFace(
            self.folder,
            time,
            person,
            self.names.get(person, ""),
            place,
            Expression(int(self.expression[n])),
            tuple(self.probabilities[n].tolist()),
            None if math.isnan(quality) else quality,
        )


def version(folder: Path) -> Version:
    return tuple(_stamp(folder / name) for name in (FACES_FILE, CORRECTIONS_FILE))


def read(item: Item, folder: Path) -> Reading:
    """Takes a second for an hour of three people. Raises RecordingError."""
    now = version(folder)  # before it is read: what changes meanwhile is seen later
    corrected = open_recording(folder).corrected
    recording, faces = corrected.recording, corrected.recording.faces
    rows = examples(corrected)
    frames = faces.frame[rows].tolist()
    if item.kind is Kind.PICTURES:
        own = {one_line(file.name): file for file in item.files}
        known = np.array([faces.pictures[frame].name in own for frame in frames], np.bool_)
        rows, frames = rows[known], faces.frame[rows[known]].tolist()
        where = _of_pictures(own, faces, frames)
    else:
        count = len(rows)
        where = {
            "files": item.files[:1] * count,
            "sizes": (None,) * count,
            "turned": (recording.about.turned,) * count,
        }
    return Reading(
        item,
        folder,
        now,
        recording.about,
        corrected.names,
        **where,
        time=faces.time[rows],
        person=corrected.person[rows],
        box=faces.box[rows],
        probabilities=faces.probabilities[rows],
        expression=faces.expressions(rows),
        quality=faces.quality[rows],
    )


def _of_pictures(own: dict[str, Path], faces: Faces, frames: list[int]) -> dict[str, Any]:
    return {
        "files": tuple(own[faces.pictures[frame].name] for frame in frames),
        "sizes": tuple(faces.pictures[frame][-2:] for frame in frames),
        "turned": tuple(faces.pictures[frame].turned for frame in frames),
    }


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        told = path.stat()
    except OSError:
        return None
    return told.st_mtime_ns, told.st_size
