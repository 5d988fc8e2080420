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

from ml.archives import ARCHIVE_START, archive_format, printable
from ml.data.dataset import DatasetError

# Pictures do not compress, a csv of pixels 3 to 4 times: with its ratio bounded, an archive can
# neither fill the memory nor keep the reader busy for much longer than its size says.
_MAX_ZIP_RATIO: Final = 100
_SMALL: Final = 1 << 20
"""Bytes under which an archive may unpack to what an archive of this size may."""
_ARCHIVES: Final = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".7z", ".rar")


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


def how_to_unpack(path: Path, files: list[File]) -> str:
    """What to do with the archives among ``files``, those of ``path``; "" if there are none."""
    names = [
        file.name
        for file in files
        if file.name.lower().endswith(_ARCHIVES) and "__MACOSX" not in file.name
    ]
    if not names:
        return ""
    shown = printable(names[0])
    if len(names) > 1:
        return (
            f"It holds {len(names)} archives, such as {shown}: unpack them all, then choose the "
            "folder that they are in."
        )
    is_zip = names[0].lower().endswith(".zip")
    if path.is_dir():
        return f"It holds {shown}: " + ("choose that." if is_zip else "unpack that first.")
    then = f"choose {shown}" if is_zip else f"unpack {shown}, and choose the folder"
    kind = "another zip" if is_zip else "another archive"
    return f"It holds {kind}, {shown}: unpack {path.name} first, then {then}."


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
        if packed := _archive_format(path):
            message = f"{path} is a {packed} archive: unpack it first, then choose the folder."
        elif path.suffix.lower() == ".zip":
            message = f"{path} is not a readable zip ({error}); the download may be unfinished."
        else:
            message = f"{path} is no data set: it takes a folder of class folders, a zip or a csv."
        raise DatasetError(message) from error


def _archive_format(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return archive_format(file.read(ARCHIVE_START))
    except OSError:
        return None


def _zip_files(path: Path, archive: zipfile.ZipFile) -> Iterator[File]:
    # Not is_dir(), which stumbles over a damaged name that is empty.
    members = [member for member in archive.infolist() if not member.filename.endswith("/")]
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
