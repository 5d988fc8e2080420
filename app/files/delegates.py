"""Paint what a row of the queue says: what it is, and how far it is."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QImage, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.files.entry import Entry, State
from app.files.previews import SIZE, Previews
from app.files.queue_model import ENTRY
from app.theme import Theme, current_theme
from ml.batch.items import Kind

ROW_HEIGHT: Final = 54
_MARGIN: Final = 8
_BAR: Final = 5
"""Height of the progress bar."""
_RADIUS: Final = 4.0

Index = QModelIndex | QPersistentModelIndex


class NameDelegate(QStyledItemDelegate):
    """A small picture, the name, and below it the folder."""

    def __init__(self, previews: Previews, parent: QWidget) -> None:
        super().__init__(parent)
        self._previews = previews

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        entry: Entry = index.data(ENTRY)
        theme, selected = current_theme(), _prepare(self, painter, option, index)
        painter.save()
        area = option.rect.adjusted(_MARGIN, 0, -_MARGIN, 0)
        room = QRect(area.left(), 0, SIZE.width(), SIZE.height())
        room.moveCenter(QRect(area.left(), area.top(), SIZE.width(), area.height()).center())
        image = self._previews.picture(entry.item)
        if image is None or image.isNull():
            _paint_icon(painter, room, entry.item.kind, theme)
        else:
            _paint_image(painter, room, image)
        text = area.adjusted(SIZE.width() + 10, 0, 0, 0)
        ink = theme.on_accent if selected else theme.text
        faint = theme.on_accent if selected else theme.muted
        above = QRect(text.left(), text.top(), text.width(), text.height() // 2 - 1)
        below = QRect(text.left(), above.bottom() + 3, text.width(), above.height())
        _write(painter, above, entry.item.name, ink, Qt.AlignmentFlag.AlignBottom)
        folder = str(entry.item.files[0].parent)
        _write(painter, below, folder, faint, Qt.AlignmentFlag.AlignTop)
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return super().sizeHint(option, index).expandedTo(QSize(0, ROW_HEIGHT))


class StateDelegate(QStyledItemDelegate):
    """The state in words, with a progress bar below them while it is analysed."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        entry: Entry = index.data(ENTRY)
        if entry.state is not State.RUNNING:
            super().paint(painter, option, index)
            return
        theme, selected = current_theme(), _prepare(self, painter, option, index)
        painter.save()
        area = option.rect.adjusted(_MARGIN, 0, -_MARGIN, 0)
        above = QRect(area.left(), area.top(), area.width(), area.height() // 2 + 3)
        ink = theme.on_accent if selected else theme.text
        _write(painter, above, index.data(), ink, Qt.AlignmentFlag.AlignBottom)
        bar = QRectF(area.left(), above.bottom() + 5, area.width(), _BAR)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.border))
        painter.drawRoundedRect(bar, _BAR / 2, _BAR / 2)
        painter.setBrush(QColor(theme.on_accent if selected else theme.accent))
        if entry.fraction:
            bar.setWidth(max(bar.width() * entry.fraction, _BAR))
            painter.drawRoundedRect(bar, _BAR / 2, _BAR / 2)
        painter.restore()


def _prepare(
    delegate: QStyledItemDelegate, painter: QPainter, option: QStyleOptionViewItem, index: Index
) -> bool:
    """Paint all but the text; returns whether the row is selected."""
    plain = QStyleOptionViewItem(option)
    delegate.initStyleOption(plain, index)
    plain.text = ""
    plain.widget.style().drawControl(
        QStyle.ControlElement.CE_ItemViewItem, plain, painter, plain.widget
    )
    return bool(option.state & QStyle.StateFlag.State_Selected)


def _write(painter: QPainter, room: QRect, text: str, colour: str, side: Qt.AlignmentFlag) -> None:
    elided = QFontMetrics(painter.font()).elidedText(
        text, Qt.TextElideMode.ElideMiddle, room.width()
    )
    painter.setPen(QColor(colour))
    painter.drawText(room, side | Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextSingleLine, elided)


def _paint_image(painter: QPainter, room: QRect, image: QImage) -> None:
    size = image.size().scaled(room.size(), Qt.AspectRatioMode.KeepAspectRatio)
    place = QRect(room.topLeft(), size)
    place.moveCenter(room.center())
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(place, image)


def _paint_icon(painter: QPainter, room: QRect, kind: Kind, theme: Theme) -> None:
    """A triangle for a video, a landscape for pictures."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(theme.border), 1))
    painter.setBrush(QColor(theme.raised))
    painter.drawRoundedRect(QRectF(room), _RADIUS, _RADIUS)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(theme.muted))
    middle = QRectF(room).center()
    if kind is Kind.VIDEO:
        outline = [(-5, -8), (9, 0), (-5, 8)]
    else:
        outline = [(-14, 10), (-5, -3), (1, 4), (5, 0), (14, 10)]
        painter.drawEllipse(middle + QPointF(7, -8), 2.5, 2.5)
    painter.drawPolygon(QPolygonF([middle + QPointF(x, y) for x, y in outline]))
