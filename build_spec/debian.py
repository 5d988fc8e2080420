"""Which Debian packages files are from, and the licences of those packages.

Finds nothing on other systems.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_COMMON: Final = "/usr/share/common-licenses"
_REFERENCE: Final = re.compile(rf"{_COMMON}/([A-Za-z]+-[\d.]*\d|[A-Za-z]+)")


def packages(files: Iterable[str]) -> dict[str, str]:
    """The package of each of ``files`` that belongs to one."""
    # Where /lib is a link to /usr/lib, packages may list their files under either path.
    names = {name: file for file in files for name in (file, file.removeprefix("/usr"))}
    found = {}
    for line in _query("--search", *names).splitlines():
        owners, _, path = line.partition(": ")
        if path in names and not owners.startswith("diversion "):
            found[names[path]] = owners.split(",")[0].partition(":")[0]
    return found


def version(package: str) -> str:
    """The installed version of ``package``."""
    # One line for each installed architecture, all alike.
    return _query("--show", "--showformat=${Version}\\n", package).partition("\n")[0]


def copyright_text(package: str) -> str:
    """Debian's copyright file of ``package``; empty where it was left out."""
    file = Path("/usr/share/doc") / package / "copyright"
    return file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""


def common_licences(text: str) -> dict[str, str]:
    """The licences that ``text`` refers to instead of containing them, by name."""
    files = {name: Path(_COMMON) / name for name in sorted(set(_REFERENCE.findall(text)))}
    return {name: file.read_text("utf-8") for name, file in files.items() if file.is_file()}


def _query(*arguments: str) -> str:
    program = shutil.which("dpkg-query")
    if program is None or not arguments[1:]:
        return ""
    # It fails if one of many is not found, but still lists the others.
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    return done.stdout
