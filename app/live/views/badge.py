"""A person's number in their colour, as it stands in the picture, the chips and the timeline."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from app.theme import readable_on


def paint_badge(
    painter: QPainter, badge: QRectF, number: str, colour: QColor, corner: float = 4.0
) -> None:
    """``number``, in the painter's font, on ``badge``."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawRoundedRect(badge, corner, corner)
    painter.setPen(readable_on(colour))
    painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, number)
