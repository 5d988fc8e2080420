"""Where results are, whether they are still right, and how new ones take their place."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from filelock import FileLock

from ml.batch.items import Kind
from ml.batch.messages import Job
from ml.batch.options import BatchOptions
from ml.files import file_digest
from ml.recording.about import ABOUT_FILE, About, read_about
from ml.recording.columns import FACES_FILE, MARKERS_FILE
from ml.recording.errors import RecordingError
from ml.recording.recording import Recording, read_recording

UNFINISHED: Final = ".unfinished"
"""Folder, below that for results, of what is being written; it also has a lock for each item."""
ENDED: Final = "all of it was analysed"
"""What recordings of files say of their end."""


_ROUNDING: Final = 1e-3
"""Seconds by which the times of the last row and of the end may differ."""
_LONGEST_NAME: Final = 255
"""Bytes, on most file systems."""


class StoppedError(Exception):
    """A job was asked to stop before it was done."""


class NothingToKeepError(Exception):
    """A job failed, and what was written of it is of no use."""


def digests(job: Job) -> list[str]:
    """SHA-256 of each file, in hexadecimal; empty for a picture that cannot be read.

    Raises OSError for such a video.
    """
    if job.item.kind is Kind.VIDEO:
        return [file_digest(job.item.files[0])]
    found = []
    for file in job.item.files:
        found.append("")
        with suppress(OSError):
            found[-1] = file_digest(file)
    return found


def source_digest(job: Job, digests: Sequence[str]) -> str:
    """That of the video, or of the names and digests of all pictures."""
    if job.item.kind is Kind.VIDEO:
        return digests[0]
    files = zip(digests, job.item.files, strict=True)
    lines = "".join(f"{digest} {file.name}\n" for digest, file in files)
    return hashlib.sha256(lines.encode(errors="surrogateescape")).hexdigest()


def settings(options: BatchOptions) -> dict[str, Any]:
    """As the recording tells them."""
    return dataclasses.asdict(options.analysis) | {"exact": options.exact}


def current(job: Job, source_sha256: str, weights_sha256: str) -> Recording | None:
    """What there is already of the same files, with the same weights and settings, and whole."""
    try:
        recording = read_recording(job.folder)
    except RecordingError:
        return None
    about, faces = recording.about, recording.faces
    end = float(faces.time[-1]) if len(faces) else 0.0
    same = (
        about.ended == ENDED
        and about.source_sha256 == source_sha256
        and _is_of(about, job, weights_sha256)
        and (about.video.kind if about.video is not None else "none") == job.options.video
        and (about.video is None or (job.folder / about.video.file).is_file())
        and not recording.problems
        and abs(end - (about.seconds or 0.0)) < _ROUNDING  # else rows are missing
    )
    return recording if same else None


def _is_of(about: About, job: Job, weights_sha256: str) -> bool:
    same_settings = dict(about.settings) == settings(job.options)
    return same_settings and about.weights_sha256 == weights_sha256


@contextmanager
def place_for(job: Job, weights_sha256: str) -> Iterator[Place]:
    """Where to write a new result; nobody else writes that result meanwhile. Raises OSError."""
    name = hashlib.sha256(str(job.item.place).encode(errors="surrogateescape")).hexdigest()[:16]
    unfinished = job.out / UNFINISHED
    unfinished.mkdir(parents=True, exist_ok=True)
    with FileLock(unfinished / f"{name}.lock"):
        place = Place(unfinished / name, unfinished / f"{name}.before", job, weights_sha256)
        place.tidy()
        try:
            yield place
        except NothingToKeepError:
            place.clear()
            raise
        except BaseException:
            place.tidy()
            raise
        place.clear()


@dataclass(frozen=True)
class Place:
    folder: Path
    """To write into; it is not there yet."""
    before: Path
    """What had been written when it was stopped or failed the last time; it may be missing."""
    job: Job
    weights_sha256: str

    def tidy(self) -> None:
        """Of videos nothing is kept: they cannot be gone on with. Of pictures the larger part."""
        if self._rows(self.folder) <= self._rows(self.before):
            _remove(self.folder)
        else:
            _remove(self.before)
            self.folder.rename(self.before)
        if self._rows(self.before) < 0:
            _remove(self.before)

    def clear(self) -> None:
        _remove(self.folder)
        _remove(self.before)

    def _rows(self, folder: Path) -> int:
        """In bytes; -1 if they are of no use."""
        if self.job.item.kind is Kind.VIDEO:
            return -1
        try:
            if _is_of(read_about(folder), self.job, self.weights_sha256):
                return (folder / FACES_FILE).stat().st_size
        except (RecordingError, OSError):
            pass
        return -1


def put_in_place(folder: Path, job: Job) -> None:
    """Make ``folder`` the result of ``job``. Raises OSError.

    An older result is deleted, but kept under another name if somebody corrected it, or if there is
    anything else in it.
    """
    target = job.folder
    target.parent.mkdir(parents=True, exist_ok=True)
    if not os.path.lexists(target):
        folder.rename(target)
        return
    aside = folder.with_name(f"{folder.name}.old")
    if _is_only_ours(target):
        _remove(aside)
    else:
        until = f" (until {datetime.now():%Y-%m-%d %H.%M.%S})"
        name = target.name.encode()[: _LONGEST_NAME - len(until)].decode(errors="ignore")
        aside = target.with_name(name + until)
    target.rename(aside)
    folder.rename(target)
    if aside.parent == folder.parent:
        _remove(aside)


def _is_only_ours(folder: Path) -> bool:
    """Whether nothing is in it but what was written for a result."""
    try:
        about = read_about(folder)
        names = {path.name for path in folder.iterdir()}
    except (RecordingError, OSError):
        return False
    ours = {ABOUT_FILE, FACES_FILE, MARKERS_FILE} | ({about.video.file} if about.video else set())
    return bool(about.source_sha256) and names <= ours


def _remove(folder: Path) -> None:
    if folder.is_symlink():
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)
