"""FER2013 and its like: a folder, zip or csv becomes grey 48×48 pictures, labels and splits."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import tempfile
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

import numpy as np
import numpy.typing as npt
import platformdirs

from ml.dataset_files import (
    SIDE,
    DatasetError,
    File,
    Part,
    Picture,
    Reading,
    find_csv,
    find_pictures,
    opened,
    read_csv,
    read_pictures,
)
from ml.expressions import EXPRESSIONS, LABELS, parse_expression
from ml.files import replacing

__all__ = [
    "SIDE",
    "Dataset",
    "DatasetError",
    "Split",
    "default_cache",
    "load",
    "load_ferplus",
    "picture_digest",
]

_CACHE_VERSION: Final = 2
_IN_MEMORY: Final = 1 << 30  # bytes of pictures; FER2013 has 83 MB
_CHUNK: Final = 4096  # pictures moved at a time, 9 MB

Reader = Callable[[Reading], None]


@dataclass(frozen=True)
class Split:
    """Pictures uint8 [N, 48, 48] (a memory map where they are many), labels int64 [N] (Expression
    values) and the pictures' names inside the data set (``row 17`` in a csv)."""

    pictures: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Dataset:
    """The splits, and what has to be told with any result on them.

    ``protocol`` says in words where the splits come from, ``bad`` which files or rows were skipped
    and why, ``left_out`` how many pictures of which other classes there were. ``key`` changes when
    the data set does. ``undivided`` holds all pictures where the data set has no splits of its own.
    """

    train: Split
    validation: Split
    test: Split | None
    protocol: str
    bad: tuple[str, ...]
    left_out: dict[str, int]
    key: str
    official: bool = False
    undivided: Split | None = None

    @property
    def evaluated(self) -> str:
        """What has to be told with figures on ``splits``."""
        if self.undivided is None:
            return self.protocol
        return (
            "the data set has none, so all pictures are measured; a network that was trained on "
            "this data set has seen nine in ten of them"
        )

    def splits(self) -> dict[str, Split]:
        """What there is to evaluate on, by name; nothing is empty.

        Training, PublicTest and PrivateTest under the official protocol, ``all`` where the data set
        has no splits of its own, else train, validation and test.
        """
        if self.undivided is not None:
            return {"all": self.undivided}
        names = ("Training", "PublicTest", "PrivateTest")
        if not self.official:
            names = ("train", "validation", "test")
        splits = zip(names, (self.train, self.validation, self.test), strict=True)
        return {name: split for name, split in splits if split is not None and len(split)}


def default_cache() -> Path:
    """Where decoded pictures are kept for the next start."""
    return platformdirs.user_cache_path("face-expression-detector") / "datasets"


def load(
    path: Path,
    *,
    cache_dir: Path | None = None,
    skip_bad: bool = False,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Dataset:
    """Reads a data set: a folder or zip of class folders, or a csv (alone, or in a folder or zip).

    With ``cache_dir`` the decoded pictures are kept there and a later start takes them from it.
    Files and rows that cannot be used raise DatasetError, or are listed in ``Dataset.bad`` with
    ``skip_bad``. ``seed`` draws the validation split where the data set has none. ``progress`` is
    called with what is done and the total, in pictures or bytes.
    """
    with opened(path) as files:
        pictures, left_out = find_pictures(files)
        table = None if pictures else find_csv(files)
        if not pictures and table is None:
            found = f" It has the folders {', '.join(sorted(left_out)[:9])}." if left_out else ""
            raise DatasetError(
                f"{path} holds no class folders ({', '.join(LABELS)}) and no csv.{found}"
            )
        key = _key(pictures, table, left_out, seed)

        def read(reading: Reading) -> None:
            reading.left_out += left_out
            report = progress or _ignore
            if table is None:
                read_pictures(pictures, reading, report)
            else:
                read_csv(table, reading, report)

        if cache_dir is None:
            unsorted, order, index = _read_sorted(read, io.BytesIO(), seed)
            stored = _Stored(unsorted[order], index)
        else:
            kept = _load_cache(cache_dir, key)
            if kept is not None and not kept.index.unread:
                stored = kept
            else:
                stored = _fill_cache(cache_dir, key, read, seed)
    return _dataset(path, stored, key, skip_bad)


def _ignore(_done: int, _total: int) -> None:
    pass


def _key(pictures: list[Picture], table: File | None, left_out: Counter[str], seed: int) -> str:
    """Names the content without reading pictures: by the zip's checksums, or by sizes and times."""
    drawn = table is not None or all(p.told.part is not Part.VALIDATION for p in pictures)
    digest = hashlib.sha256(f"{_CACHE_VERSION} {SIDE} {seed if drawn else ''}".encode())
    digest.update(json.dumps(left_out, sort_keys=True).encode())
    for file in [picture.file for picture in pictures] if table is None else [table]:
        digest.update(f"{file.name}\0{file.stamp}\n".encode("utf-8", "backslashreplace"))
    return digest.hexdigest()[:32]


@dataclass(frozen=True)
class _Index:
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
class _Stored:
    pictures: npt.NDArray[np.uint8]
    index: _Index


def _read_sorted(
    read: Reader, sink: IO[bytes], seed: int
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64], _Index]:
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
    index = _Index(
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


def _fill_cache(folder: Path, key: str, read: Reader, seed: int) -> _Stored:
    """Decodes into ``<key>.npy`` and ``<key>.json``. The latter comes last and vouches for both."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as sink:
            unsorted, order, index = _read_sorted(read, sink, seed)
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
    stored = _load_cache(folder, key)
    if stored is None:
        raise DatasetError(f"{folder} did not keep what was written to it. Choose another folder.")
    return stored


def _load_cache(folder: Path, key: str) -> _Stored | None:
    """What an earlier run decoded, or None where it is absent or damaged in any way."""
    file = folder / f"{key}.npy"
    try:
        document = json.loads((folder / f"{key}.json").read_bytes())
        content = document["content"]
        if _crc32(content) != document["crc32"]:
            return None
        checksum = content.pop("pictures_crc32")
        index = _Index(**content)
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
        return _Stored(pictures, index)
    except (OSError, ValueError, EOFError, LookupError, TypeError, AttributeError):
        return None


def _crc32(content: Any) -> int:  # noqa: ANN401 - any JSON
    return zlib.crc32(json.dumps(content, sort_keys=True).encode())


def _npy_header(count: int) -> bytes:
    header = io.BytesIO()
    layout = {"descr": "|u1", "fortran_order": False, "shape": (count, SIDE, SIDE)}
    np.lib.format.write_array_header_1_0(header, layout)
    return header.getvalue()


def _dataset(path: Path, stored: _Stored, key: str, skip_bad: bool) -> Dataset:
    index = stored.index
    labels = np.array(index.labels, np.int64)

    def split(start: int, stop: int) -> Split:
        names = tuple(index.names[start:stop])
        return Split(stored.pictures[start:stop], labels[start:stop], names)

    count = len(labels)
    validation_start = index.counts[Part.TRAIN]
    test_start = validation_start + index.counts[Part.VALIDATION]
    train = split(0, validation_start)
    to_learn = train if len(train) else split(0, count)
    missing = [label.label for label in EXPRESSIONS if label not in to_learn.labels]
    bad = [*index.bad, *(f"{label}: there is no picture of this class" for label in missing)]
    if bad and (not skip_bad or not count):
        raise DatasetError(_refusal(path, bad, bool(count)))
    return Dataset(
        train=train,
        validation=split(validation_start, test_start),
        test=split(test_start, count) if test_start < count else None,
        protocol=_protocol(index),
        bad=tuple(bad),
        left_out=index.left_out,
        key=key,
        official=index.official and not index.drawn,
        undivided=split(0, count) if index.undivided else None,
    )


def _refusal(path: Path, bad: list[str], usable: bool) -> str:
    shown = "".join(f"\n  {problem}" for problem in bad[:5])
    if len(bad) > 5:
        shown += f"\n  and {len(bad) - 5} more"
    if not usable:
        return f"{path} has no picture that can be used:{shown}"
    remedy = "Repair or remove them, or go on without them with --skip-bad."
    return f"{path} has what cannot be used:{shown}\n{remedy}"


def _protocol(index: _Index) -> str:
    if index.drawn:
        sentence = (
            "a seeded, stratified tenth of train is the validation set "
            "(file names do not tell the official split), repeated pictures kept together"
        )
    elif index.official:
        sentence = "official: Training to train, PublicTest to validate, PrivateTest to test"
    else:
        sentence = "as the folders tell: train to train, validation to validate, test to test"
    return sentence if index.counts[Part.TEST] else f"{sentence}; there is no test split"


def picture_digest(picture: npt.NDArray[np.uint8]) -> bytes:
    """Equal for pictures that are equal in every pixel, and only for those."""
    return hashlib.blake2b(picture.tobytes(), digest_size=16).digest()


def load_ferplus(path: Path, dataset: Dataset) -> npt.NDArray[np.float32]:
    """Annotators' votes for the training pictures as shares of each picture's votes [N, 10].

    The columns are the seven expressions in their order, then contempt, unknown and NF (no face),
    as in FER+ (Barsoum et al., 2016). ``path`` is a csv of the columns file
    (``train/angry/Training_1.png``) and those ten. Pictures are found by their class and file name,
    whatever the suffix. Raises DatasetError where one is not found.
    """
    votes = _read_votes(path)
    train = dataset.train
    found = []
    for name, label in zip(train.names, train.labels.tolist(), strict=True):
        counts = votes.get((label, PurePosixPath(name).stem))
        if counts is None:
            raise DatasetError(
                f"{path} has no votes for {name}. It must be the file of this data set, whose "
                "pictures must have FER2013's file names."
            )
        found.append(counts)
    counts = np.stack(found)
    shares: npt.NDArray[np.float32] = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return shares


def _read_votes(path: Path) -> dict[tuple[int, str], npt.NDArray[np.float32]]:
    """Votes by class and file name: the seven expressions' in their order, then the others'."""
    votes: dict[tuple[int, str], npt.NDArray[np.float32]] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            rows = csv.reader(stream)
            header = [cell.strip() for cell in next(rows, [])]
            classes = [parse_expression(cell) for cell in header]
            seven = [classes.index(expression) for expression in EXPRESSIONS]
            others = [header.index(name) for name in ("contempt", "unknown", "NF")]
            file = header.index("file")
            for row in rows:
                name = PurePosixPath(row[file].replace("\\", "/"))
                label = parse_expression(name.parent.name)
                counts = np.array([row[column] for column in seven + others], np.float32)
                if label is None or not np.isfinite(counts).all() or counts.min() < 0:
                    raise ValueError(f"row {rows.line_num} makes no sense")
                votes[label, name.stem] = counts
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, IndexError, csv.Error) as error:
        raise DatasetError(
            f"{path} is not a table of FER+ votes (columns file, neutral, happiness, surprise, "
            f"sadness, anger, disgust, fear, contempt, unknown, NF): {error}."
        ) from error
    return votes
