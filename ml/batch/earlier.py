"""Pictures that need not be analysed again, for an earlier result has what is in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ml.batch.options import BatchOptions
from ml.batch.results import ENDED, settings
from ml.recording.errors import RecordingError
from ml.recording.faces import NOBODY, Faces, PictureFile
from ml.recording.recording import read_recording
from ml.vision.analysis import Face, Fault, Quality, TrackedFace


@dataclass(frozen=True)
class Known:
    """What a result says of a picture."""

    file: PictureFile
    faces: tuple[TrackedFace, ...]


def known_pictures(
    folders: Iterable[Path], options: BatchOptions, weights_sha256: str
) -> Mapping[str, Known]:
    """By the SHA-256 of their files: of the recordings in ``folders`` with the same settings.

    A recording may be missing, or have been cut off; what is in it is as exact as in the file.
    """
    known: dict[str, Known] = {}
    for folder in folders:
        try:
            recording = read_recording(folder)
        except RecordingError:
            continue
        about = recording.about
        if about.weights_sha256 == weights_sha256 and about.settings == settings(options):
            known |= _pictures(recording.faces, whole=about.ended == ENDED)
    known.pop("", None)
    return known


def _pictures(faces: Faces, *, whole: bool) -> dict[str, Known]:
    if not faces.pictures:
        return {}
    begins = np.flatnonzero(np.diff(faces.frame, prepend=-1))
    rows = np.split(np.arange(len(faces)), begins[1:])
    found = {}
    for of_one in rows if whole else rows[:-1]:  # the last one's may not all have been written
        file = faces.pictures[int(faces.frame[of_one[0]])]
        seen = [_face(faces, row) for row in of_one if faces.person[row] != NOBODY]
        found[file.sha256] = Known(file, tuple(seen))
    return found


def _face(faces: Faces, row: int) -> TrackedFace:
    x, y, width, height = faces.box[row].tolist()
    left_eye, right_eye, nose, left_mouth, right_mouth = (
        (px, py) for px, py in faces.landmarks[row].tolist()
    )
    face = Face(
        *(x, y, width, height, float(faces.score[row])),
        (left_eye, right_eye, nose, left_mouth, right_mouth),
    )
    fault = int(faces.fault[row])
    return TrackedFace(
        int(faces.person[row]),
        face,
        raw=tuple(faces.raw[row].tolist()),
        probabilities=tuple(faces.probabilities[row].tolist()),
        answered=0.0,
        views=int(faces.views[row]),
        quality=Quality(
            float(faces.quality[row]),
            Fault(fault) if fault > 0 else None,
            *(height, np.nan, np.nan, np.nan, np.nan, np.nan),
        ),
    )
