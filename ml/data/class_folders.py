"""Which pictures there are, and what the folders above them tell of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import PurePosixPath
from typing import Final

from ml.data.archive import File
from ml.data.dataset import DatasetError, Part
from ml.data.near_misses import meant_expression
from ml.data.reading import OFFICIAL_SPLITS, Told
from ml.expressions import LABELS, Expression, parse_expression

_SUFFIXES: Final = frozenset(
    {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".pgm", ".ppm", ".tif", ".tiff", ".webp"}
)
_LITTER: Final = frozenset({"thumbs.db", "desktop.ini"})
_FOLDERS: Final = {
    "train": Part.TRAIN,
    "val": Part.VALIDATION,
    "valid": Part.VALIDATION,
    "validation": Part.VALIDATION,
    "test": Part.TEST,
}


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture file and what its name tells about it."""

    file: File
    label: Expression
    told: Told


def find_pictures(files: list[File]) -> tuple[list[Picture], Counter[str]]:
    """The pictures in class folders, those of one part together; other folders' are counted."""
    pictures: list[Picture] = []
    others: Counter[str] = Counter()
    with_classes: set[str] = set()
    for file in files:
        folder, _, base = file.name.rpartition("/")
        if not folder or base.startswith(".") or base.lower() in _LITTER:
            continue
        told_by_folder, label, hidden = _read_folder(folder)
        if hidden:
            continue
        if label is not None:
            official = OFFICIAL_SPLITS.get(base.partition("_")[0].lower())
            told = told_by_folder if official is None else Told(official, official=True)
            pictures.append(Picture(file, label, told))
            if folder not in with_classes:
                with_classes.update(_upwards(folder))
        elif PurePosixPath(base).suffix.lower() in _SUFFIXES:
            others[folder] += 1
    for folder in others:
        above, _, name = folder.rpartition("/")
        if meant_expression(name) is not None:
            with_classes.update(_upwards(above))
    left_out: Counter[str] = Counter()
    for folder, count in others.items():
        left_out[_name_of_class(folder, with_classes)] += count
    for name in left_out:
        if name in {"7", "8", "9"}:  # RAF-DB counts from 1, AffectNet to 7, both in another order
            raise DatasetError(
                f"There is a class folder {name}: these numbers are not FER2013's 0 to 6 "
                f"({', '.join(LABELS)}). Rename the folders to the names of their expressions."
            )
    pictures.sort(key=lambda picture: picture.told.part or 0)
    return pictures, left_out


@cache
def _read_folder(folder: str) -> tuple[Told, Expression | None, bool]:
    """What the folders above a picture tell: its part, its class, and whether they are hidden."""
    names = [name for name in folder.lower().split("/") if name not in {"", ".", ".."}]
    told = Told()
    for name in names:
        if name in OFFICIAL_SPLITS:
            told = Told(OFFICIAL_SPLITS[name], official=True)
        elif name in _FOLDERS:
            told = Told(_FOLDERS[name])
    found = (parse_expression(name) for name in reversed(names))
    label = next((expression for expression in found if expression is not None), None)
    return told, label, any(name.startswith(".") or name == "__macosx" for name in names)


def _name_of_class(folder: str, with_classes: set[str]) -> str:
    """What a folder of no known class is known by: its own name, or that of one above it.

    One above may be meant for a class, with folders for persons in it, unless there are folders
    with the names of classes in it.
    """
    for above in _upwards(folder):
        name = PurePosixPath(above).name.lower()
        if above not in with_classes and meant_expression(name) is not None:
            return name
    return PurePosixPath(folder).name.lower()


def _upwards(folder: str) -> Iterator[str]:
    while folder:
        yield folder
        folder = folder.rpartition("/")[0]
