"""FER2013 and its like: a folder, zip or csv becomes grey 48×48 pictures, labels and splits."""

from __future__ import annotations

import hashlib
import io
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from ml.data.archive import File, how_to_unpack, opened
from ml.data.cache import VERSION, Index, Stored, fill_cache, load_cache, read_sorted
from ml.data.class_folders import Picture, find_pictures
from ml.data.dataset import Dataset, DatasetError, Part, Split
from ml.data.near_misses import counted, listed, meant_expression, named, no_picture
from ml.data.picture_files import read_pictures
from ml.data.reading import Reading
from ml.data.table import find_csv, read_csv
from ml.expressions import EXPRESSIONS, LABELS
from ml.picture import SIDE

_MOST_SHOWN: Final = 5
"""Problems in a message."""


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
            raise DatasetError(_without_pictures(path, files, left_out))
        key = _key(pictures, table, left_out, seed)

        def read(reading: Reading) -> None:
            reading.left_out += left_out
            report = progress or _ignore
            if table is None:
                read_pictures(pictures, reading, report)
            else:
                read_csv(table, reading, report)

        if cache_dir is None:
            unsorted, order, index = read_sorted(read, io.BytesIO(), seed)
            stored = Stored(unsorted[order], index)
        else:
            kept = load_cache(cache_dir, key)
            if kept is not None and not kept.index.unread:
                stored = kept
            else:
                stored = fill_cache(cache_dir, key, read, seed)
    return _dataset(path, stored, key, skip_bad)


def _without_pictures(path: Path, files: list[File], left_out: Counter[str]) -> str:
    why = f"{path} holds no class folders ({', '.join(LABELS)}) and no csv."
    if left_out:
        return f"{why} It has the folders {named(left_out)}."
    return f"{why} {how_to_unpack(path, files)}".rstrip()


def _ignore(_done: int, _total: int) -> None:
    pass


def _key(pictures: list[Picture], table: File | None, left_out: Counter[str], seed: int) -> str:
    """Names the content without reading pictures: by the zip's checksums, or by sizes and times."""
    drawn = table is not None or all(p.told.part is not Part.VALIDATION for p in pictures)
    digest = hashlib.sha256(f"{VERSION} {SIDE} {seed if drawn else ''}".encode())
    digest.update(json.dumps(left_out, sort_keys=True).encode())
    for file in [picture.file for picture in pictures] if table is None else [table]:
        digest.update(f"{file.name}\0{file.stamp}\n".encode("utf-8", "backslashreplace"))
    return digest.hexdigest()[:32]


def _dataset(path: Path, stored: Stored, key: str, skip_bad: bool) -> Dataset:
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
    missing = [label for label in EXPRESSIONS if label not in to_learn.labels]
    bad = [no_picture(expression, index.left_out) for expression in missing]
    bad = [*bad, *index.bad] if count else [*index.bad, *bad]  # without any, why is of interest
    if bad and (not skip_bad or not count):
        others = [
            counted(name, pictures)
            for name, pictures in index.left_out.items()
            if missing and meant_expression(name) not in missing
        ]
        raise DatasetError(_refusal(path, bad, others, bool(count)))
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


def _refusal(path: Path, bad: list[str], others: list[str], usable: bool) -> str:
    """``others``: folders left out, one of which may be the class that there is no picture of."""
    shown = "".join(f"\n  {problem}" for problem in bad[:_MOST_SHOWN])
    if len(bad) > _MOST_SHOWN:
        shown += f"\n  and {len(bad) - _MOST_SHOWN} more"
    if others:
        shown += f"\n  left out, named after no expression: {listed(others)}"
    if not usable:
        return f"{path} has no picture that can be used:{shown}"
    remedy = "Repair or remove them, or go on without them with --skip-bad."
    return f"{path} has what cannot be used:{shown}\n{remedy}"


def _protocol(index: Index) -> str:
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
