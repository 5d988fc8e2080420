"""The files of a folder, a zip or a csv, read in place."""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Final

from ml.data.dataset import DatasetError

# Pictures do not compress, a csv of pixels 3 to 4 times: with its ratio bounded, an archive can
# neither fill the memory nor keep the reader busy for much longer than its size says.
_MAX_ZIP_RATIO: Final = 100
_SMALL: Final = 1 << 20
"""Bytes under which an archive may unpack to what an archive of this size may."""


@dataclass(frozen=True, slots=True)
class File:
    """A file in a folder or archive; ``stamp`` changes when its content does."""

    name: str
    stamp: str
    size: int
    open: Callable[[], IO[bytes]]


@contextmanager
def opened(path: Path) -> Iterator[list[File]]:
    """The files of a folder or zip, or a csv alone, by name; they can be read inside the block."""
    if path.is_dir():
        yield sorted(_folder_files(path), key=lambda file: file.name)
    elif path.suffix.lower() == ".csv" and path.exists():
        yield [_csv_file(path)]
    else:
        with _open_zip(path) as archive:
            yield sorted(_zip_files(path, archive), key=lambda file: file.name)


def _folder_files(path: Path) -> Iterator[File]:
    def refuse(error: OSError) -> None:  # os.walk would leave an unreadable folder out silently
        raise DatasetError(f"{error.filename} cannot be read: {error.strerror}.") from error

    visited = set()
    for folder, folders, names in os.walk(path, onerror=refuse, followlinks=True):
        status = os.stat(folder)  # noqa: PTH116
        if (status.st_dev, status.st_ino) in visited:  # linked to twice, or from inside itself
            folders.clear()
            continue
        visited.add((status.st_dev, status.st_ino))
        folders.sort()  # so that it is always the same link that counts
        shown_folder = _shown(os.path.relpath(folder, path))
        for name in names:
            full = f"{folder}{os.sep}{name}"
            shown = _shown(name) if shown_folder == "." else f"{shown_folder}/{_shown(name)}"
            try:
                status = os.stat(full)  # noqa: PTH116 - a Path for each file takes as long as this
            except OSError:  # a dangling link is named when its picture is read
                stamp, size = "", 0
            else:
                stamp, size = f"{status.st_size} {status.st_mtime_ns}", status.st_size
            yield File(shown, stamp, size, partial(_open, full))


def _shown(name: str) -> str:
    """A name as text that can be printed and stored, whatever bytes the file system allows."""
    return os.fsencode(name).decode("utf-8", "replace").replace(os.sep, "/")


def _open(path: Path | str) -> IO[bytes]:
    return Path(path).open("rb")


def _csv_file(path: Path) -> File:
    try:
        with path.open("rb") as stream:
            stamp = hashlib.file_digest(stream, "sha256").hexdigest()
        return File(path.name, stamp, path.stat().st_size, partial(_open, path))
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}.") from error


def _open_zip(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except FileNotFoundError as error:
        raise DatasetError(f"There is no data set {path}. Choose another one.") from error
    except PermissionError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}.") from error
    except Exception as error:  # a damaged directory makes zipfile stumble in many ways
        if path.suffix.lower() == ".zip":
            message = f"{path} is not a readable zip ({error}); the download may be unfinished."
        else:
            message = f"{path} is no data set: it takes a folder of class folders, a zip or a csv."
        raise DatasetError(message) from error


def _zip_files(path: Path, archive: zipfile.ZipFile) -> Iterator[File]:
    members = [member for member in archive.infolist() if not member.is_dir()]
    if any(member.flag_bits & 1 for member in members):
        raise DatasetError(
            f"{path} is protected by a password; unpack it and choose the folder instead."
        )
    # The archive's size on disk, not the members' stated ones: members of a bomb may overlap.
    unpacked = sum(member.file_size for member in members)
    if unpacked > _MAX_ZIP_RATIO * max(path.stat().st_size, _SMALL):
        raise DatasetError(
            f"{path} unpacks to {unpacked / 1e9:.1f} GB, over {_MAX_ZIP_RATIO} times its size. "
            "Pictures do not compress like that; it was not opened."
        )
    for member in members:
        stamp = f"{member.file_size} {member.CRC}"
        name = member.filename.replace("\\", "/")
        yield File(name, stamp, member.file_size, partial(archive.open, member))
