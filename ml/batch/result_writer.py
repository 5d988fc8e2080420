"""Writes a result while an item is analysed, and tells how far it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Final, Self

from ml.batch.items import Kind
from ml.batch.messages import Done, Job, Progress
from ml.batch.results import ENDED
from ml.recording.about import About
from ml.recording.blur import FaceBlur
from ml.recording.faces import PictureFile
from ml.recording.sizes import SIZE_OF_PICTURES
from ml.recording.writer import RecordingWriter
from ml.vision.analysis import TrackedFace
from ml.vision.sources.decoding import Image

_TELL_SECONDS: Final = 0.25
_FLUSH_SECONDS: Final = 1.0

Tell = Callable[[Progress], None]


class ResultWriter:
    """A with statement's block is what has to be done for a whole result."""

    def __init__(self, job: Job, about: About, folder: Path, tell: Tell) -> None:
        """``tell`` is called a few times a second. Raises RecordingError."""
        self.problems: dict[str, str] = {}
        """Why files could not be analysed, or not to their end, by their names."""
        self.frames = 0
        """Frames, or pictures, so far."""
        self._faces = 0
        self._people: set[int] = set()
        self._seconds = 0.0
        self._about, self._tell = about, tell
        self._video = None if job.options.video == "none" else job.options.video
        self._blur = FaceBlur()
        self._writer = RecordingWriter(
            folder,
            about,
            self._video,
            of_pictures=job.item.kind is Kind.PICTURES,
            video_size=SIZE_OF_PICTURES if job.item.kind is Kind.PICTURES else None,
        )
        self._told = self._flushed = monotonic()

    def add(
        self,
        index: int,
        time: float,
        faces: tuple[TrackedFace, ...],
        image: Image | None,
        file: PictureFile | None = None,
    ) -> None:
        """As RecordingWriter's; ``image`` is needed if a video is kept. Raises RecordingError."""
        picture = None
        if self._video is not None and image is not None:
            picture = image
            if self._video == "blurred":
                picture = self._blur.blurred(image, [face.face for face in faces], time)
        self._writer.add(index, time, 0.0, faces, {}, picture, file)
        self.frames += 1
        self._faces += len(faces)
        self._people.update(face.track for face in faces)
        self._seconds = float(self.frames) if file is not None else time
        now = monotonic()
        if now - self._flushed >= _FLUSH_SECONDS:
            self._writer.flush()
            self._flushed = now

    def tell(self, done: float, total: float | None) -> None:
        """How far it is, as in Progress."""
        now = monotonic()
        if now - self._told >= _TELL_SECONDS:
            self._told = now
            self._tell(Progress(done, total, self.frames, self._faces))

    @property
    def done(self) -> Done:
        return Done(
            seconds=self._seconds,
            frames=self.frames,
            faces=self._faces,
            people=len(self._people),
            turned=self._about.turned,
            problems=self.problems,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        ended = ENDED if kind is None else "it could not be analysed to its end"
        self._writer.close(ended, problems=self.problems)
