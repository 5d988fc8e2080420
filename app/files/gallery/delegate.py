"""Paints a face of the gallery: its picture, and below it what the network says."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import (
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QFontMetrics, QImage, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.duration import clock_time
from app.files.gallery.found_face import SIDE, FoundFace
from app.files.gallery.model import FACE, PICTURE
from app.theme import EXPRESSION_COLOURS, Theme, current_theme

_MARGIN: Final = 8
"""Around a tile, in pixels."""
_FRAME: Final = 4
"""Around the picture, where it is marked that the tile is chosen."""
_BAR: Final = 4
"""Height of the bar that shows the probability."""
_SPACE: Final = 5
_RADIUS: Final = 6.0


class FaceDelegate(QStyledItemDelegate):
    def sizeHint(
        self,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,  # noqa: ARG002 - Qt's signature
    ) -> QSize:
        return tile_size(option.fontMetrics)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        theme, face = current_theme(), index.data(FACE)
        tile = QRect(0, 0, SIDE, option.rect.height() - 2 * _MARGIN)
        tile.moveCenter(option.rect.center())
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        _paint_frame(painter, option, QRectF(tile), theme)
        square = QRect(tile.left(), tile.top(), SIDE, SIDE)
        _paint_picture(painter, square, index, theme)
        bar = QRectF(tile.left(), square.bottom() + 1 + _SPACE, SIDE, _BAR)
        _paint_bar(painter, bar, face, theme)
        line = option.fontMetrics.height()
        first = QRect(tile.left(), round(bar.bottom()) + 2, SIDE, line)
        label, percent = face.expression.label.capitalize(), f"{100 * face.probability:.0f} %"
        _write(painter, first, label, percent, theme.text)
        time = "" if face.place.time is None else clock_time(face.time)
        below = first.translated(0, line)
        _write(painter, below, face.place.file.name, time, theme.muted)
        painter.restore()


def tile_size(metrics: QFontMetrics) -> QSize:
    """Of a tile with what is around it, in pixels."""
    height = SIDE + _SPACE + _BAR + 2 + 2 * metrics.height()
    return QSize(SIDE + 2 * _MARGIN, height + 2 * _MARGIN)


def _paint_frame(
    painter: QPainter, option: QStyleOptionViewItem, tile: QRectF, theme: Theme
) -> None:
    room = tile.adjusted(-_FRAME, -_FRAME, _FRAME, _FRAME)
    chosen = bool(option.state & QStyle.StateFlag.State_Selected)
    if not chosen and not option.state & QStyle.StateFlag.State_MouseOver:
        return
    painter.setPen(QPen(QColor(theme.accent), 2) if chosen else Qt.PenStyle.NoPen)
    painter.setBrush(QColor(theme.raised))
    painter.drawRoundedRect(room, _RADIUS + 2, _RADIUS + 2)


def _paint_picture(
    painter: QPainter, square: QRect, index: QModelIndex | QPersistentModelIndex, theme: Theme
) -> None:
    outline = QPainterPath()
    outline.addRoundedRect(QRectF(square), _RADIUS, _RADIUS)
    picture = index.data(PICTURE)
    if isinstance(picture, QImage):
        painter.save()
        painter.setClipPath(outline)
        painter.drawImage(square, picture)
        painter.restore()
        return
    painter.setPen(QPen(QColor(theme.border), 1))
    painter.setBrush(QColor(theme.raised))
    painter.drawPath(outline)
    if picture is not None:
        _paint_missing(painter, square, theme)


def _paint_missing(painter: QPainter, square: QRect, theme: Theme) -> None:
    """A head in outline, crossed out."""
    painter.setPen(QPen(QColor(theme.muted), 2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    middle = QRectF(square).center()
    painter.drawEllipse(middle, 16, 20)
    painter.drawLine(middle + QPointF(-24, 24), middle + QPointF(24, -24))


def _paint_bar(painter: QPainter, bar: QRectF, face: FoundFace, theme: Theme) -> None:
    """As long as the expression is probable."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(theme.border))
    painter.drawRoundedRect(bar, _BAR / 2, _BAR / 2)
    painter.setBrush(EXPRESSION_COLOURS[face.expression])
    bar.setWidth(max(bar.width() * face.probability, _BAR))
    painter.drawRoundedRect(bar, _BAR / 2, _BAR / 2)


def _write(painter: QPainter, room: QRect, left: str, right: str, ink: str) -> None:
    """``left`` is elided in favour of ``right``."""
    metrics = QFontMetrics(painter.font())
    single = Qt.TextFlag.TextSingleLine | Qt.AlignmentFlag.AlignVCenter
    painter.setPen(QColor(ink))
    painter.drawText(room, single | Qt.AlignmentFlag.AlignRight, right)
    space = room.width() - (metrics.horizontalAdvance(right) + 6 if right else 0)
    elided = metrics.elidedText(left, Qt.TextElideMode.ElideMiddle, space)
    painter.drawText(room, single | Qt.AlignmentFlag.AlignLeft, elided)
