"""Image files."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Final

import cv2
import numpy as np
import numpy.typing as npt

from ml.image_files import ImageFileError, UnknownImageError, opened
from ml.vision.analysis import Frame
from ml.vision.sources.files import check, other_kind
from ml.vision.sources.heic import heic_is_read, is_heic
from ml.vision.sources.pixels import to_bgr, upright_bgr
from ml.vision.sources.source import Source, SourceError

# Pillow's other formats are left to OpenCV; some of its plugins start programs, or know the kind
# of a file only by half.
_FORMATS: Final = (
    "JPEG",
    "PNG",
    "WEBP",
    "TIFF",
    "GIF",
    "BMP",
    "PPM",
    "AVIF",
    "JPEG2000",
)
_DAMAGED: Final = "is damaged or truncated: it cannot be decoded as an image"


def is_image(path: Path) -> bool:
    """Whether the beginning of the file is that of an image; False if it cannot be read."""
    try:
        with path.open("rb") as file:
            if is_heic(file):
                return True
            with opened(file, _formats_for(file)):
                return True
    except UnknownImageError:
        return _is_known_to_opencv(path)
    except ImageFileError:
        return True
    except OSError:
        return False


def read_image(path: Path) -> npt.NDArray[np.uint8]:
    """An image as BGR uint8 [height, width, 3], whatever its channels and depth, upright by EXIF.

    Of several pages or frames, the first; where it is transparent, white. Safe from any thread.
    Raises SourceError if it cannot be read or decoded.
    """
    check(path)
    try:
        with path.open("rb") as file:
            try:
                with opened(file, _formats_for(file)) as image:
                    return upright_bgr(image)
            except UnknownImageError:
                if is_heic(file):
                    raise ImageFileError(_why_not_heic()) from None
        return _by_opencv(path)
    except ImageFileError as error:
        raise SourceError(f"{path.name} {error}. Choose another image.") from error
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or error}.") from error


def _formats_for(file: IO[bytes]) -> tuple[str, ...]:
    """What Pillow may take ``file`` for; it is read from its beginning."""
    if is_heic(file) and heic_is_read():
        return (*_FORMATS, "HEIF")
    return _FORMATS


def _is_known_to_opencv(path: Path) -> bool:
    try:
        str(path).encode()
    except UnicodeEncodeError:  # bytes that are no text, at which OpenCV crashes
        return False
    return bool(cv2.haveImageReader(str(path)))


def _by_opencv(path: Path) -> npt.NDArray[np.uint8]:
    """Raises ImageFileError if it cannot be decoded."""
    if not _is_known_to_opencv(path):  # it may be a film that would fill the memory
        kind = other_kind(path)
        raise ImageFileError(f"is {kind}, not an image" if kind else "is not an image")
    # imread cannot open paths outside the code page on Windows.
    content = np.fromfile(path, dtype=np.uint8)
    try:
        # Without the depth, floats would be taken as 0 to 255.
        image = cv2.imdecode(content, cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH)
    except cv2.error:  # it claims more pixels than OpenCV accepts
        image = None
    if image is None:
        raise ImageFileError(_DAMAGED)
    return to_bgr(image)


def _why_not_heic() -> str:
    if heic_is_read():
        return _DAMAGED
    return "is a HEIC picture, and the package pi-heif, which reads them, is not installed"


class ImageSource(Source):
    """An image, as a single frame."""

    live = False
    still = True

    def __init__(self, path: Path) -> None:
        """Raises SourceError if it cannot be decoded."""
        self.name = path.name
        self._image: npt.NDArray[np.uint8] | None = read_image(path)

    def read(self) -> Frame | None:
        if self._image is None:
            return None
        frame = Frame(self._image, 0, 0.0)
        self._image = None
        return frame

    def close(self) -> None:
        self._image = None
