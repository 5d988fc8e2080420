"""A button for each expression: how many faces have it, and whether they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QEvent, QLocale, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QWidget

from app.theme import EXPRESSION_COLOURS, current_theme, readable_on
from ml.expressions import EXPRESSIONS, Expression

_HEIGHT: Final = 40
_BOX: Final = 14
"""Side of the check box, in pixels."""


class ExpressionChips(QWidget):
    changed = Signal()
    """Other expressions are checked."""

    def __init__(self) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        self.chips = {expression: ExpressionChip(expression) for expression in EXPRESSIONS}
        for chip in self.chips.values():
            row.addWidget(chip, 1)
            chip.clicked.connect(self.changed)
            chip.only_wanted.connect(lambda chip=chip: self._check_only(chip))

    @property
    def checked(self) -> list[Expression]:
        return [expression for expression, chip in self.chips.items() if chip.isChecked()]

    def show_counts(self, counts: Sequence[int]) -> None:
        """Of each Expression."""
        for expression, chip in self.chips.items():
            chip.show_count(counts[expression])

    def refresh_theme(self) -> None:
        for chip in self.chips.values():
            chip.update()

    def _check_only(self, only: ExpressionChip) -> None:
        for chip in self.chips.values():
            chip.setChecked(chip is only)
        self.changed.emit()


class ExpressionChip(QAbstractButton):
    only_wanted = Signal()

    def __init__(self, expression: Expression) -> None:
        super().__init__()
        self._colour = EXPRESSION_COLOURS[expression]
        self._label = expression.label.capitalize()
        self._count = ""
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keys to the faces
        self.setChecked(True)
        self.setToolTip(
            self.tr("Click to show or hide these faces, double-click to show no others.")
        )
        self.show_count(0)

    def show_count(self, count: int) -> None:
        self._count = QLocale().toString(count)
        self.setAccessibleName(self.tr("{}: {} faces").format(self._label, self._count))
        self.update()

    def sizeHint(self) -> QSize:
        widest = QFontMetricsF(self.font()).horizontalAdvance("Surprise")
        return QSize(int(widest) + _BOX + 22, _HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def event(self, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.HoverEnter, QEvent.Type.HoverLeave):
            self.update()
        return super().event(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        super().mouseDoubleClickEvent(event)
        self.setDown(False)
        self.only_wanted.emit()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - Qt's signature
        theme, checked = current_theme(), self.isChecked()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        room = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        outline = theme.accent if self.hasFocus() or self.underMouse() else theme.border
        painter.setPen(QPen(QColor(outline), 2 if self.hasFocus() else 1))
        painter.setBrush(QColor(theme.surface) if checked else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(room, 8, 8)

        box = QRectF(room.x() + 8, room.y() + 6, _BOX, _BOX)
        painter.setPen(QPen(self._colour, 1.5))
        painter.setBrush(self._colour if checked else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(box, 3, 3)
        if checked:
            painter.setPen(QPen(readable_on(self._colour), 1.8))
            tick = [box.topLeft() + QPointF(*point) for point in ((3.5, 7), (6, 9.5), (10.5, 4.5))]
            painter.drawPolyline(tick)
        lines = room.adjusted(_BOX + 14, 3, -4, -3)
        upper, lower = QRectF(lines), QRectF(lines)
        upper.setBottom(lines.center().y())
        lower.setTop(lines.center().y())
        painter.setPen(QColor(theme.text if checked else theme.muted))
        painter.drawText(upper, Qt.AlignmentFlag.AlignVCenter, self._label)
        painter.setPen(QColor(theme.muted))
        painter.drawText(lower, Qt.AlignmentFlag.AlignVCenter, self._count)
