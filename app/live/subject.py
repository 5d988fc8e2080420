"""What snapshots can be taken of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QRect
from PySide6.QtGui import QPainter


@dataclass(frozen=True)
class Subject:
    """A part of the live tab, painted anew for each snapshot."""

    name: str
    """In menus and names of files."""
    area: Callable[[], QRect]
    """In the pixels that it is painted in; empty while there is nothing to see."""
    paint: Callable[[QPainter], None]
    drawn: bool = True
    """Whether it is drawn by lines and text, so that a drawing (SVG) of it makes sense."""
