"""What the list of recordings does with files, in its background thread."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ml.recording.about import read_about
from ml.recording.corrections import read_corrections, write_corrections
from ml.recording.errors import RecordingError
from ml.recording.found import Found, find_recordings


def list_recordings(folder: Path) -> list[Found]:
    """Raises RecordingError."""
    return list(find_recordings(folder))


def add_note(folder: Path, note: str) -> None:
    """Raises RecordingError."""
    write_corrections(folder, replace(read_corrections(folder), note=note))


def find_video(folder: Path) -> Path:
    """That of a recording, never outside its folder. Raises RecordingError if there is none."""
    video = read_about(folder).video
    if video is None:
        raise RecordingError(f"{folder.name} was recorded without video.")
    file = folder / video.file
    if file.is_symlink() or not file.is_file():
        raise RecordingError(f"{folder.name} has no video any more: there is no file {video.file}.")
    return file


def prepare_reading() -> None:
    """What reads recordings takes more than a second to import."""
    import pyarrow.csv  # noqa: F401
