"""The licences of everything in the built program, as one text for people to read.

The spec calls ``licences`` with the files that PyInstaller collects, and ships the result.
"""

from __future__ import annotations

import os
import platform
import re
import sys
import sysconfig
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Final

import debian
import platforms

FILE: Final = "LICENCES.txt"
"""Its name in the built folder."""
_HERE: Final = Path(__file__).parent
_ROOT: Final = _HERE.parent
_TEXTS: Final = _HERE / "licence_texts"
_IS_LICENCE: Final = re.compile(r"licen[cs]e|copying|notice", re.IGNORECASE)
_CODE: Final = frozenset({".py", ".pyc", ".pyi", ".json", ".so", ".h", ".hpp"})
_NOT_DECLARED: Final = "not declared"
_RULE: Final = "=" * 100

_WEIGHTS: Final = """\
The weights in resources/weights derive from FER2013 (Goodfellow et al. 2013) and from the votes of
FER+ (Barsoum et al. 2016, whose authors publish them under the MIT licence), and are under those
data sets' own terms. Neither data set is part of the program.
"""
_QT: Final = """\
Qt, PySide6 and shiboken6 are used under the GNU Lesser General Public License, version 3, whose
text follows, with that of the GNU General Public License, to which it refers. They are in this
folder as separate libraries, and you may replace them with others that have the same interface.
Their source code is at https://code.qt.io and https://download.qt.io/official_releases.
"""
_FFMPEG: Final = """\
FFmpeg is in PyAV's wheels under the GNU Lesser General Public License, version 3 or later, as
separate libraries that you may replace. They need libx264 and libx265, which the wheels also carry,
and which are under the GNU General Public License, version 2 or later; the program does not use
these two. This folder as a whole may therefore be passed on under the GNU General Public License,
version 3; the terms of everything else in it allow that. Both texts are with Qt's. The source code
is at https://ffmpeg.org, https://code.videolan.org/videolan/x264,
https://bitbucket.org/multicoreware/x265_git, and, as PyAV builds it,
https://github.com/PyAV-Org/pyav-ffmpeg.
"""
_HEIF: Final = """\
libheif and libde265 are in pi-heif's wheels under the GNU Lesser General Public License, version 3,
as separate libraries that you may replace. The text is with Qt's. The source code is at
https://github.com/strukturag/libheif and https://github.com/strukturag/libde265.
"""


@dataclass(frozen=True)
class Part:
    """A bundled component and its terms."""

    name: str
    version: str
    licence: str
    """As its authors declare it: an SPDX expression, or free text."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """The contents of its licence files, by name."""


def licences(files: Iterable[str]) -> str:
    """The text for a program that bundles ``files``. Relative paths are ignored."""
    distributions, others = providers(path for path in files if Path(path).is_absolute())
    distributions.pop(_canonical(platforms.NAME), None)  # ours is at the top
    parts = [of_distribution(distribution) for distribution in distributions.values()]
    parts += [of_python(), *_included(), *_of_system(others)]
    return formatted(sorted(parts, key=lambda part: (part.name.casefold(), part.version)))


def providers(files: Iterable[str]) -> tuple[dict[str, metadata.Distribution], list[str]]:
    """The distributions that ``files`` belong to, by name, and the files that belong to none."""
    wanted = {_real(path) for path in files}
    found: dict[str, metadata.Distribution] = {}
    for distribution in metadata.distributions():
        own = {_real(str(distribution.locate_file(file))) for file in distribution.files or ()}
        if not own.isdisjoint(wanted):
            found.setdefault(_canonical(distribution.name), distribution)
            wanted -= own
    return found, sorted(wanted)


def of_distribution(distribution: metadata.Distribution) -> Part:
    """An installed distribution, as its metadata describes it."""
    texts = {}
    for file in distribution.files or ():
        path = Path(str(distribution.locate_file(file)))
        if _IS_LICENCE.search(file.name) and file.suffix not in _CODE and path.is_file():
            title = re.sub(r"^[^/]*\.dist-info/(licenses/)?", "", file.as_posix())
            texts[title] = _read(path)
    return Part(distribution.name, distribution.version, _declared(distribution), texts)


def of_python() -> Part:
    """Python itself; some builds lack the file with its licence."""
    folders = [sysconfig.get_path("stdlib"), sys.base_prefix]
    files = [Path(folder) / "LICENSE.txt" for folder in folders]
    texts = {file.name: _read(file) for file in files if file.is_file()}
    texts = texts or {"": "Its licence is at https://docs.python.org/3/license.html.\n"}
    return Part("Python", platform.python_version(), "PSF-2.0", texts)


def formatted(parts: Iterable[Part]) -> str:
    """Our own licence, a table of ``parts``, then the text of each."""
    parts = list(parts)
    version = metadata.version(platforms.NAME)
    rows = [(f"{part.name} {part.version}".strip(), part.licence) for part in parts]
    width = max((len(name) for name, _ in rows), default=0)
    lines = [
        f"{platforms.TITLE} {version}, MIT",
        "",
        _read(_ROOT / "LICENSE"),
        _WEIGHTS,
        "The program includes these components, each under its own licence. The texts follow.",
        "",
        *(f"  {name.ljust(width)}  {licence}" for name, licence in rows),
    ]
    for (name, licence), part in zip(rows, parts, strict=True):
        lines += ["", _RULE, f"{name}: {licence}", _RULE, ""]
        if not part.texts:
            lines.append("It comes without a licence file.")
        for text, titles in _grouped(part.texts).items():
            heading = [f"--- {', '.join(titles)}", ""] if any(titles) else []
            lines += [*heading, text.strip("\n"), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _included() -> Iterator[Part]:
    """Components inside other distributions, or whose terms require a notice."""
    detector = _read(_TEXTS / "CenterFace.txt")
    yield Part("CenterFace (the face detector's network)", "", "MIT", {"": detector})
    texts = {name: _read(_TEXTS / f"{name}.txt") for name in ("LGPL-3.0", "GPL-3.0")}
    version = metadata.version("av")
    yield Part("FFmpeg (in PyAV)", version, "LGPL-3.0-or-later AND GPL-2.0-or-later", {"": _FFMPEG})
    version = metadata.version("pi-heif")
    yield Part("libheif and libde265 (in pi-heif)", version, "LGPL-3.0-only", {"": _HEIF})
    yield Part("Qt", metadata.version("PySide6_Essentials"), "LGPL-3.0-only", {"": _QT, **texts})


def _of_system(files: Iterable[str]) -> Iterator[Part]:
    """Libraries that PyInstaller collects from the system it runs on."""
    ours = [str(_ROOT), sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")]
    if sys.base_prefix != "/usr":  # otherwise all programs of the system would count as Python's
        ours.append(sys.base_prefix)
    folders = tuple(_real(folder) + os.sep for folder in ours)
    libraries = [file for file in files if not file.startswith(folders)]
    packages = debian.packages(libraries)
    referred: dict[str, str] = {}
    for name in sorted(set(packages.values())):
        text = debian.copyright_text(name)
        referred |= debian.common_licences(text)
        told = {"copyright": text} if text else {}
        yield Part(name, debian.version(name), "see its text", told)
    if referred:
        yield Part("Licences that Debian's texts refer to", "", "see their texts", referred)
    for library in libraries:
        if library not in packages:
            yield Part(Path(library).name, "", "of the system on which the program was built")


def _declared(distribution: metadata.Distribution) -> str:
    def told(name: str) -> list[str]:
        return distribution.metadata.get_all(name) or []

    for words in (*told("License-Expression"), *told("License")):
        if words.strip() and "\n" not in words.strip():  # some give the whole text
            return words.strip()
    classifiers = [name for name in told("Classifier") if name.startswith("License ::")]
    return ", ".join(name.rpartition(" :: ")[2] for name in classifiers) or _NOT_DECLARED


def _grouped(texts: Mapping[str, str]) -> dict[str, list[str]]:
    """The names of the files with each text: torch repeats the same texts many times."""
    names: defaultdict[str, list[str]] = defaultdict(list)
    for name, text in texts.items():
        names[text].append(name)
    return names


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def _real(path: str) -> str:
    """``path`` with the links among its folders resolved, but not a link to the file itself."""
    folder, name = os.path.split(os.path.normpath(path))
    return os.path.normcase(f"{_real_folder(folder)}{os.sep}{name}")


@cache
def _real_folder(folder: str) -> str:
    return os.path.realpath(folder)
