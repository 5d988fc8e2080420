"""The pictures of a folder become a recording; several are analysed at once."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from ml.batch.ahead import mapped_ahead
from ml.batch.earlier import Known
from ml.batch.messages import Job
from ml.batch.networks import Networks
from ml.batch.result_writer import ResultWriter, Tell
from ml.batch.results import NothingToKeepError
from ml.recording.about import About
from ml.recording.faces import PictureFile
from ml.vision.analysis import TrackedFace
from ml.vision.sources import SourceError, read_image
from ml.vision.sources.decoding import Image
from ml.vision.sources.turned import turned
from ml.vision.turn import turn_of_picture


class NothingReadableError(NothingToKeepError):
    """None of the pictures can be read."""

    def __init__(self, message: str, problems: Mapping[str, str]) -> None:
        """``problems`` are as in Done."""
        super().__init__(message)
        self.problems = problems


def record_pictures(
    job: Job,
    networks: Networks,
    about: About,
    folder: Path,
    tell: Tell,
    sha256: Sequence[str],
    known: Mapping[str, Known],
) -> ResultWriter:
    """Into ``folder``. ``sha256`` are of the files; what is ``known`` is not analysed again.

    Raises NothingReadableError, RecordingError, and what ``tell`` raises.
    """
    files = list(zip(job.item.files, sha256, strict=True))
    with (
        ResultWriter(job, about, folder, tell) as writer,
        closing(_all_analysed(networks, files, known)) as found,
    ):
        for done, picture in enumerate(found, 1):
            if isinstance(picture, _Unreadable):
                writer.problems[picture.path.name] = picture.reason
            else:
                second = float(writer.frames)
                faces = tuple(replace(face, answered=second) for face in picture.faces)
                writer.add(writer.frames, second, faces, picture.image, picture.file)
            writer.tell(done, len(files))
        if not writer.frames:
            message = f"None of the pictures of {job.item.name} can be read."
            raise NothingReadableError(message, writer.problems)
    return writer


@dataclass(frozen=True)
class _Picture:
    """One that could be read."""

    file: PictureFile
    faces: tuple[TrackedFace, ...]
    """Largest first, and numbered from 1 in this order; answered at the time 0."""
    image: Image | None
    """Upright; None if an earlier result has the faces."""


@dataclass(frozen=True)
class _Unreadable:
    path: Path
    reason: str


def _all_analysed(
    networks: Networks, files: Iterable[tuple[Path, str]], known: Mapping[str, Known]
) -> Generator[_Picture | _Unreadable]:
    """In the order of ``files``, which are paths and SHA-256."""

    def made(file: tuple[Path, str]) -> _Picture | _Unreadable:
        path, sha256 = file
        if sha256 in known:
            before = known[sha256]
            return _Picture(before.file._replace(name=path.name), before.faces, None)
        return _analysed(networks, path, sha256)

    # A photograph takes a hundred megabytes while it is turned every way.
    return mapped_ahead(made, files, networks.pool, networks.threads + 1)


def _analysed(networks: Networks, path: Path, sha256: str) -> _Picture | _Unreadable:
    try:
        image = read_image(path)
    except SourceError as error:
        return _Unreadable(path, str(error))
    except OSError as error:
        return _Unreadable(path, f"{path.name} cannot be read: {error.strerror or error}.")
    except MemoryError:
        return _Unreadable(path, f"{path.name} is too large: there is too little memory for it.")
    turn = turn_of_picture(networks.detector, image)
    image = turned(image, turn)
    height, width = image.shape[:2]
    faces = networks.detector.detect(image)
    (answers,) = networks.answers([(image, faces)])
    answered = tuple(
        TrackedFace(
            number,
            face,
            raw=answer.probabilities,
            probabilities=answer.probabilities,
            answered=0.0,
            views=networks.options.views,
            quality=answer.quality,
        )
        for number, (face, answer) in enumerate(zip(faces, answers, strict=True), 1)
    )
    return _Picture(PictureFile(path.name, sha256, int(turn), width, height), answered, image)
