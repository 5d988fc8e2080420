"""HEIC, which telephones photograph in, and Pillow reads only with another package."""

from __future__ import annotations

import functools
from typing import IO, Final

_BRANDS: Final = (
    *(b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"),
    *(b"mif1", b"msf1"),
)
"""What its files begin with, by ISO/IEC 23008-12; the last two also those of AVIF."""


def is_heic(file: IO[bytes]) -> bool:
    """Whether it may be one; the file is read from its beginning."""
    file.seek(0)
    start = file.read(12)
    return start[4:8] == b"ftyp" and start[8:] in _BRANDS


@functools.cache
def heic_is_read() -> bool:
    """Whether the package is installed; if so, Pillow is taught to read HEIC by it."""
    try:
        from pi_heif import register_heif_opener
    except ImportError:
        return False
    register_heif_opener()
    return True
