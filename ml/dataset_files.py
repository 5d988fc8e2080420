"""Labelled pictures as people keep them: class folders, zips and csv files, read in place."""

from __future__ import annotations

import csv
import hashlib
import io
import lzma
import os
import re
import warnings
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cache, partial
from pathlib import Path, PurePosixPath
from typing import IO, Final

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from ml.expressions import LABELS, Expression, parse_expression

SIDE: Final = 48
"""Width and height of a FER2013 picture, in pixels."""

Progress = Callable[[int, int], None]

# Only what face data sets come in: Pillow's other decoders would be doors nobody needs.
_FORMATS: Final = ("PNG", "JPEG", "BMP", "GIF", "PPM", "TIFF", "WEBP")
_SUFFIXES: Final = frozenset(
    {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".pgm", ".ppm", ".tif", ".tiff", ".webp"}
)

# A face is a few kilobytes and a photograph a few megabytes, so a larger file is no picture. With
# the archive's own ratio bounded too (pictures do not compress, a csv of pixels 3 to 4 times), an
# archive can neither fill the memory nor keep the reader busy for much longer than its size says.
_MAX_PICTURE_BYTES: Final = 32 << 20
_MAX_ZIP_RATIO: Final = 100
_MAX_LINE: Final = 1 << 20  # characters; a row of 48×48 values has about 9,000

_BYTE: Final = re.compile("0*(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])")
_LITTER: Final = frozenset({"thumbs.db", "desktop.ini"})


class DatasetError(ValueError):
    """A data set that cannot be used; the message names the file or row, and what to do."""


class Part(IntEnum):
    """What a picture is for."""

    TRAIN = 0
    VALIDATION = 1
    TEST = 2


_OFFICIAL: Final = {
    "training": Part.TRAIN,
    "publictest": Part.VALIDATION,
    "privatetest": Part.TEST,
}
_FOLDERS: Final = {
    "train": Part.TRAIN,
    "val": Part.VALIDATION,
    "valid": Part.VALIDATION,
    "validation": Part.VALIDATION,
    "test": Part.TEST,
}


@dataclass(frozen=True, slots=True)
class Told:
    """Which part a name says its picture belongs to (None: it does not say)."""

    part: Part | None = None
    official: bool = False


@dataclass(frozen=True, slots=True)
class File:
    """A file in a folder or archive; ``stamp`` changes when its content does."""

    name: str
    stamp: str
    size: int
    open: Callable[[], IO[bytes]]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture file and what its name tells about it."""

    file: File
    label: Expression
    told: Told


@dataclass
class Reading:
    """What the readers found. Pixels go to ``sink``, 48×48 bytes a picture, the rest to lists."""

    sink: IO[bytes]
    names: list[str] = field(default_factory=list)
    labels: list[Expression] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    bad: list[str] = field(default_factory=list)
    unread: bool = False
    """Whether what is bad includes files that the system did not let be read."""
    left_out: Counter[str] = field(default_factory=Counter)

    def add(self, name: str, label: Expression, told: Told, pixels: npt.NDArray[np.uint8]) -> None:
        try:
            self.sink.write(pixels.tobytes())
        except OSError as error:  # else it would pass for a fault of the picture
            raise DatasetError(
                f"The decoded pictures cannot be stored: {error.strerror}. Free some space."
            ) from error
        self.names.append(name)
        self.labels.append(label)
        self.told.append(told)


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
    if unpacked > _MAX_ZIP_RATIO * max(path.stat().st_size, _MAX_LINE):
        raise DatasetError(
            f"{path} unpacks to {unpacked / 1e9:.1f} GB, over {_MAX_ZIP_RATIO} times its size. "
            "Pictures do not compress like that; it was not opened."
        )
    for member in members:
        stamp = f"{member.file_size} {member.CRC}"
        name = member.filename.replace("\\", "/")
        yield File(name, stamp, member.file_size, partial(archive.open, member))


def find_pictures(files: list[File]) -> tuple[list[Picture], Counter[str]]:
    """The pictures in class folders, those of one part together; other folders' are counted."""
    pictures: list[Picture] = []
    left_out: Counter[str] = Counter()
    for file in files:
        folder, _, base = file.name.rpartition("/")
        if not folder or base.startswith(".") or base.lower() in _LITTER:
            continue
        told_by_folder, label, hidden = _read_folder(folder)
        if hidden:
            continue
        if label is not None:
            official = _OFFICIAL.get(base.partition("_")[0].lower())
            told = told_by_folder if official is None else Told(official, official=True)
            pictures.append(Picture(file, label, told))
        elif PurePosixPath(base).suffix.lower() in _SUFFIXES:
            left_out[PurePosixPath(folder).name.lower()] += 1
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
        if name in _OFFICIAL:
            told = Told(_OFFICIAL[name], official=True)
        elif name in _FOLDERS:
            told = Told(_FOLDERS[name])
    found = (parse_expression(name) for name in reversed(names))
    label = next((expression for expression in found if expression is not None), None)
    return told, label, any(name.startswith(".") or name == "__macosx" for name in names)


def find_csv(files: list[File]) -> File | None:
    """The csv of a folder or archive that holds the pictures, if there is no doubt which it is."""
    tables = {
        PurePosixPath(file.name).name.lower(): file
        for file in files
        if file.name.lower().endswith(".csv") and "__MACOSX" not in file.name
    }
    for name in ("fer2013.csv", "icml_face_data.csv", "train.csv"):
        if name in tables:
            return tables[name]
    return next(iter(tables.values())) if len(tables) == 1 else None


def read_pictures(pictures: list[Picture], reading: Reading, progress: Progress) -> None:
    """Decodes picture files; what cannot be decoded goes to ``reading.bad``."""
    for count, picture in enumerate(pictures, start=1):
        name = picture.file.name
        try:
            with picture.file.open() as stream:
                content = stream.read(_MAX_PICTURE_BYTES + 1)
            reading.add(name, picture.label, picture.told, decode(content))
        except _UNREADABLE as error:
            reading.bad.append(f"{name} {_reason(error)}")
            reading.unread |= isinstance(error, OSError)
        if count % 500 == 0 or count == len(pictures):
            progress(count, len(pictures))


class _PictureError(ValueError):
    """Why a picture cannot be used, to be read after its name."""


# What reading a damaged file or archive member raises: a wrong checksum or name, a damaged or cut
# stream, an unknown compression, a permission.
_UNREADABLE: Final = (
    _PictureError,
    OSError,
    EOFError,
    RuntimeError,
    UnicodeDecodeError,
    lzma.LZMAError,
    zipfile.BadZipFile,
    zlib.error,
)


def _reason(error: BaseException) -> str:
    if isinstance(error, _PictureError):
        return str(error)
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return f"cannot be read: {text}"


def decode(content: bytes) -> npt.NDArray[np.uint8]:
    """A picture file's content as grey pixels [48, 48]; ValueError says why it is none."""
    if not content:
        raise _PictureError("is an empty file")
    if len(content) > _MAX_PICTURE_BYTES:
        raise _PictureError(f"is larger than a picture can be ({_MAX_PICTURE_BYTES >> 20} MB)")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
                if image.mode.startswith(("I", "F")):
                    raise _PictureError(f"has {image.mode} pixels; save it with 8 bits a channel")
                upright = ImageOps.exif_transpose(image)
                grey = np.asarray(upright.convert("L"))
    except _PictureError:
        raise
    except UnidentifiedImageError as error:
        raise _PictureError("is not an image") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _PictureError("has more pixels than a picture can have") from error
    except Exception as error:  # Pillow's decoders answer damaged files with nearly anything
        raise _PictureError(f"is damaged or truncated ({error})") from error
    if grey.shape == (SIDE, SIDE):
        return grey
    shrinks = min(grey.shape) >= SIDE
    interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(grey, (SIDE, SIDE), interpolation=interpolation), np.uint8)


def read_csv(file: File, reading: Reading, progress: Progress) -> None:
    """Reads a csv with the columns emotion, pixels and perhaps Usage; bad rows go to ``bad``.

    Rows are counted as an editor does: the header is row 1. Progress is in bytes.
    """
    row_number = 0
    try:
        with file.open() as stream:
            if b"\0" in stream.read(1024):
                raise _not_utf8(file.name, row_number)
        with file.open() as stream, io.TextIOWrapper(stream, "utf-8-sig", newline="") as text:
            rows = csv.reader(iter(partial(text.readline, _MAX_LINE), ""))
            columns = _columns(file.name, next(rows, []))
            while True:
                try:
                    row = next(rows, None)
                except csv.Error as error:
                    reading.bad.append(f"row {rows.line_num} is not csv: {error}")
                    continue
                if row is None:
                    break
                row_number = rows.line_num
                _read_row(f"row {row_number}", row, columns, reading)
                if row_number % 500 == 0:
                    progress(min(stream.tell(), file.size), file.size)
        progress(file.size, file.size)
    except UnicodeDecodeError as error:
        raise _not_utf8(file.name, row_number) from error
    except (*_UNREADABLE, csv.Error) as error:
        raise DatasetError(f"{file.name} {_reason(error)} (after row {row_number}).") from error


def _not_utf8(name: str, row_number: int) -> DatasetError:
    return DatasetError(
        f"{name} is not UTF-8 text (seen after row {row_number}); "
        "open it in an editor, save it as UTF-8 and try again."
    )


def _columns(name: str, header: list[str]) -> dict[str, int]:
    columns = {cell.strip().lower(): index for index, cell in enumerate(header)}
    for needed in ("emotion", "pixels"):
        if needed not in columns:
            raise DatasetError(
                f"{name} has no column {needed}: its first row must name emotion and pixels, "
                f"and Usage where the splits are known, but is {','.join(header)[:80]!r}."
            )
    return columns


def _read_row(name: str, row: list[str], columns: dict[str, int], reading: Reading) -> None:
    if not any(row):
        return
    if len(row) < len(columns):
        reading.bad.append(f"{name} has {len(row)} of {len(columns)} columns")
        return
    emotion = row[columns["emotion"]].strip()
    label = parse_expression(emotion)
    if emotion.lower() in {"7", "contempt"}:  # FER2013's order with one more, as in CK+ tables
        reading.left_out["contempt"] += 1
        return
    told = Told()
    if "usage" in columns:
        usage = row[columns["usage"]].strip()
        told = Told(_OFFICIAL.get(usage.lower()), official=True)
        if told.part is None:
            known = "Training, PublicTest or PrivateTest"
            reading.bad.append(f"{name} has the unknown Usage {usage[:40]!r} ({known} expected)")
            return
    if label is None:
        reading.bad.append(f"{name} has the unknown class {emotion[:40]!r} (0 to 6 expected)")
        return
    try:
        reading.add(name, label, told, parse_pixels(row[columns["pixels"]]))
    except _PictureError as error:
        reading.bad.append(f"{name} {error}")


def parse_pixels(text: str) -> npt.NDArray[np.uint8]:
    """2,304 numbers from 0 to 255 between spaces as pixels [48, 48]; ValueError for any others."""
    if text.isascii() and not text.encode().translate(None, b"0123456789 \t"):
        values = np.fromstring(text, np.int64, sep=" ")
        if values.size != SIDE * SIDE:
            count = len(text.split())
            raise _PictureError(
                f"has {count} pixel values instead of {SIDE * SIDE} ({SIDE}×{SIDE})"
            )
        if values.max() <= 255:
            return values.astype(np.uint8).reshape(SIDE, SIDE)
    wrong = next((number for number in text.split() if not _BYTE.fullmatch(number)), text)
    raise _PictureError(f"has the pixel value {wrong[:40]!r}, not a number from 0 to 255")
