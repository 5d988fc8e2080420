"""HEIC pictures, which no package here writes: an HEVC frame in the boxes of ISO/IEC 23008-12."""

from __future__ import annotations

from pathlib import Path
from struct import pack

import av

from tests.ml.vision.sources.files import Picture, encode


def write_heic(path: Path, image: Picture, *, turns: int = 0, brand: bytes = b"heic") -> Path:
    """``turns`` are by 90°, anticlockwise, to be made when it is shown."""
    options = {"crf": "5", "x265-params": "log-level=none:bframes=0"}
    video = encode(path.with_suffix(".mp4"), [image], "libx265", **options)
    with av.open(str(video)) as container:
        coded = next(bytes(packet) for packet in container.demux(video=0))
        setup = container.streams.video[0].codec_context.extradata
    assert setup is not None
    video.unlink()
    kind = _box(b"ftyp", brand, bytes(4), b"mif1heic")
    length = len(_meta(image, setup, turns, 0, len(coded)))
    meta = _meta(image, setup, turns, len(kind) + length + 8, len(coded))
    path.write_bytes(kind + meta + _box(b"mdat", coded))
    return path


def _meta(image: Picture, setup: bytes, turns: int, place: int, size: int) -> bytes:
    """What says that item 1 is a picture in HEVC of ``size`` bytes from ``place``."""
    height, width = image.shape[:2]
    properties = _box(
        b"ipco",
        _box(b"hvcC", setup),
        _box(b"ispe", pack(">III", 0, width, height)),
        _box(b"irot", pack(">B", turns)),
    )
    return _box(
        b"meta",
        bytes(4),
        _box(b"hdlr", bytes(8), b"pict", bytes(13)),
        _box(b"pitm", bytes(4), pack(">H", 1)),
        _box(
            b"iinf", bytes(4), pack(">H", 1), _box(b"infe", pack(">IHH4sx", 2 << 24, 1, 0, b"hvc1"))
        ),
        _box(b"iloc", bytes(4), pack(">HHHHHII", 0x4400, 1, 1, 0, 1, place, size)),
        _box(b"iprp", properties, _box(b"ipma", bytes(4), pack(">IHBBBB", 1, 1, 3, 0x81, 2, 0x83))),
    )


def _box(kind: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return pack(">I4s", 8 + len(content), kind) + content
