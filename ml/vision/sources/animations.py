"""Animated images: GIF, WebP, PNG and AVIF."""

from __future__ import annotations

import io
from collections.abc import Generator
from itertools import chain, count, repeat
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from ml.image_files import ImageFileError, opened
from ml.vision.analysis import Frame
from ml.vision.sources.frame_durations import USUAL, frame_durations, is_webp
from ml.vision.sources.pixels import upright_bgr
from ml.vision.sources.sampling import Sampling
from ml.vision.sources.source import Source, SourceError

_FORMATS: Final = ("GIF", "WEBP", "PNG", "AVIF")


class AnimationSource(Source):
    """An animated image; its frames as they are shown one upon another, on white."""

    live = False
    still = False

    def __init__(self, path: Path, interval: float = 0.0) -> None:
        """``interval`` is as for VideoSource. Raises SourceError if it cannot be opened."""
        self.name = path.name
        try:
            content = path.read_bytes()
        except OSError as error:
            raise SourceError(f"{path} cannot be read: {error.strerror or error}.") from error
        durations = list(frame_durations(io.BytesIO(content)))
        self.length = sum(durations)
        self._durations = chain(durations, repeat(USUAL))
        whole = _whole(content)
        self.cut_off = len(whole) < len(content) or _lacks_its_end(content)
        self._images = _images(whole)
        self._sampling = Sampling(interval)
        self._index = 0
        self._time = 0.0

    def read(self) -> Frame | None:
        frame = self._next()
        while frame is not None and not self._sampling.wants(frame.time):
            frame = self._next()
        return frame

    def _next(self) -> Frame | None:
        try:
            image = next(self._images, None)
        except ImageFileError as error:  # it is damaged from here on
            if self._index == 0:
                raise SourceError(f"{self.name} {error}. Choose another source.") from error
            self.cut_off = True
            return None
        if image is None:
            if self._index == 0:
                raise SourceError(f"{self.name} has no frames that can be decoded.")
            return None
        frame = Frame(image, self._index, self._time)
        self._index += 1
        self._time += next(self._durations)
        return frame

    def close(self) -> None:
        self._images.close()


def _images(content: bytes) -> Generator[npt.NDArray[np.uint8], None, None]:
    """Raises ImageFileError from where it is damaged."""
    with opened(io.BytesIO(content), _FORMATS) as image:
        # A PNG may begin with a picture that is not part of it, for who does not know animations.
        for n in count(int("default_image" in image.info)):
            try:
                image.seek(n)
            except EOFError:
                return
            yield upright_bgr(image)


def _lacks_its_end(content: bytes) -> bool:
    """Of a GIF or PNG: the part that comes last."""
    if content.startswith(b"GIF8"):
        return not content.rstrip(b"\0").endswith(b";")
    return content.startswith(b"\x89PNG") and b"IEND" not in content[-1024:]


def _whole(content: bytes) -> bytes:
    """A WebP that was cut short without the part that it was cut in, which its decoder refuses."""
    if not is_webp(content):
        return content
    end = 12
    while end + 8 <= len(content):
        size = int.from_bytes(content[end + 4 : end + 8], "little")
        if end + 8 + size > len(content):
            break
        end += 8 + size + size % 2
    return content[:4] + (end - 8).to_bytes(4, "little") + content[8:end]
