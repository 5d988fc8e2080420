"""The confusion matrix as a overlay map with cells to choose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFont,
    QFontMetricsF,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app.theme import current_theme, readable_on
from ml.expressions import EXPRESSIONS, Expression

if TYPE_CHECKING:
    from ml.evaluation.results import Scores

Cell = tuple[Expression, Expression]
"""True and predicted class."""

_CLASSES: Final = len(EXPRESSIONS)
_GAP: Final = 2.0
_WIDEST: Final = 1.5
"""Width of a cell, as a multiple of its height."""
_STEPS: Final = {
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
}
_CHOOSE: Final = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)


class ConfusionView(QWidget):
    """True classes on the left, predicted ones on top; the larger a cell's share of its row, the
    stronger its colour. A click, or the arrow keys and Enter, choose a cell."""

    cell_chosen = Signal(int, int)
    """The values of the true and of the predicted Expression."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Confusion matrix"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(QSize(340, 270))
        self.setMouseTracking(True)
        self._scores: Scores | None = None
        self._current: Cell = (EXPRESSIONS[0], EXPRESSIONS[0])
        self._hovered: Cell | None = None

    def set_scores(self, scores: Scores | None) -> None:
        self._scores = scores
        self._hover(None)
        self._describe_current()
        self.update()

    @property
    def current(self) -> Cell:
        """The cell that Enter chooses."""
        return self._current

    def describe(self, cell: Cell) -> str:
        """A cell in words; empty while there are no scores."""
        if self._scores is None:
            return ""
        true, predicted = cell
        count = self._scores.confusion[true][predicted]
        support = self._scores.classes[true].support
        if not support:
            return self.tr("there are no pictures of {}").format(true.label)
        pictures = self.tr("1 picture") if count == 1 else self.tr("{:,} pictures").format(count)
        what = (
            self.tr("{} classified correctly").format(true.label)
            if true is predicted
            else self.tr("{} classified as {}").format(true.label, predicted.label)
        )
        return self.tr("{}: {}, {:.1f} % of {}").format(
            what, pictures, 100 * count / support, true.label
        )

    def sizeHint(self) -> QSize:
        return QSize(520, 420)

    # Geometry

    def cell_rect(self, cell: Cell) -> QRectF:
        """Where a cell is painted, in widget pixels."""
        grid = self._grid()
        width, height = grid.width() / _CLASSES, grid.height() / _CLASSES
        true, predicted = cell
        place = QRectF(grid.x() + predicted * width, grid.y() + true * height, width, height)
        return place.adjusted(_GAP / 2, _GAP / 2, -_GAP / 2, -_GAP / 2)

    def cell_at(self, position: QPointF) -> Cell | None:
        return next(
            (cell for cell in _cells() if self.cell_rect(cell).contains(position)),
            None,
        )

    def _grid(self) -> QRectF:
        """The area of the cells: what the names leave, less if cells would be too wide."""
        metrics = QFontMetricsF(self.font())
        left = 12 + max(metrics.horizontalAdvance(e.label.capitalize()) for e in EXPRESSIONS)
        top = 2.4 * metrics.height()
        room = QRectF(self.rect()).adjusted(left, top, -1, -1)
        height = min(room.height(), room.width())
        width = min(room.width(), _WIDEST * height)
        return QRectF(left + (room.width() - width) / 2, top, width, height)

    # Events

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() is QEvent.Type.ToolTip:
            cell = self.cell_at(QPointF(event.pos()))
            if cell is None or self._scores is None:
                QToolTip.hideText()
            else:
                self._show_tip(cell, event.globalPos())
            return True
        return super().event(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self.cell_at(event.position()) if self._scores else None)

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(None)
        super().leaveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        cell = self.cell_at(event.position())
        if cell is not None and event.button() is Qt.MouseButton.LeftButton:
            self._move_to(cell)
            self._choose()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = _STEPS.get(Qt.Key(event.key()))
        if step is not None:
            row, column = (
                min(max(at + by, 0), _CLASSES - 1)
                for at, by in zip(self._current, step, strict=True)
            )
            self._move_to((EXPRESSIONS[row], EXPRESSIONS[column]))
            place = self.cell_rect(self._current).bottomRight().toPoint()
            self._show_tip(self._current, self.mapToGlobal(place))
        elif event.key() in _CHOOSE:
            self._choose()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.update()
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        QToolTip.hideText()
        self.update()
        super().focusOutEvent(event)

    def _show_tip(self, cell: Cell, place: QPoint) -> None:
        QToolTip.showText(place, self.describe(cell), self, self.cell_rect(cell).toRect())

    def _choose(self) -> None:
        if self._scores is not None:
            QToolTip.hideText()
            self.cell_chosen.emit(int(self._current[0]), int(self._current[1]))

    def _move_to(self, cell: Cell) -> None:
        self._current = cell
        self._describe_current()
        self.update()

    def _hover(self, cell: Cell | None) -> None:
        if cell != self._hovered:
            self._hovered = cell
            self.update()
        if cell is None:
            self.unsetCursor()
        else:
            self.setCursor(Qt.CursorShape.PointingHandCursor)

    def _describe_current(self) -> None:
        self.setAccessibleDescription(self.describe(self._current))

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - Qt's signature
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_names(painter)
        for cell in _cells():
            self._paint_cell(painter, cell)
        theme = current_theme()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if self._hovered is not None:
            painter.setPen(QPen(QColor(theme.text), 1.5))
            painter.drawRoundedRect(self.cell_rect(self._hovered), 4, 4)
        if self.hasFocus():
            painter.setPen(QPen(QColor(theme.text), 2.5))
            painter.drawRoundedRect(self.cell_rect(self._current), 4, 4)

    def _paint_names(self, painter: QPainter) -> None:
        theme = current_theme()
        grid = self._grid()
        line = QFontMetricsF(self.font()).height()
        small = _scaled(self.font(), 0.85)
        names = [expression.label.capitalize() for expression in EXPRESSIONS]
        over = _fitting(self.font(), names, grid.width() / _CLASSES - 3 * _GAP)
        centre = Qt.AlignmentFlag.AlignCenter
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter

        painter.setFont(small)
        painter.setPen(QColor(theme.muted))
        painter.drawText(QRectF(grid.x() + 2, 0, grid.width(), line), left, self.tr("Predicted →"))
        beside = QRectF(0, 1.1 * line, grid.x() - 8, line)
        painter.drawText(beside, right, self.tr("True ↓"))
        for expression, name in zip(EXPRESSIONS, names, strict=True):
            column = self.cell_rect((EXPRESSIONS[0], expression))
            row = self.cell_rect((expression, EXPRESSIONS[0]))
            painter.setPen(QColor(theme.text))
            painter.setFont(over)
            above = QRectF(column.x(), 1.1 * line, column.width(), line)
            painter.drawText(above, centre, name)
            painter.setFont(self.font())
            beside = QRectF(0, row.center().y() - line, grid.x() - 8, line)
            painter.drawText(beside, right, name)
            if self._scores is not None:
                painter.setFont(small)
                painter.setPen(QColor(theme.muted))
                count = f"{self._scores.classes[expression].support:,}"
                painter.drawText(beside.translated(0, line), right, count)

    def _paint_cell(self, painter: QPainter, cell: Cell) -> None:
        theme = current_theme()
        place = self.cell_rect(cell)
        true, predicted = cell
        support = self._scores.classes[true].support if self._scores else 0
        count = self._scores.confusion[true][predicted] if self._scores else 0
        share = count / support if support else 0.0
        colour = _blend(QColor(theme.raised), QColor(theme.accent), share**0.7)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawRoundedRect(place, 4, 4)
        if self._scores is None:
            return
        ink = readable_on(colour) if count else QColor(theme.muted)
        percent = "<1 %" if 0 < share < 0.005 else f"{100 * share:.0f} %"
        number = f"{count:,}"
        large = _fitting(
            _scaled(self.font(), 1.05, bold=true is predicted), [percent], place.width() - 6
        )
        small = _fitting(_scaled(self.font(), 0.85), [number], place.width() - 6)
        line = QFontMetricsF(large).height()
        painter.setPen(ink)
        painter.setFont(large)
        upper = QRectF(place.x(), place.center().y() - line, place.width(), line)
        painter.drawText(upper, Qt.AlignmentFlag.AlignCenter, percent)
        painter.setFont(small)
        lower = QRectF(place.x(), place.center().y(), place.width(), 0.9 * line)
        painter.drawText(lower, Qt.AlignmentFlag.AlignCenter, number)


def _cells() -> list[Cell]:
    return [(true, predicted) for true in EXPRESSIONS for predicted in EXPRESSIONS]


def _blend(empty: QColor, full: QColor, share: float) -> QColor:
    def mixed(a: float, b: float) -> float:
        return a + (b - a) * share

    return QColor.fromRgbF(
        mixed(empty.redF(), full.redF()),
        mixed(empty.greenF(), full.greenF()),
        mixed(empty.blueF(), full.blueF()),
    )


def _scaled(font: QFont, factor: float, *, bold: bool = False) -> QFont:
    scaled = QFont(font)
    scaled.setPointSizeF(font.pointSizeF() * factor)
    scaled.setBold(bold)
    return scaled


def _fitting(font: QFont, texts: list[str], width: float) -> QFont:
    """``font``, smaller if one of ``texts`` would be wider than ``width``."""
    widest = max(map(QFontMetricsF(font).horizontalAdvance, texts))
    return _scaled(font, min(1.0, width / widest), bold=font.bold())
