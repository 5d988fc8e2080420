"""What a file really is, told by a look at its content; nothing in it is run or unpacked."""

from __future__ import annotations

import codecs
import io
import re
import zipfile
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Final

from ml.archives import archive_format

_START: Final = 4096
"""Bytes that are looked at; of an archive, its list of members is too."""
_MOST_AT_ONCE: Final = 1 << 20
"""Bytes; longer lists of members than this are of no archive that is told here."""
_LONGEST_HEADER: Final = 100_000_000
"""Bytes of JSON before the numbers of a safetensors file; the format's own limit."""


class FileKind(Enum):
    """A kind of file; the value is said after the file's name: what it is, and what to do."""

    EMPTY = "is empty, not a weights file. Copy or download it again."
    LFS_POINTER = (
        "is a Git LFS pointer, not the file itself: run `git lfs pull` where it came from, "
        "or download it again."
    )
    WEB_PAGE = "is a web page (HTML): the download failed. Download the file itself."
    SAFETENSORS = "is a safetensors file: give it a name that ends in .safetensors."
    PYTORCH = "is a PyTorch checkpoint: give it a name that ends in .pth."
    TORCHSCRIPT = (
        "is a TorchScript archive, which holds a program. Load it with torch.jit.load and save "
        "its state dict with torch.save instead."
    )
    EXPORTED = (
        "is a program that torch.export saved. Save the state dict of its model with torch.save "
        "instead."
    )
    KERAS = (
        "is a Keras model: this program reads safetensors and PyTorch checkpoints. Only a "
        "ResEmoteNet in PyTorch can be used."
    )
    HDF5 = (
        "is an HDF5 file, as Keras saves: this program reads safetensors and PyTorch checkpoints. "
        "Only a ResEmoteNet in PyTorch can be used."
    )
    ONNX = (
        "is an ONNX model: this program reads safetensors and PyTorch checkpoints. Export the "
        "state dict of the PyTorch model."
    )
    TFLITE = (
        "is a TensorFlow Lite model: this program reads safetensors and PyTorch checkpoints. Only "
        "a ResEmoteNet in PyTorch can be used."
    )
    GGUF = (
        "is a GGUF file, as language models come in, not a weights file of this program. Choose "
        "another one."
    )
    NUMPY = (
        "is a NumPy file, not a weights file. Save the state dict of the PyTorch model with "
        "torch.save."
    )
    ARCHIVE = "is an archive, not a weights file. Unpack it and choose the weights file in it."
    IMAGE = "is an image, not a weights file. Choose another one."
    JSON = "is JSON text, not a weights file. Choose the file of the weights, often beside it."
    TEXT = "is a text file, not a weights file. Choose another one."


_SIGNATURES: Final = (
    (0, b"GGUF", FileKind.GGUF),
    (4, b"TFL3", FileKind.TFLITE),
    (0, b"\x93NUMPY", FileKind.NUMPY),
    # Older than its archives: a pickle that begins with this number.
    (0, b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.", FileKind.PYTORCH),
    *((offset, b"\x89HDF\r\n\x1a\n", FileKind.HDF5) for offset in (0, 512, 1024, 2048)),
    (0, b"\x89PNG\r\n\x1a\n", FileKind.IMAGE),
    (0, b"\xff\xd8\xff", FileKind.IMAGE),  # JPEG
    (0, b"GIF87a", FileKind.IMAGE),
    (0, b"GIF89a", FileKind.IMAGE),
    (8, b"WEBPVP8", FileKind.IMAGE),
    (0, b"II*\0", FileKind.IMAGE),  # TIFF
    (0, b"MM\0*", FileKind.IMAGE),
)
_JSON: Final = r'\{\s*["}]|\[\s*["\[{\d\]-]'
_ONNX_FIELDS: Final = {1: 0, 2: 2, 3: 2, 4: 2, 5: 0, 6: 2, 7: 2, 8: 2, 14: 2, 20: 2, 25: 2}
"""Of onnx.ModelProto: number → how it is stored (0: as a varint, 2: with its length before it)."""
_ONNX_NAMES: Final = frozenset({2, 3, 4, 6})
"""Those that are text: who wrote the file, in which version and domain, and about what."""
_ONNX_PARTS: Final = frozenset({7, 8})
"""The graph and the sets of operators, of which every model has both."""
_ONNX_NEWEST: Final = 99
"""Versions of the format are counted; there have been 13 in ten years."""


def file_kind(path: Path) -> FileKind | None:
    """What the file is, whatever it is called; None if it is nothing known, or damaged.

    Raises OSError where the file cannot be read.
    """
    with _Bounded(io.FileIO(path)) as file:
        start = file.read(_START)
        if not start:
            return FileKind.EMPTY
        if start.startswith(b"PK\x03\x04"):
            return _kind_of_zip(file)
        if _is_safetensors(start, path.stat().st_size):
            return FileKind.SAFETENSORS
    for offset, signature, kind in _SIGNATURES:
        if start.startswith(signature, offset):
            return kind
    if archive_format(start):
        return FileKind.ARCHIVE
    if _is_onnx(start):
        return FileKind.ONNX
    return _kind_of_text(start)


class _Bounded(io.BufferedReader):
    """Reads no more at once than a reader of archives that believes what they say should get."""

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = _MOST_AT_ONCE if size is None or size < 0 else min(size, _MOST_AT_ONCE)
        return super().read(wanted)


def _kind_of_zip(file: io.BufferedReader) -> FileKind | None:
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
    except Exception:  # a damaged list of members makes zipfile stumble in many ways
        return None

    def holds(pattern: str) -> bool:
        return any(re.fullmatch(pattern, name, re.DOTALL) for name in names)

    if holds(r"[^/]+/data\.pkl"):
        program = holds(r"[^/]+/constants\.pkl") or holds(r"[^/]+/code/.*")
        return FileKind.TORCHSCRIPT if program else FileKind.PYTORCH
    if holds(r"[^/]+/archive_format|serialized_exported_program\.json"):
        return FileKind.EXPORTED
    if {"config.json", "model.weights.h5"} <= set(names):
        return FileKind.KERAS
    if names and all(name.endswith(".npy") for name in names):
        return FileKind.NUMPY
    return FileKind.ARCHIVE


def _is_safetensors(start: bytes, size: int) -> bool:
    header = int.from_bytes(start[:8], "little")
    return start[8:9] == b"{" and 2 <= header <= min(_LONGEST_HEADER, size - 8)


def _is_onnx(start: bytes) -> bool:
    """Whether these are the first fields of an onnx.ModelProto, up to a graph or operators."""
    fields = _protobuf_fields(start)
    number, stored, version = next(fields)
    if (number, stored) != (1, 0) or version not in range(1, _ONNX_NEWEST + 1):
        return False
    for number, stored, value in fields:
        if _ONNX_FIELDS.get(number) != stored:
            return False
        if number in _ONNX_NAMES and isinstance(value, bytes) and not _is_text(_decoded(value)):
            return False
        if number in _ONNX_PARTS:
            return True
    return False


def _protobuf_fields(start: bytes) -> Iterator[tuple[int, int, int | bytes]]:
    """Number, way of storing and value of each field, the last one's perhaps cut short."""
    position = 0
    while position < len(start):
        key, position = _varint(start, position)
        value, position = _varint(start, position)
        number, stored = key >> 3, key & 7
        if stored == 2:
            yield number, stored, start[position : position + value]
            position += value
        else:
            yield number, stored, value


def _varint(content: bytes, position: int) -> tuple[int, int]:
    """The number there, and the position after it; an end of ``content`` ends it."""
    number = 0
    for shift, byte in enumerate(content[position : position + 10]):
        position += 1
        number |= (byte & 127) << 7 * shift
        if byte < 128:
            break
    return number, position


def _kind_of_text(start: bytes) -> FileKind | None:
    text = _decoded(start)
    words = text.lstrip("\ufeff \t\r\n\f").lower()
    if words.startswith("version https://git-lfs.github.com/spec/"):
        return FileKind.LFS_POINTER
    if words.startswith(("<!doctype html", "<html")):
        return FileKind.WEB_PAGE
    if words.startswith(("<?xml", "<!--")) and "<html" in words:
        return FileKind.WEB_PAGE
    if not words or not _is_text(text):
        return None
    return FileKind.JSON if re.match(_JSON, words) else FileKind.TEXT


def _decoded(start: bytes) -> str:
    """As text, with a replacement character for what is none; a cut last character is left out."""
    wide = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    decoder = codecs.getincrementaldecoder("utf-16" if wide else "utf-8")("replace")
    return decoder.decode(start)


def _is_text(text: str) -> bool:
    return all((c.isprintable() and c != "\ufffd") or c in "\ufeff\t\r\n\f" for c in text)
