"""How many pictures a data set has of each class in each split: counts and bars."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.theme import current_theme
from ml.expressions import EXPRESSIONS

_GAP: Final = 12
_BAR: Final = 8
_SHORTEST_BAR: Final = 60
_SHADES: Final = (1.0, 0.55, 0.28)
"""Share of the accent colour: training, validation, test."""
_CENTRE: Final = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextDontClip


class DatasetChart(QWidget):
    """A row per class: its name, a stacked bar of its splits, and a count for each split."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.counts: Mapping[str, Mapping[str, int]] = {}
        """Split → class → pictures."""
        self.setAccessibleName(self.tr("Pictures of each class and split"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def set_counts(self, counts: Mapping[str, Mapping[str, int]]) -> None:
        self.counts = counts
        self.setAccessibleDescription(
            "; ".join(
                f"{split}: " + ", ".join(f"{name} {count:,}" for name, count in classes.items())
                for split, classes in counts.items()
            )
        )
        self.updateGeometry()
        self.update()

    def minimumSizeHint(self) -> QSize:
        line = self.fontMetrics().height() + 2
        width = self._name_width() + sum(self._column_widths()) + _GAP + _SHORTEST_BAR
        return QSize(width, self._header_height() + (len(EXPRESSIONS) + 1) * line)

    def sizeHint(self) -> QSize:
        return self.minimumSizeHint() + QSize(0, 4 * (len(EXPRESSIONS) + 1))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - Qt's signature
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        columns = self._columns()
        top = float(self._header_height())
        height = (self.height() - top) / (len(EXPRESSIONS) + 1)
        shades = [_mixed(theme.accent, theme.surface, share) for share in _SHADES]

        for (split, column), shade in zip(columns.items(), shades, strict=False):
            words = QRectF(column.left(), 0, column.width(), top - 8)
            painter.setPen(QColor(theme.muted))
            flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom
            painter.drawText(words, flags, _in_lines(split))
            painter.fillRect(QRectF(column.left() + _GAP, top - 6, column.width() - _GAP, 3), shade)

        name_width = self._name_width()
        bars = QRectF(name_width, 0, self.width() - name_width - sum(self._column_widths()), _BAR)
        longest = max((self._total(e.label) for e in EXPRESSIONS), default=0)
        for row, expression in enumerate(EXPRESSIONS):
            line = QRectF(0, top + row * height, self.width(), height)
            painter.setPen(QColor(theme.text))
            painter.drawText(line, _CENTRE, expression.label.capitalize())
            left = bars.left()
            for (split, column), shade in zip(columns.items(), shades, strict=False):
                count = self.counts[split].get(expression.label, 0)
                painter.setPen(QColor(theme.text if count else theme.danger))
                _draw_figure(painter, column, line, count)
                length = bars.width() * count / max(longest, 1)
                bar = QRectF(left, line.center().y() - _BAR / 2, length, _BAR)
                painter.fillRect(bar, shade)
                left += length

        line = QRectF(0, top + len(EXPRESSIONS) * height, self.width(), height)
        painter.fillRect(QRectF(0, line.top(), self.width(), 1), QColor(theme.border))
        painter.setPen(QColor(theme.muted))
        painter.drawText(line, _CENTRE, self.tr("Total"))
        for split, column in columns.items():
            _draw_figure(painter, column, line, sum(self.counts[split].values()))

    def _total(self, label: str) -> int:
        return sum(classes.get(label, 0) for classes in self.counts.values())

    def _name_width(self) -> int:
        metrics = self.fontMetrics()
        return _GAP + max(metrics.horizontalAdvance(e.label.capitalize()) for e in EXPRESSIONS)

    def _header_height(self) -> int:
        lines = max((_in_lines(split).count("\n") + 1 for split in self.counts), default=1)
        return self.fontMetrics().lineSpacing() * lines + 8

    def _column_widths(self) -> list[int]:
        """Of the splits' counts, each with the gap before it."""
        metrics = self.fontMetrics()
        return [_column_width(metrics, *split) for split in self.counts.items()]

    def _columns(self) -> dict[str, QRectF]:
        widths = self._column_widths()
        left = self.width() - sum(widths)
        columns = {}
        for split, width in zip(self.counts, widths, strict=True):
            columns[split] = QRectF(left, 0, width, self.height())
            left += width
        return columns


def _column_width(metrics: QFontMetrics, split: str, classes: Mapping[str, int]) -> int:
    texts = [*_in_lines(split).split("\n"), f"{sum(classes.values()):,}"]
    return _GAP + max(metrics.horizontalAdvance(text) for text in texts)


def _in_lines(split: str) -> str:
    """Break PublicTest and PrivateTest, whose counts are short, into two lines."""
    return re.sub("(?<=[a-z])(?=[A-Z])", "\n", split)


def _draw_figure(painter: QPainter, column: QRectF, line: QRectF, count: int) -> None:
    cell = QRectF(column.left(), line.top(), column.width(), line.height())
    painter.drawText(cell, Qt.AlignmentFlag.AlignRight | _CENTRE, f"{count:,}")


def _mixed(colour: str, ground: str, share: float) -> QColor:
    above, below = QColor(colour), QColor(ground)
    red = round(share * above.red() + (1 - share) * below.red())
    green = round(share * above.green() + (1 - share) * below.green())
    blue = round(share * above.blue() + (1 - share) * below.blue())
    return QColor(red, green, blue)
