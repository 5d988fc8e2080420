"""Precision, recall and F1 of every class, as bars with their figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QWidget

from app.theme import current_theme
from ml.expressions import EXPRESSIONS

if TYPE_CHECKING:
    from ml.evaluation.results import Scores

_GAP = 6
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class ClassChart(QWidget):
    """A row per class: three bars and the number of its pictures."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Precision, recall and F1 of each class"))
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(0)
        titles = (self.tr("Precision"), self.tr("Recall"), self.tr("F1"))
        meanings = (
            self.tr("Share of the pictures classified as this class that belong to it."),
            self.tr("Share of the pictures of this class that are classified correctly."),
            self.tr("The harmonic mean of precision and recall."),
        )
        for column, (title, meaning) in enumerate(zip(titles, meanings, strict=True), start=1):
            grid.addWidget(_caption(title, meaning), 0, column)
            grid.setColumnStretch(column, 1)
        of_class = _caption(self.tr("Pictures"), self.tr("Number of pictures of the class."))
        grid.addWidget(of_class, 0, 4, _RIGHT)
        self._rows: list[tuple[list[_Bar], QLabel]] = []
        for row, expression in enumerate(EXPRESSIONS, start=1):
            bars = [_Bar(f"{title}, {expression.label}") for title in titles]
            support = QLabel()
            support.setObjectName("caption")
            support.setAccessibleDescription(f"{self.tr('Pictures')}, {expression.label}")
            grid.addWidget(QLabel(expression.label.capitalize()), row, 0)
            for column, bar in enumerate(bars, start=1):
                grid.addWidget(bar, row, column)
            grid.addWidget(support, row, 4, _RIGHT)
            grid.setRowStretch(row, 1)
            self._rows.append((bars, support))
        self.set_scores(None)

    def set_scores(self, scores: Scores | None) -> None:
        for expression, (bars, support) in zip(EXPRESSIONS, self._rows, strict=True):
            of_class = scores.classes[expression] if scores else None
            values = (of_class.precision, of_class.recall, of_class.f1) if of_class else (None,) * 3
            for bar, value in zip(bars, values, strict=True):
                bar.set_value(value)
            support.setText(f"{of_class.support:,}" if of_class else "–")


class _Bar(QWidget):
    """A value from 0 to 1 as a bar, with its percentage on the right."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._value: float | None = None
        self._text = ""
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def set_value(self, value: float | None) -> None:
        self._value = value
        self._text = "–" if value is None else f"{100 * value:.0f}"
        self.setAccessibleDescription("" if value is None else f"{100 * value:.1f} %")
        self.setToolTip(self.accessibleDescription())
        self.update()

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance("100") + 40, metrics.height() + 2)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - Qt's signature
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        figure = self.fontMetrics().horizontalAdvance("100")
        track = QRectF(0, self.height() / 2 - 4, self.width() - figure - _GAP, 8)
        words = QRectF(track.right() + _GAP, 0, figure, self.height())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.raised))
        painter.drawRoundedRect(track, 3, 3)
        if self._value:
            track.setWidth(max(self._value * track.width(), 2))
            painter.setBrush(QColor(theme.accent))
            painter.drawRoundedRect(track, 3, 3)
        painter.setPen(QColor(theme.text))
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, self._text)


def _caption(text: str, meaning: str) -> QLabel:
    label = QLabel(text)
    label.setObjectName("caption")
    label.setToolTip(meaning)
    return label
