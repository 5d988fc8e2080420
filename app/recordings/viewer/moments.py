"""What the data say of a moment: which frame was there, and the faces in it."""

from __future__ import annotations

from typing import Final

import numpy as np
from PySide6.QtCore import QRectF

from app.live.views.face_marks import Mark
from ml.expressions import Expression
from ml.people.history import LONGEST
from ml.recording.corrected import Corrected
from ml.recording.faces import NOBODY, NONE
from ml.recording.sizes import SIZE_OF_PICTURES, fit

_USUAL_SIZES: Final = ((640, 480), (1280, 720), (1920, 1080), (3840, 2160))
"""Of frames, in pixels."""
_TICK: Final = 5e-5
"""Half of the smallest difference between the times in faces.csv, in seconds."""


class Moments:
    """The frames of a recording, in the order of their times."""

    def __init__(self, corrected: Corrected) -> None:
        self._corrected = corrected
        time = corrected.recording.faces.time
        self._first = np.flatnonzero(np.diff(time, prepend=-1.0))
        """Each frame's first row."""
        self._times = time[self._first]

    def after(self, time: float, step: int) -> float:
        """The time of the next frame, or with ``step`` -1 of the one before."""
        if not len(self._times):
            return time
        place = int(np.searchsorted(self._times, time + step * _TICK, "right"))
        place -= step < 0
        return float(self._times[min(max(place, 0), len(self._times) - 1)])

    def marks(self, time: float, chosen: int | None) -> list[Mark]:
        """Of the faces in the frame that is shown at ``time``, in pixels of the frame."""
        place = int(np.searchsorted(self._times, time + _TICK, "right")) - 1
        if place < 0 or time - self._times[place] > LONGEST:
            return []
        past = [*self._first[place + 1 : place + 2], len(self._corrected.person)][0]
        rows = range(int(self._first[place]), int(past))
        return [self._mark(row, chosen) for row in rows if self._corrected.person[row] != NOBODY]

    def picture(self, time: float) -> str:
        """The name of the picture that is shown at ``time``; empty in a recording of frames."""
        place = max(int(np.searchsorted(self._times, time + _TICK, "right")) - 1, 0)
        faces = self._corrected.recording.faces
        return faces.pictures[int(faces.frame[self._first[place]])].name if faces.pictures else ""

    def _mark(self, row: int, chosen: int | None) -> Mark:
        faces, person = self._corrected.recording.faces, int(self._corrected.person[row])
        label = int(faces.label[row])
        return Mark(
            self._box(row),
            person,
            None if label == NONE else Expression(label),
            0.0 if label == NONE else float(faces.probabilities[row, label]),
            self._corrected.names.get(person, ""),
            None if self._corrected.kept[row] else "",
            chosen=person == chosen,
        )

    def _box(self, row: int) -> QRectF:
        faces = self._corrected.recording.faces
        x, y, width, height = np.nan_to_num(faces.box[row]).tolist()
        file = faces.pictures.get(int(faces.frame[row]))
        if file is None or not (file.width and file.height):
            return QRectF(x, y, width, height)
        place = fit(file.width, file.height, SIZE_OF_PICTURES)
        across, down = place.width / file.width, place.height / file.height
        return QRectF(place.left + x * across, place.top + y * down, width * across, height * down)

    @property
    def frame_size(self) -> tuple[float, float]:
        """The usual one that holds all boxes, in pixels: recordings without video do not tell."""
        if self._corrected.recording.faces.pictures:
            return SIZE_OF_PICTURES
        box = self._corrected.recording.faces.box
        ends = box[:, :2] + box[:, 2:]
        ends = ends[np.isfinite(ends).all(axis=1)]
        width, height = ends.max(axis=0).tolist() if len(ends) else (0.0, 0.0)
        fits = [size for size in _USUAL_SIZES if width <= size[0] and height <= size[1]]
        return fits[0] if fits else (max(width, 1.0), max(height, 1.0))
