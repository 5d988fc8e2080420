"""Items by name, which the fake worker knows what to do with."""

from __future__ import annotations

from pathlib import Path, PurePath

from ml.batch.items import Item, Kind

FOLDER = Path(__file__).parent / "nowhere"
"""In which they would be."""


def video(name: str, folder: str = "a") -> Item:
    return Item(Kind.VIDEO, (FOLDER / folder / name,), PurePath(name))


def pictures(*names: str, folder: str = "a") -> Item:
    files = tuple(FOLDER / folder / name for name in names)
    return Item(Kind.PICTURES, files, PurePath(f"{folder} (pictures)"))
