"""Decoded pictures sorted by split, kept for the next start."""

from __future__ import annotations

import io
import json
import tempfile
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
import numpy.typing as npt
import platformdirs

from ml.data.dataset import DatasetError, Part, picture_digest
from ml.data.reading import Reading
from ml.expressions import EXPRESSIONS
from ml.files import replacing
from ml.picture import SIDE

VERSION: Final = 2
_IN_MEMORY: Final = 1 << 30  # bytes of pictures; FER2013 has 83 MB
_CHUNK: Final = 4096  # pictures moved at a time, 9 MB
Reader = Callable[[Reading], None]


@dataclass(frozen=True)
class Index:
    """What is stored beside the pictures. Those of one part lie together, in the parts' order."""

    names: list[str]
    labels: list[int]
    counts: list[int]
    official: bool
    drawn: bool
    undivided: bool
    unread: bool
    """Whether a file could not be read, which may pass: it may come from a network's disk."""
    bad: list[str]
    left_out: dict[str, int]


@dataclass(frozen=True)
class Stored:
    pictures: npt.NDArray[np.uint8]
    index: Index


def default_cache() -> Path:
    """Where decoded pictures are kept for the next start."""
    return platformdirs.user_cache_path("face-expression-detector") / "datasets"


def read_sorted(
    read: Reader, sink: IO[bytes], seed: int
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64], Index]:
    """All pictures as they were read [N, 48, 48], the order that sorts them by part, the rest."""
    reading = Reading(sink)
    read(reading)
    count = len(reading.names)
    if isinstance(sink, io.BytesIO):
        flat = np.frombuffer(sink.getvalue(), np.uint8)
    else:
        sink.flush()
        flat = np.memmap(sink, np.uint8, "r") if count else np.empty(0, np.uint8)
    pictures = flat.reshape(count, SIDE, SIDE)

    labels = np.array(reading.labels, np.int64)
    parts = np.array([told.part or Part.TRAIN for told in reading.told], np.int64)
    drawn = bool(count) and Part.VALIDATION not in parts and Part.TRAIN in parts
    if drawn:
        train = np.flatnonzero(parts == Part.TRAIN)
        chosen = _draw_tenth([picture_digest(pictures[i]) for i in train], labels[train], seed)
        parts[train[chosen]] = Part.VALIDATION
    order = np.argsort(parts, kind="stable")
    index = Index(
        names=[reading.names[i] for i in order],
        labels=labels[order].tolist(),
        counts=np.bincount(parts, minlength=len(Part)).tolist(),
        official=all(told.official for told in reading.told),
        drawn=drawn,
        undivided=all(told.part is None for told in reading.told),
        unread=reading.unread,
        bad=reading.bad,
        left_out=dict(reading.left_out),
    )
    return pictures, order, index


def _draw_tenth(
    digests: list[bytes], labels: npt.NDArray[np.int64], seed: int
) -> npt.NDArray[np.bool_]:
    """Marks a tenth of every class at random; repeats of a picture are never torn apart."""
    groups: dict[bytes, list[int]] = {}
    for position, digest in enumerate(digests):
        groups.setdefault(digest, []).append(position)
    members = list(groups.values())
    class_sizes = np.bincount(labels, minlength=len(EXPRESSIONS))
    wanted = np.where(class_sizes > 1, np.ceil(class_sizes / 10), 0)
    chosen = np.zeros(len(labels), bool)
    for group in np.random.default_rng(seed).permutation(len(members)):
        label = labels[members[group][0]]
        if len(members[group]) <= wanted[label]:
            wanted[label] -= len(members[group])
            chosen[members[group]] = True
    return chosen


def fill_cache(folder: Path, key: str, read: Reader, seed: int) -> Stored:
    """Decodes into ``<key>.npy`` and ``<key>.json``. The latter comes last and vouches for both."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as sink:
            unsorted, order, index = read_sorted(read, sink, seed)
            with replacing(folder / f"{key}.npy") as target:
                target.write(_npy_header(len(order)))
                checksum = 0
                for start in range(0, len(order), _CHUNK):
                    chunk = unsorted[order[start : start + _CHUNK]].tobytes()
                    checksum = zlib.crc32(chunk, checksum)
                    target.write(chunk)
            del unsorted  # Windows keeps a mapped file open
        content = {"pictures_crc32": checksum, **asdict(index)}
        text = json.dumps({"crc32": _crc32(content), "content": content})
        with replacing(folder / f"{key}.json") as target:
            target.write(text.encode())
    except OSError as error:
        raise DatasetError(
            f"{folder} cannot take the decoded pictures: {error.strerror or error}. "
            "Free some space, or choose another folder."
        ) from error
    stored = load_cache(folder, key)
    if stored is None:
        raise DatasetError(f"{folder} did not keep what was written to it. Choose another folder.")
    return stored


def load_cache(folder: Path, key: str) -> Stored | None:
    """What an earlier run decoded, or None where it is absent or damaged in any way."""
    file = folder / f"{key}.npy"
    try:
        document = json.loads((folder / f"{key}.json").read_bytes())
        content = document["content"]
        if _crc32(content) != document["crc32"]:
            return None
        checksum = content.pop("pictures_crc32")
        index = Index(**content)
        header = _npy_header(len(index.names))
        mapped = file.stat().st_size > _IN_MEMORY
        with file.open("rb") as stream:
            if stream.read(len(header)) != header:
                return None
            if mapped:  # copy-on-write, because torch takes writable arrays only
                shape = (len(index.names), SIDE, SIDE)
                pictures: npt.NDArray[np.uint8] = np.memmap(file, np.uint8, "c", len(header), shape)
            else:
                pictures = np.fromfile(stream, np.uint8).reshape(-1, SIDE, SIDE)
        if not mapped and zlib.crc32(pictures.data) != checksum:  # a map is not read to be checked
            return None
        return Stored(pictures, index)
    except (OSError, ValueError, EOFError, LookupError, TypeError, AttributeError):
        return None


def _crc32(content: Any) -> int:  # noqa: ANN401 - any JSON
    return zlib.crc32(json.dumps(content, sort_keys=True).encode())


def _npy_header(count: int) -> bytes:
    header = io.BytesIO()
    layout = {"descr": "|u1", "fortran_order": False, "shape": (count, SIDE, SIDE)}
    np.lib.format.write_array_header_1_0(header, layout)
    return header.getvalue()
