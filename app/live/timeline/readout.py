"""The values under the pointer: a line through the curves, and a box with figures beside it."""

from __future__ import annotations

from typing import Final

import numpy as np
from PySide6.QtCore import QCoreApplication, QLineF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from app.duration import clock_time
from app.live.timeline.places import Places
from app.theme import EXPRESSION_COLOURS, Theme
from ml.expressions import EXPRESSIONS
from ml.people.measures import valence

_INSET: Final = 8.0
_APART: Final = 10.0
"""Between the line and the box."""
_SWATCH: Final = 8.0


class Readout:
    """What is told of one person at one time."""

    def __init__(self, name: str, time: float, row: np.void | None, field: str) -> None:
        """``row`` of ROW, None if the person was not seen; of the values, ``field`` is told."""
        self.time = time
        self.heading = f"{name}  {clock_time(time)}"
        self.values: list[tuple[str, str, QColor | None]] = []
        """Name, value and colour, the most probable expression first."""
        if row is None:
            self.label = _tr("Not seen")
            return
        values = row[field].astype(float)
        order = sorted(EXPRESSIONS, key=lambda e: values[e], reverse=True)
        self.label = order[0].label.capitalize()
        self.values = [
            (e.label.capitalize(), f"{values[e]:.0%}", EXPRESSION_COLOURS[e]) for e in order
        ]
        pleasant = round(float(valence(values)), 2) + 0.0  # no minus before a zero
        self.values.append((_tr("Valence"), f"{pleasant:+.0%}", None))
        if np.isfinite(row["quality"]):
            self.values.append((_tr("Quality"), f"{row['quality']:.0%}", None))

    @property
    def words(self) -> str:
        """The same for screen readers."""
        values = [f"{name} {value}" for name, value, _ in self.values]
        return ", ".join([f"{self.heading}: {self.label}", *values])

    def paint(self, painter: QPainter, places: Places, font: QFont, theme: Theme) -> None:
        x = places.x(self.time)
        painter.setPen(QPen(QColor(theme.muted), 1))
        painter.drawLine(QLineF(x, places.curves.top(), x, places.axis.top()))

        bold = QFont(font)
        bold.setBold(True)
        line = QFontMetricsF(font).height() + 1
        columns = self._columns()
        widths = [_column_width(column, font) for column in columns]
        title = self.heading + "   " + self.label
        width = max(QFontMetricsF(bold).horizontalAdvance(title), sum(widths) + 14)
        lines = 1 + max(map(len, columns), default=0)
        box = self._box(QSizeF(width + 2 * _INSET, lines * line + _INSET), x, places)

        painter.setPen(QPen(QColor(theme.border), 1))
        painter.setBrush(QColor(theme.raised))
        painter.drawRoundedRect(box, 6, 6)
        inside = box.adjusted(_INSET, _INSET / 2, -_INSET, -_INSET / 2)
        head = QRectF(inside.left(), inside.top(), inside.width(), line)
        painter.setFont(font)
        painter.setPen(QColor(theme.muted))
        painter.drawText(head, Qt.AlignmentFlag.AlignVCenter, self.heading)
        painter.setFont(bold)
        painter.setPen(QColor(theme.text))
        right = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        painter.drawText(head, right, self.label)
        painter.setFont(font)
        left = inside.left()
        spare = inside.width() - sum(widths)
        for column, column_width in zip(columns, widths, strict=True):
            for n, (name, value, colour) in enumerate(column, start=1):
                row = QRectF(left, inside.top() + n * line, column_width, line)
                if colour is not None:
                    top = row.center().y() - _SWATCH / 2
                    painter.fillRect(QRectF(left, top, _SWATCH, _SWATCH), colour)
                painter.setPen(QColor(theme.muted))
                text = row.adjusted(_SWATCH + 5, 0, 0, 0)
                painter.drawText(text, Qt.AlignmentFlag.AlignVCenter, name)
                painter.setPen(QColor(theme.text))
                painter.drawText(row, right, value)
            left += column_width + spare

    def _columns(self) -> list[list[tuple[str, str, QColor | None]]]:
        """The values in two columns of about the same length, so that the box is not high."""
        half = (len(self.values) + 1) // 2
        return [self.values[:half], self.values[half:]] if self.values else []

    def _box(self, size: QSizeF, x: float, places: Places) -> QRectF:
        """Beside the line where there is room, else as far away from it as it fits."""
        left = x + _APART
        if left + size.width() > places.curves.right() + 6:
            left = max(x - _APART - size.width(), 4)
        return QRectF(left, places.curves.top() + 2, size.width(), size.height())


def _column_width(column: list[tuple[str, str, QColor | None]], font: QFont) -> float:
    metrics = QFontMetricsF(font)
    return max(
        _SWATCH + 5 + metrics.horizontalAdvance(name) + 12 + metrics.horizontalAdvance(value)
        for name, value, _ in column
    )


def _tr(text: str) -> str:
    return QCoreApplication.translate("Readout", text)
