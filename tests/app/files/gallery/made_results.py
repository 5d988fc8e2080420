"""Files, and recordings of them, made up: what shows a face is as bright as its expression says."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePath

import cv2
import numpy as np

from ml.batch.items import Item, Kind
from ml.expressions import Expression
from ml.files import file_digest
from ml.recording.faces import PictureFile
from ml.recording.writer import RecordingWriter
from ml.vision.analysis import Face, TrackedFace
from ml.vision.sources.decoding import Image
from tests.ml.people.faces import prediction, worth
from tests.ml.recording.made_recordings import ABOUT
from tests.ml.vision.sources.files import encode

Result = tuple[Item, Path]
RATE = 25
SIZE = (160, 120)
"""Of frames."""
BOX = (96.0, 40.0, 30.0, 40.0)
"""Of person 1; person 2 is at the left."""
_BACKGROUND = 12


def brightness(expression: Expression) -> int:
    return 30 * (expression + 1)


def face(track: int, expression: Expression, probability: float = 0.7) -> TrackedFace:
    x, *rest = BOX
    values = prediction(expression, probability)
    box = Face(x if track == 1 else 20.0, *rest, 0.9, ((0.0, 0.0),) * 5)
    return TrackedFace(
        track,
        box,
        raw=values,
        probabilities=values,
        answered=0.0,
        views=1,
        quality=worth(0.3 + 0.1 * expression),
    )


def frame(faces: Sequence[TrackedFace]) -> Image:
    image = np.full((SIZE[1], SIZE[0], 3), _BACKGROUND, np.uint8)
    for one in faces:
        assert one.expression is not None
        middle = round(one.face.centre[0])  # with all that is cut out around the face
        image[20:100, middle - 32 : middle + 32] = brightness(one.expression)
    return image


def video_result(
    folder: Path, frames: Sequence[Sequence[TrackedFace]], name: str = "clip %d #1.mp4"
) -> Result:
    """A video of ``frames`` in ``folder``, and its recording."""
    folder.mkdir(parents=True, exist_ok=True)
    path = encode(folder / name, [frame(faces) for faces in frames], g="10", crf="12")
    recording = folder / "out" / name
    about = replace(ABOUT, began=time.time(), video=None, source_sha256=file_digest(path))
    writer = RecordingWriter(recording, about)
    for n, faces in enumerate(frames):
        writer.add(n, n / RATE, 0.0, faces, {})
    writer.close("all of it was analysed")
    return Item(Kind.VIDEO, (path,), PurePath(name)), recording


def pictures_result(
    folder: Path, pictures: Sequence[Sequence[TrackedFace]], turned: int = 0
) -> Result:
    """Pictures named 0.png and so on; they lie ``turned`` degrees anticlockwise."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{n}.png" for n in range(len(pictures))]
    for file, faces in zip(files, pictures, strict=True):
        lying = np.ascontiguousarray(np.rot90(frame(faces), turned // 90))
        file.write_bytes(cv2.imencode(".png", lying)[1].tobytes())
    recording = folder / "out" / "pictures"
    about = replace(ABOUT, began=time.time(), video=None)
    writer = RecordingWriter(recording, about, of_pictures=True)
    for n, (file, faces) in enumerate(zip(files, pictures, strict=True)):
        writer.add(n, float(n), 0.0, faces, {}, file=PictureFile(file.name, "", turned, *SIZE))
    writer.close("all of it was analysed")
    return Item(Kind.PICTURES, tuple(files), PurePath("pictures")), recording
