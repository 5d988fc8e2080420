"""Print how large a built folder is, and its ten largest parts.

A part is a file or folder; a folder of more than 50 MB is broken down into its contents.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Final

_PARTS: Final = 10
_OPENED: Final = 50_000_000
"""Bytes above which a folder is broken down into its contents."""


def sizes(folder: Path) -> Counter[Path]:
    """Bytes of each entry of ``folder``; links are not followed."""
    found: Counter[Path] = Counter()
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            found[folder / path.relative_to(folder).parts[0]] += path.stat().st_size
    return found


def parts(folder: Path) -> Counter[Path]:
    """Bytes of the parts of ``folder``; they add up to the whole."""
    found: Counter[Path] = Counter()
    for path, size in sizes(folder).items():
        if path.is_dir() and size > _OPENED:
            found.update(parts(path))
        else:
            found[path] += size
    return found


def main(folder: Path) -> None:
    found = parts(folder)
    print(f"{folder}: {found.total() / 1e6:.0f} MB. Its largest parts:")
    for path, size in found.most_common(_PARTS):
        print(f"{size / 1e6:8.0f} MB  {path.relative_to(folder)}")
    engine = sum(size for path, size in found.items() if "openvino" in path.parts)
    print(f"OpenVINO adds {engine / 1e6:.0f} MB.")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
