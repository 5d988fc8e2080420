"""Images as Pillow and OpenCV deliver them, as BGR."""

from __future__ import annotations

import contextlib
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageChops

from ml.image_files import UnknownImageError
from ml.vision.sources.orientation import Orientation
from ml.vision.sources.source import SourceError

_STRIP: Final = 64
"""Rows that are converted at once. They stay in the processor's cache, where a whole photograph
does not: that takes a third of the time."""

_ORIENTATIONS: Final = {
    2: Orientation(mirrored=True),
    3: Orientation(mirrored=True, upended=True),
    4: Orientation(upended=True),
    5: Orientation(transposed=True),
    6: Orientation(transposed=True, mirrored=True),
    7: Orientation(transposed=True, mirrored=True, upended=True),
    8: Orientation(transposed=True, upended=True),
}
"""By EXIF's orientation."""


def to_bgr(image: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Any image OpenCV delivers, as contiguous BGR uint8 [height, width, 3].

    Floats are taken as 0 to 1, two channels as YUYV. Raises SourceError for other channel counts.
    """
    if image.dtype == np.uint16:
        image = (image // np.uint16(256)).astype(np.uint8)
    elif np.issubdtype(image.dtype, np.floating):
        image = (np.nan_to_num(np.clip(image, 0, 1)) * 255).astype(np.uint8)
    elif image.dtype != np.uint8:
        image = np.clip(image.astype(np.float64), 0, 255).astype(np.uint8)
    channels = 1 if image.ndim == 2 else image.shape[2]
    if channels == 1:
        image = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
    elif channels == 2 and image.shape[1] % 2 == 0:
        image = cv2.cvtColor(image, cv2.COLOR_YUV2BGR_YUY2)
    elif channels == 4:
        image = cv2.cvtColor(image, cv2.COLOR_BGRA2BGR)
    elif channels != 3:
        raise SourceError(f"Images with {channels} channels are not supported.")
    return np.ascontiguousarray(image, dtype=np.uint8)


def upright_bgr(image: Image.Image) -> npt.NDArray[np.uint8]:
    """An image of Pillow's as contiguous BGR uint8 [height, width, 3], upright by its EXIF.

    Floats are taken as 0 to 1, integers above 8 bits as 16 bits, and colour profiles left aside.
    Raises UnknownImageError if its colours are of a kind that Pillow does not convert.
    """
    image.load()
    pixels = np.empty((image.height, image.width, 3), np.uint8)
    for top in range(0, image.height, _STRIP):
        bottom = min(top + _STRIP, image.height)
        strip = image.crop((0, top, image.width, bottom))
        pixels[top:bottom] = _bgr(strip, inverted=_is_inverted(image))
    return _orientation(image).of(pixels)


def _bgr(strip: Image.Image, *, inverted: bool) -> npt.NDArray[np.uint8]:
    if strip.mode == "I":
        return to_bgr(np.clip(np.asarray(strip), 0, 65535).astype(np.uint16))
    if strip.mode == "F":
        return to_bgr(np.asarray(strip))
    if strip.mode.startswith("I;16"):
        return to_bgr(np.asarray(strip).astype(np.uint16))
    if inverted:
        strip = ImageChops.invert(strip)
    if strip.has_transparency_data:
        # White, as under the cut-out pictures of web pages and documents; what the file has below
        # its transparency is not meant to be seen. Dark hair would be lost on black.
        strip = strip.convert("RGBA")
        strip = Image.alpha_composite(Image.new("RGBA", strip.size, "white"), strip)
    try:
        strip = strip.convert("RGB")
    except ValueError as error:
        raise UnknownImageError(f"has {strip.mode} pixels") from error
    bgr: npt.NDArray[np.uint8] = cv2.cvtColor(np.asarray(strip), cv2.COLOR_RGB2BGR)
    return bgr


def _is_inverted(image: Image.Image) -> bool:
    """Whether Pillow gets the CMYK of a JPEG wrong: it takes all for inverted, as Adobe's are."""
    return image.mode == "CMYK" and image.format in ("JPEG", "MPO") and "adobe" not in image.info


def _orientation(image: Image.Image) -> Orientation:
    """As its EXIF says; Pillow has already turned TIFFs, and forgets that they were not upright."""
    with contextlib.suppress(Exception):  # EXIF may be damaged in any way
        return _ORIENTATIONS.get(image.getexif().get(ExifTags.Base.Orientation, 1), Orientation())
    return Orientation()
