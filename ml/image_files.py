"""Image files by Pillow, and what is said of those that it cannot open or decode."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from typing import IO, Final

from PIL import Image, UnidentifiedImageError

# Pillow warns of oddities on stderr; what matters is in our own messages. Not by catch_warnings,
# which changes the filters of all threads, and forgets those that another has changed meanwhile.
warnings.filterwarnings("ignore", module=r"PIL\.")

_MOST_PIXELS: Final = 2 * (Image.MAX_IMAGE_PIXELS or 0)
"""Where Pillow sees an attempt to fill the memory."""

_ENDS: Final = ("truncated", "end of file", "not enough image data")
"""How the decoders name a file that ends too early."""


class ImageFileError(ValueError):
    """An image file that cannot be decoded; the message goes on after its name: "is damaged"."""


class UnknownImageError(ImageFileError):
    """It is none of the formats, or of a variety that Pillow does not know; others may."""


@contextlib.contextmanager
def opened(file: IO[bytes], formats: tuple[str, ...]) -> Iterator[Image.Image]:
    """The image in ``file`` if it is of those ``formats``; decoded when its pixels are asked for.

    Raises ImageFileError, also for what fails in the with statement's body, and OSError if the
    file itself cannot be read.
    """
    try:
        with Image.open(file, formats=formats) as image:
            yield image
    except ImageFileError:
        raise
    except UnidentifiedImageError as error:
        raise UnknownImageError("is not an image") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError) as error:
        most = _MOST_PIXELS // 10**6
        raise ImageFileError(f"has more pixels than are read ({most} million)") from error
    except Exception as error:  # Pillow's decoders answer damaged files with nearly anything
        if isinstance(error, OSError) and error.errno is not None:
            raise
        words = " ".join(str(error).split())
        if any(end in words.lower() for end in _ENDS):
            raise ImageFileError("is truncated: it ends before its picture does") from error
        raise ImageFileError(f"is damaged or truncated ({words})") from error
