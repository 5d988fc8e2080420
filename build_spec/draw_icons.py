"""Draw the icon at the sizes desktops use, from resources/icons/app.svg.

Run in the development environment after the SVG has changed: ``python build_spec/draw_icons.py``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

SIZES: Final = (16, 24, 32, 48, 64, 128, 256, 512)
ICONS: Final = Path(__file__).parent.parent / "resources" / "icons"


def drawn(size: int) -> QImage:
    """The icon, ``size`` pixels wide and high."""
    image = QImage(size, size, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    QSvgRenderer(str(ICONS / "app.svg")).render(painter)
    painter.end()
    return image


if __name__ == "__main__":
    for size in SIZES:
        drawn(size).save(str(ICONS / f"app-{size}.png"))
