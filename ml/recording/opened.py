"""A recording with its corrections."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ml.recording.corrected import Corrected
from ml.recording.corrections import Corrections, read_corrections
from ml.recording.errors import RecordingError
from ml.recording.recording import Recording, read_recording


@dataclass(frozen=True)
class Opened:
    corrected: Corrected
    problems: tuple[str, ...]
    """What is damaged, in words."""


def open_recording(folder: Path) -> Opened:
    """Raises RecordingError; damaged corrections are a problem only."""
    recording = read_recording(folder)
    problems = recording.problems
    corrections = Corrections()
    try:
        corrections = read_corrections(folder)
    except RecordingError as error:
        problems = (*problems, str(error))
    return Opened(Corrected(recording, corrections), problems)


def video_file(recording: Recording) -> Path | None:
    """None if there is none; never outside the recording's folder."""
    video = recording.about.video
    return recording.folder / video.file if video is not None else None
