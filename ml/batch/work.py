"""Does one job: an item becomes a recording."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from itertools import groupby
from pathlib import Path

from ml.batch.earlier import Known, known_pictures
from ml.batch.items import Kind
from ml.batch.messages import Done, Failed, Job, Outcome
from ml.batch.networks import Networks
from ml.batch.pictures import NothingReadableError, record_pictures
from ml.batch.result_writer import Tell
from ml.batch.results import current, digests, place_for, put_in_place, settings, source_digest
from ml.batch.videos import record_video
from ml.recording.about import About
from ml.recording.cells import one_line
from ml.recording.errors import RecordingError
from ml.recording.faces import NOBODY
from ml.recording.recording import Recording
from ml.vision.sources import SourceError, read_image


def do(job: Job, networks: Networks, tell: Tell) -> Outcome:
    """``tell`` is called a few times a second, and may raise StoppedError.

    Results that are right already stay as they are.
    """
    try:
        with place_for(job, networks.weights_sha256) as place:
            sha256 = digests(job)
            whole = source_digest(job, sha256)
            recording = current(job, whole, networks.weights_sha256)
            if recording is not None and not _is_readable_now(job, recording.about):
                return _unchanged(job, recording)
            about = _about(job, networks, whole)
            if job.item.kind is Kind.VIDEO:
                writer = record_video(job, networks, about, place.folder, tell)
            else:
                known: Mapping[str, Known] = {}
                if job.options.video == "none":  # else the pictures themselves are needed
                    folders = (job.folder, place.before)
                    known = known_pictures(folders, job.options, networks.weights_sha256)
                writer = record_pictures(job, networks, about, place.folder, tell, sha256, known)
            put_in_place(place.folder, job)
            return writer.done
    except SourceError as error:
        return Failed(str(error))
    except NothingReadableError as error:
        return Failed(str(error), error.problems)
    except RecordingError as error:
        return Failed(_unwritable(job, error.__cause__) or str(error))
    except OSError as error:
        return Failed(_unwritable(job, error) or str(error))
    except MemoryError:
        return Failed(f"{job.item.name}: there is too little memory for it.")


def _unwritable(job: Job, error: BaseException | None) -> str:
    """Of a result or a source; empty if it is no OSError."""
    if not isinstance(error, OSError):
        return ""
    why = error.strerror or str(error)
    if error.filename is not None and Path(error.filename) in job.item.files:
        return f"{error.filename} cannot be read: {why}."
    return (
        f"The result {job.folder} cannot be written: {why}. Free some space there, or choose "
        "another folder for results."
    )


def _is_readable_now(job: Job, about: About) -> bool:
    """Whether one of the pictures is that could not be read: there may be more memory now."""
    if job.item.kind is Kind.VIDEO:
        return False
    for file in job.item.files:
        if one_line(file.name) in about.problems:
            with suppress(SourceError, OSError, MemoryError):
                read_image(file)
                return True
    return False


def _about(job: Job, networks: Networks, source_sha256: str) -> About:
    return About(
        began=time.time(),
        source=job.item.name,
        weights=Path(job.options.weights).name or "bundled weights",
        weights_sha256=networks.weights_sha256,
        trained_on=networks.weights.trained_on,
        device=networks.classifier.device,
        engine=networks.classifier.engine,
        settings=settings(job.options),
        source_sha256=source_sha256,
    )


def _unchanged(job: Job, recording: Recording) -> Done:
    about, faces = recording.about, recording.faces
    frames = sum(1 for _ in groupby(faces.frame.tolist()))
    return Done(
        seconds=frames if job.item.kind is Kind.PICTURES else about.seconds or 0.0,
        frames=frames,
        faces=int((faces.person != NOBODY).sum()),
        people=about.people or 0,
        unchanged=True,
        turned=about.turned,
        problems=about.problems,
    )
