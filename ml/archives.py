"""Archives other than zip, told by how they begin, and names in archives, made fit to be read."""

from __future__ import annotations

from typing import Final

_SIGNATURES: Final = (
    (0, b"\x1f\x8b\x08", "gzip"),
    (0, b"BZh", "bzip2"),
    (0, b"\xfd7zXZ\0", "xz"),
    (0, b"\x28\xb5\x2f\xfd", "Zstandard"),
    (0, b"7z\xbc\xaf\x27\x1c", "7z"),
    (0, b"Rar!\x1a\x07", "RAR"),
    (257, b"ustar", "tar"),
)
ARCHIVE_START: Final = 512
"""Bytes at the start of a file that tell."""


def archive_format(start: bytes) -> str | None:
    """The name of the format of an archive whose first ``ARCHIVE_START`` bytes or more are these.

    None for all else, and for a zip.
    """
    found = (name for offset, sign, name in _SIGNATURES if start.startswith(sign, offset))
    return next(found, None)


def printable(text: str, longest: int = 60) -> str:
    """What comes out of a file, which may be endless, or move the cursor of a terminal."""
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return text if len(text) <= longest else text[: longest - 1] + "…"
