"""How long animated pictures show their frames, read from their files without decoding them."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Final

import av

from ml.vision.sources.decoding import ALONE

USUAL: Final = 0.1
"""Seconds that browsers show a frame which claims to be shown for no time."""
_NO_TIME: Final = 0.01
"""Seconds; browsers take this, and less, for none."""


def is_animated(path: Path) -> bool:
    """Whether it is a GIF, WebP, PNG or AVIF of several frames; False if it cannot be read."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return len(list(islice(frame_durations(file), 2))) == 2
    except (OSError, ValueError):  # ValueError: a name that no file can have
        return False


def frame_durations(file: IO[bytes]) -> Iterator[float]:
    """Seconds that each frame of an animation is shown, as browsers do; none if it is no animation.

    Also of frames that are damaged. Raises OSError if the file cannot be read.
    """
    file.seek(0)
    start = file.read(64)
    told: Iterator[float] = iter(())
    if start.startswith((b"GIF87a", b"GIF89a")):
        told = _of_gif(file)
    elif start.startswith(b"\x89PNG\r\n\x1a\n"):
        told = _of_png(file)
    elif is_webp(start):
        told = _of_webp(file)
    elif start[4:8] == b"ftyp" and b"avis" in start[8 : int.from_bytes(start[:4], "big")]:
        told = _of_avif(file)
    for seconds in told:
        yield seconds if seconds > _NO_TIME else USUAL


def is_webp(start: bytes) -> bool:
    """Whether a file that begins with ``start`` is one."""
    return start[:4] == b"RIFF" and start[8:12] == b"WEBP"


def _of_gif(file: IO[bytes]) -> Iterator[float]:
    """See https://www.w3.org/Graphics/GIF/spec-gif89a.txt."""
    file.seek(10)
    _skip_colours(file)
    file.seek(2, io.SEEK_CUR)
    delay = 0.0
    while (kind := _byte(file)) in b"!,":
        if kind == ord(","):
            yield delay
            delay = 0.0
            file.seek(8, io.SEEK_CUR)
            _skip_colours(file)
            file.seek(1, io.SEEK_CUR)
        elif _byte(file) == 0xF9:
            control = file.read(5)
            delay = int.from_bytes(control[2:4], "little") / 100
        while size := _byte(file):
            file.seek(size, io.SEEK_CUR)


def _skip_colours(file: IO[bytes]) -> None:
    """Past the byte that tells whether a table of colours follows, and past that."""
    packed = _byte(file)
    if packed & 0x80:
        file.seek(3 << (packed & 7) + 1, io.SEEK_CUR)


def _byte(file: IO[bytes]) -> int:
    """The next byte; 0 at the end of the file."""
    return int.from_bytes(file.read(1), "little")


def _of_png(file: IO[bytes]) -> Iterator[float]:
    """See https://www.w3.org/TR/png-3/#apng-frame-based-animation."""
    animated = False
    place = 8
    while True:
        file.seek(place)
        head = file.read(8)
        size, kind = int.from_bytes(head[:4], "big"), head[4:]
        if kind in (b"", b"IEND") or (kind == b"IDAT" and not animated):
            return
        animated |= kind == b"acTL"
        if kind == b"fcTL":
            control = file.read(26)
            parts = int.from_bytes(control[22:24], "big") or 100
            yield int.from_bytes(control[20:22], "big") / parts
        place += 8 + size + 4


def _of_webp(file: IO[bytes]) -> Iterator[float]:
    """See https://developers.google.com/speed/webp/docs/riff_container."""
    place = 12
    while True:
        file.seek(place)
        head = file.read(8)
        kind, size = head[:4], int.from_bytes(head[4:], "little")
        if kind == b"" or (place == 12 and kind != b"VP8X"):
            return
        if kind == b"ANMF":
            yield int.from_bytes(file.read(16)[12:15], "little") / 1000
        place += 8 + size + size % 2


def _of_avif(file: IO[bytes]) -> Iterator[float]:
    """A sequence in AVIF is an MP4."""
    file.seek(0)
    with (
        contextlib.suppress(av.FFmpegError),
        av.open(file, "r", options=ALONE, metadata_errors="replace") as container,
    ):
        stream = container.streams.best("video")
        for packet in container.demux(stream) if stream else ():
            if packet.size and packet.time_base is not None:
                yield float((packet.duration or 0) * packet.time_base)
