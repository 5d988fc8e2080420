"""Writes a recording while it happens: rows are kept in memory, and on disk after every flush."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Final

from ml.expressions import EXPRESSIONS
from ml.files import replacing
from ml.people.measures import valence
from ml.recording.about import ABOUT_FILE, About, Video
from ml.recording.cells import Value, to_utc
from ml.recording.columns import FACES, FACES_FILE, MARKERS, MARKERS_FILE, OF_PICTURES
from ml.recording.errors import RecordingError, unwritable
from ml.recording.faces import PictureFile
from ml.recording.marker import Marker
from ml.recording.table import Table
from ml.recording.video import SUFFIX, Image, VideoWriter
from ml.vision.analysis import TrackedFace

_UNKNOWN: Final = (None,) * len(EXPRESSIONS)
_VIDEO_FILE: Final = f"video{SUFFIX}"
_MOMENT: Final = 3
"""Columns of faces.csv that a frame without faces has, too."""


class RecordingWriter:
    """A recording that is being written. For one thread.

    Whoever uses it flushes every second; when the program is killed, what was flushed is kept.
    After a RecordingError there is nothing to be done but to close it.
    """

    def __init__(
        self,
        folder: Path,
        about: About,
        video_kind: str | None = None,
        *,
        of_pictures: bool = False,
        video_size: tuple[int, int] | None = None,
    ) -> None:
        """Begins it in ``folder``, which must be new or empty. Raises RecordingError.

        ``video_kind``, one of VIDEO_KINDS, says what the pictures are that are going to be added;
        None if there are none. ``of_pictures`` is for frames that are files of their own.
        ``video_size`` is the video's width and height in pixels; None for those of its first
        picture.
        """
        self._folder = folder
        self._about = replace(about, video=Video(_VIDEO_FILE, video_kind) if video_kind else None)
        self._video_size = video_size
        self._video: VideoWriter | None = None
        """None before the first picture."""
        self._pictured = -1.0
        """Time of the newest picture, in seconds of the recording."""
        self._start: float | None = None
        """Time of the first frame, as ``Frame.time``."""
        self._seconds = 0.0
        """Time of the newest frame, since the first."""
        self._people: set[int] = set()
        """All track ids."""
        self._failure: RecordingError | None = None
        """The first one; nothing more is recorded after it."""
        self._closed = False
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if any(folder.iterdir()):
                raise FileExistsError
            with ExitStack() as undo:
                # If two begin at once, only one of them creates this file.
                columns = (*FACES, *OF_PICTURES) if of_pictures else FACES
                self._faces = Table(folder / FACES_FILE, columns)
                undo.callback(self._faces.discard)
                self._markers = Table(folder / MARKERS_FILE, MARKERS)
                undo.callback(self._markers.discard)
                self._tables = self._faces, self._markers
                for table in self._tables:
                    table.flush()  # the names of the columns
                self._write_about()
                undo.pop_all()
        except FileExistsError:
            raise RecordingError(
                f"{folder} is not an empty folder. Choose another name for the recording."
            ) from None
        except OSError as error:
            raise RecordingError(
                f"The recording {folder} cannot be created: {error.strerror or error}. Choose "
                "another folder for recordings."
            ) from error

    def add(
        self,
        index: int,
        time: float,
        wall_time: float,
        faces: Iterable[TrackedFace],
        names: Mapping[int, str],
        picture: Image | None = None,
        file: PictureFile | None = None,
    ) -> None:
        """The faces of an analysed frame; the first frame is the recording's time 0.

        ``index``, ``time`` and ``wall_time`` are the Frame's. ``names`` are those that the user
        gave, by track id. ``picture`` is what of the frame belongs into the video. ``file`` is
        given if the recording is of pictures. Raises RecordingError if the video cannot be written;
        the recording has ended.
        """
        self._refuse_if_ended()
        if self._start is None:
            self._start = time
        moment = (time - self._start, to_utc(wall_time) if wall_time else None, index)
        self._seconds = moment[0]
        nobody = True
        for face in faces:
            self._people.add(face.track)
            measures = _measures(face, names.get(face.track), self._start)
            self._faces.add((*moment, *measures, *(file or ())))
            nobody = False
        if nobody:
            self._faces.add((*moment, *[None] * (len(FACES) - _MOMENT), *(file or ())))
        # A frame that is analysed again, with other weights, is in the video already.
        if picture is not None and moment[0] > self._pictured:
            self._pictured = moment[0]
            self._film(picture, moment[0])

    def mark(self, marker: Marker) -> None:
        """One that is set before the first frame is at time 0."""
        self._refuse_if_ended()
        start = marker.time if self._start is None else self._start
        until = None if marker.until is None else marker.until - start
        self._markers.add((marker.time - start, until, marker.label, marker.note))

    def flush(self) -> None:
        """Write what was added. Raises RecordingError if that fails; the recording has ended."""
        self._refuse_if_ended()
        self._write_rows()

    def close(
        self,
        ended: str,
        frames_dropped: int = 0,
        pictures_dropped: int = 0,
        problems: Mapping[str, str] | None = None,
    ) -> None:
        """End it; ``ended`` says how, in words. Closing again does nothing.

        The others are as in About. Raises RecordingError if that fails, but not after ``flush``
        raised one.
        """
        if self._closed:
            return
        self._closed = True
        told = self._failure is not None
        if self._video is not None:
            self._attempt(self._video.close)
        for table in self._tables:
            if not told:
                self._attempt(table.flush, table.path)
            self._attempt(table.close, table.path)
        self._about = replace(
            self._about,
            ended=ended if self._failure is None else str(self._failure),
            frames_dropped=frames_dropped,
            pictures_dropped=pictures_dropped,
            problems=problems or {},
            seconds=self._seconds,
            people=len(self._people),
        )
        if self._video is None:  # it ended before the first frame
            self._about = replace(self._about, video=None)
        self._attempt(self._rewrite_about, self._folder / ABOUT_FILE)
        if self._failure is not None and not told:
            raise self._failure

    def _refuse_if_ended(self) -> None:
        if self._closed or self._failure is not None:
            raise RecordingError(f"The recording {self._folder.name} has ended.")

    def _film(self, picture: Image, time: float) -> None:
        def film() -> None:
            if self._video is None:
                width, height = self._video_size or (picture.shape[1], picture.shape[0])
                self._video = VideoWriter(self._folder / _VIDEO_FILE, width, height)
            self._video.add(picture, time)

        self._attempt(film)
        if self._failure is not None:
            self._write_rows()

    def _write_rows(self) -> None:
        for table in self._tables:
            self._attempt(table.flush, table.path)
        if self._failure is not None:
            raise self._failure

    def _attempt(self, action: Callable[[], None], path: Path | None = None) -> None:
        """The first failure is kept: it explains the others. ``path`` is what OSErrors are of."""
        try:
            action()
        except RecordingError as error:
            self._failure = self._failure or error
        except OSError as error:
            assert path is not None
            self._failure = self._failure or unwritable(path, error)

    def _rewrite_about(self) -> None:
        self._faces.check()  # else the folder that somebody deleted would come back
        self._write_about()

    def _write_about(self) -> None:
        with replacing(self._folder / ABOUT_FILE) as file:
            file.write(self._about.to_json())


def _measures(tracked: TrackedFace, name: str | None, start: float) -> tuple[Value, ...]:
    """A value for each column of FACES after the moment; ``start`` is as ``Frame.time``."""
    face, quality, shown = tracked.face, tracked.quality, tracked.probabilities
    fault = quality.fault if quality else None
    expression = tracked.expression
    return (
        tracked.track,
        name,
        face.x,
        face.y,
        face.width,
        face.height,
        *(value for point in face.landmarks for value in point),
        face.score,
        quality.value if quality else None,
        fault.name.lower() if fault else None,
        *(tracked.raw or _UNKNOWN),
        *(shown or _UNKNOWN),
        expression.label if expression is not None else None,
        float(valence(shown)) if shown else None,
        tracked.answered - start if tracked.answered is not None else None,
        tracked.views if shown else None,
    )
