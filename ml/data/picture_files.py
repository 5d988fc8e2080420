"""Picture files of any kind as grey 48×48 pictures."""

from __future__ import annotations

import io
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import ImageOps

from ml.data.class_folders import Picture
from ml.data.reading import UNREADABLE, PictureError, Progress, Reading, reason
from ml.image_files import ImageFileError, opened
from ml.picture import shrink

# Only what face data sets come in: Pillow's other decoders would be doors nobody needs.
_FORMATS: Final = ("PNG", "JPEG", "BMP", "GIF", "PPM", "TIFF", "WEBP")
# A face is a few kilobytes and a photograph a few megabytes, so what is larger is no picture.
_MAX_PICTURE_BYTES: Final = 32 << 20
_MOST_PIXELS: Final = 89_000_000


def read_pictures(pictures: list[Picture], reading: Reading, progress: Progress) -> None:
    """Decodes picture files; what cannot be decoded goes to ``reading.bad``."""
    for count, picture in enumerate(pictures, start=1):
        name = picture.file.name
        try:
            with picture.file.open() as stream:
                content = stream.read(_MAX_PICTURE_BYTES + 1)
            reading.add(name, picture.label, picture.told, decode(content))
        except UNREADABLE as error:
            reading.bad.append(f"{name} {reason(error)}")
            reading.unread |= isinstance(error, OSError)
        if count % 500 == 0 or count == len(pictures):
            progress(count, len(pictures))


def decode(content: bytes) -> npt.NDArray[np.uint8]:
    """A picture file's content as grey pixels [48, 48]; ValueError says why it is none."""
    if not content:
        raise PictureError("is an empty file")
    if len(content) > _MAX_PICTURE_BYTES:
        raise PictureError(f"is larger than a picture can be ({_MAX_PICTURE_BYTES >> 20} MB)")
    try:
        with opened(io.BytesIO(content), _FORMATS) as image:
            if image.width * image.height > _MOST_PIXELS:
                raise ImageFileError("has more pixels than a picture can have")
            if image.mode.startswith(("I", "F")):
                raise ImageFileError(f"has {image.mode} pixels; save it with 8 bits a channel")
            grey = np.asarray(ImageOps.exif_transpose(image).convert("L"))
    except ImageFileError as error:
        raise PictureError(str(error)) from error
    return shrink(grey)
