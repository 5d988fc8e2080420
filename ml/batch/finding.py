"""Which videos and pictures there are in files and folders."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Final

from ml.batch.items import Item, Kind
from ml.recording.about import ABOUT_FILE
from ml.recording.columns import FACES_FILE
from ml.vision.file_names import PERHAPS_ANIMATED, PICTURES, VIDEOS, ends_like
from ml.vision.sources import is_animated, is_image

_SYSTEMS_OWN: Final = frozenset(("__macosx", "thumbs.db", "desktop.ini"))
"""Names, in lower case, of what systems add to folders and archives."""


@dataclass(frozen=True)
class LeftOut:
    """What is not analysed, and why, in words."""

    path: Path
    reason: str
    serious: bool
    """It should have been analysed, and cannot be; else it is merely of another kind."""


@dataclass(frozen=True)
class Found:
    items: tuple[Item, ...]
    left_out: tuple[LeftOut, ...]


def find(
    paths: Iterable[Path],
    kinds: Collection[Kind] = tuple(Kind),
    results: Path | None = None,
    give_up: Callable[[], bool] = lambda: False,
) -> Found:
    """All that there is in ``paths``, also in folders in folders, in the order of the names.

    Links are followed, but nothing is found twice. Hidden files, what systems add to folders and
    archives, recordings, and the folder ``results`` are left out without a word. Of two whose
    results would have the same place, the second is left out. ``give_up`` is asked for each folder.
    """
    search = _Search(kinds, results, give_up)
    for path in paths:
        search.add(path)
    return search.found()


class _Search:
    def __init__(
        self, kinds: Collection[Kind], results: Path | None, give_up: Callable[[], bool]
    ) -> None:
        self._kinds, self._results, self._give_up = kinds, results, give_up
        self._forbidden = _identity(results) if results is not None else ""
        self._seen: set[str] = set()
        self._videos: list[Item] = []
        self._pictures: dict[Path, Item] = {}
        """By their folder."""
        self._left_out: list[LeftOut] = []

    def add(self, path: Path) -> None:
        """A path that the user named: whatever it is called, it is not hidden."""
        with suppress(RuntimeError):  # a name that begins with ~, which is nobody's home
            path = path.expanduser()
        path = Path(os.path.abspath(path))  # noqa: PTH100 - a link keeps its name
        if not path.is_dir():
            self._add_file(path, PurePath(), named=True)
        elif _identity(path) == self._forbidden:
            self._leave_out(path, "is the folder for results", serious=True)
        else:
            self._search(path, PurePath(path.name or "files"))

    def found(self) -> Found:
        items = sorted(
            (*self._videos, *self._pictures.values()), key=lambda item: _in_order(item.place)
        )
        sources = {_identity(file) for item in items for file in item.files}
        kept: dict[PurePath, Item] = {}
        above: set[PurePath] = set()
        """All folders that have one of them in it."""
        for item in items:
            other = next((kept[p] for p in (item.place, *item.place.parents) if p in kept), None)
            if other is not None or item.place in above:
                why = (
                    f"would have its result where that of {other.source if other else 'others'} is"
                )
            elif self._is_taken(item, sources):
                why = f"would have its result at {item.place}, where something else is"
            else:
                kept[item.place] = item
                above.update(item.place.parents)
                continue
            self._leave_out(item.source, f"{why}; analyse it into another folder", serious=True)
        return Found(tuple(kept.values()), tuple(self._left_out))

    def _is_taken(self, item: Item, sources: set[str]) -> bool:
        """Whether there is a file where its result is to be, perhaps the very source."""
        if self._results is None:
            return False
        target = self._results / item.place
        return _identity(target) in sources or (os.path.lexists(target) and not target.is_dir())

    def _search(self, top: Path, place: PurePath) -> None:
        """``place`` is of the results of what is in it."""
        waiting = [(top, place)]
        while waiting and not self._give_up():
            folder, place = waiting.pop()
            names = self._names(folder)
            if {ABOUT_FILE, FACES_FILE} <= set(names):
                continue
            folders = []
            for name in names:
                if (folder / name).is_dir():
                    folders.append((folder / name, place / name))
                else:
                    self._add_file(folder / name, place)
            waiting += reversed(folders)

    def _names(self, folder: Path) -> list[str]:
        """None of a folder that was searched before, or cannot be."""
        if not self._is_new(folder):
            return []
        try:
            with os.scandir(folder) as entries:
                names = [entry.name for entry in entries if not _is_hidden(entry)]
        except OSError as error:
            self._leave_out(folder, f"cannot be read: {error.strerror or error}", serious=True)
            return []
        return sorted(names, key=_in_order)

    def _add_file(self, path: Path, place: PurePath, *, named: bool = False) -> None:
        try:
            regular = stat.S_ISREG(path.stat().st_mode)
        except FileNotFoundError:
            missing = "is a link to nothing" if path.is_symlink() else "does not exist"
            self._leave_out(path, missing, serious=True)
            return
        except OSError as error:
            self._leave_out(path, f"cannot be read: {error.strerror or error}", serious=True)
            return
        kind = _kind(path, named=named) if regular else None  # a pipe would never end
        if kind is None:
            self._leave_out(path, "is neither a picture nor a video", serious=named)
        elif kind in self._kinds and self._is_new(path):
            if kind is Kind.VIDEO:
                self._videos.append(Item(kind, (path,), place / path.name))
            else:
                folder = path.parent
                own = place / f"{folder.name or 'files'} (pictures)"
                before = self._pictures.get(folder, Item(kind, (), own))
                self._pictures[folder] = replace(before, files=(*before.files, path))

    def _is_new(self, path: Path) -> bool:
        """Whether it was not there before by any name, and is not the folder of the results."""
        identity = _identity(path)
        if identity in self._seen or identity == self._forbidden:
            return False
        self._seen.add(identity)
        return True

    def _leave_out(self, path: Path, reason: str, *, serious: bool) -> None:
        self._left_out.append(LeftOut(path, reason, serious))


def _identity(path: Path) -> str:
    """The same for all names of a file."""
    return os.path.normcase(os.path.realpath(path))


def _is_hidden(entry: os.DirEntry[str]) -> bool:
    if entry.name.startswith(".") or entry.name.lower() in _SYSTEMS_OWN:
        return True
    # Windows tells it in an attribute, which others do not have.
    attributes = getattr(entry.stat(follow_symlinks=False), "st_file_attributes", 0)
    return bool(attributes & stat.FILE_ATTRIBUTE_HIDDEN)


def _kind(path: Path, *, named: bool) -> Kind | None:
    """By its name; one that the user named is what is in it."""
    if ends_like(path, PERHAPS_ANIMATED):
        return Kind.VIDEO if is_animated(path) else Kind.PICTURES
    if ends_like(path, VIDEOS):
        return Kind.VIDEO
    if ends_like(path, PICTURES):
        return Kind.PICTURES
    if named:
        return Kind.PICTURES if is_image(path) else Kind.VIDEO
    return None


def _in_order(name: PurePath | str) -> tuple[str, str]:
    """As people look for it: upper and lower case beside each other."""
    text = str(name)
    return text.casefold(), text
