"""What the readers of picture files and tables gather, and what stops them."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, Final

import numpy as np
import numpy.typing as npt

from ml.data.dataset import DatasetError, Part
from ml.expressions import Expression

Progress = Callable[[int, int], None]
OFFICIAL_SPLITS: Final = {
    "training": Part.TRAIN,
    "publictest": Part.VALIDATION,
    "privatetest": Part.TEST,
}


@dataclass(frozen=True, slots=True)
class Told:
    """Which part a name says its picture belongs to (None: it does not say)."""

    part: Part | None = None
    official: bool = False


@dataclass
class Reading:
    """What the readers found. Pixels go to ``sink``, 48×48 bytes a picture, the rest to lists."""

    sink: IO[bytes]
    names: list[str] = field(default_factory=list)
    labels: list[Expression] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    bad: list[str] = field(default_factory=list)
    unread: bool = False
    """Whether what is bad includes files that the system did not let be read."""
    left_out: Counter[str] = field(default_factory=Counter)

    def add(self, name: str, label: Expression, told: Told, pixels: npt.NDArray[np.uint8]) -> None:
        try:
            self.sink.write(pixels.tobytes())
        except OSError as error:  # else it would pass for a fault of the picture
            raise DatasetError(
                f"The decoded pictures cannot be stored: {error.strerror}. Free some space."
            ) from error
        self.names.append(name)
        self.labels.append(label)
        self.told.append(told)


class PictureError(ValueError):
    """Why a picture cannot be used, to be read after its name."""


# What reading a damaged file or archive member raises: a wrong checksum or name, a damaged or cut
# stream, an unknown compression, a permission.
UNREADABLE: Final = (
    PictureError,
    OSError,
    EOFError,
    RuntimeError,
    UnicodeDecodeError,
    lzma.LZMAError,
    zipfile.BadZipFile,
    zlib.error,
)


def reason(error: BaseException) -> str:
    if isinstance(error, PictureError):
        return str(error)
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return f"cannot be read: {text}"
