"""A recording as it was recorded; nothing in its files is relied on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ml.recording.about import About, read_about
from ml.recording.faces import Faces
from ml.recording.faces_csv import read_faces
from ml.recording.marker import Marker
from ml.recording.markers_csv import read_markers


@dataclass(frozen=True)
class Recording:
    folder: Path
    about: About
    faces: Faces
    markers: tuple[Marker, ...]
    """In the order of time, in seconds since the first frame."""
    problems: tuple[str, ...] = ()
    """What is damaged and was left out, in words."""


def read_recording(folder: Path) -> Recording:
    """Takes a second for an hour of three people.

    Raises RecordingError for a folder that is no recording, or of a newer schema. What else is
    damaged is left out and told in ``problems``.
    """
    about = read_about(folder)
    faces, wrong_faces = read_faces(folder)
    markers, wrong_markers = read_markers(folder)
    problems = tuple(problem for problem in (wrong_faces, wrong_markers) if problem)
    return Recording(folder, about, faces, markers, problems)
