"""A window with the pictures behind a cell of the confusion matrix."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Slot
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPen, QPixmap
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QLabel,
    QListView,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from app.theme import current_theme
from app.training.result.cell_loader import CellContent, CellLoader, CellPicture, CellRequest

_SIDE: Final = 104
"""Of a picture on screen, in pixels."""
_MARGIN: Final = 8
_CONFIDENCE = Qt.ItemDataRole.UserRole


class CellPictures(QDialog):
    """Shows the pictures of the cell requested last, the most confident first."""

    def __init__(self, loader: CellLoader, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._loader = loader
        self._wanted: CellRequest | None = None
        self.resize(690, 540)
        self.title = QLabel()
        self.title.setObjectName("headline")
        self.title.setWordWrap(True)
        self.note = QLabel()
        self.note.setObjectName("caption")
        self.note.setWordWrap(True)
        self.pictures = QListWidget()
        self.pictures.setObjectName("card")
        self.pictures.setAccessibleName(self.tr("Pictures"))
        self.pictures.setViewMode(QListView.ViewMode.IconMode)
        self.pictures.setResizeMode(QListView.ResizeMode.Adjust)
        self.pictures.setMovement(QListView.Movement.Static)
        self.pictures.setUniformItemSizes(True)
        self.pictures.setFrameShape(QFrame.Shape.NoFrame)
        self.pictures.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self.pictures.setItemDelegate(_PictureDelegate(self.pictures))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 14, 18, 14)
        layout.setSpacing(4)
        layout.addWidget(self.title)
        layout.addWidget(self.note)
        layout.addSpacing(6)
        layout.addWidget(self.pictures, 1)
        loader.loaded.connect(self._on_loaded)
        loader.failed.connect(self._on_failed)

    def ask(self, request: CellRequest, count: int) -> None:
        """Request the ``count`` pictures of a cell and show them."""
        self._wanted = request
        true, predicted = request.true.label, request.predicted.label
        if request.true is request.predicted:
            title = self.tr("{} classified correctly").format(true.capitalize())
        else:
            title = self.tr("{} classified as {}").format(true.capitalize(), predicted)
        self.setWindowTitle(title)
        self.title.setText(title)
        self.pictures.clear()
        if count:
            self.note.setText(self.tr("Loading pictures…"))
            self._loader.load(request)
        else:
            self.note.setText(self.tr("There are no such pictures in {}.").format(request.split))
        self.show()
        self.raise_()
        self.activateWindow()

    @Slot(object, object)
    def _on_loaded(self, request: CellRequest, content: CellContent) -> None:
        if request is not self._wanted:
            return
        self.note.setText(self._note(request, content))
        for picture in content.pictures:
            self.pictures.addItem(self._item(picture))

    @Slot(object, str)
    def _on_failed(self, request: CellRequest, why: str) -> None:
        if request is self._wanted:
            self.note.setText(why)

    def _note(self, request: CellRequest, content: CellContent) -> str:
        shown = len(content.pictures)
        if shown == 1:
            return self.tr("1 picture of {}").format(request.split)
        pictures = self.tr("{:,} pictures").format(shown)
        if content.more:
            pictures += self.tr(" and {:,} more").format(content.more)
        return self.tr("{} of {}, most confident first").format(pictures, request.split)

    def _item(self, picture: CellPicture) -> QListWidgetItem:
        height, width = picture.picture.shape
        image = QImage(picture.picture.data, width, height, width, QImage.Format.Format_Grayscale8)
        item = QListWidgetItem(PurePosixPath(picture.name).name)
        # A pixmap has its own copy: the image only borrows the array.
        item.setData(Qt.ItemDataRole.DecorationRole, QPixmap.fromImage(image))
        item.setData(_CONFIDENCE, f"{100 * picture.confidence:.1f} %")
        described = self.tr("{}, confidence {:.1f} %").format(
            picture.name, 100 * picture.confidence
        )
        item.setToolTip(described)
        item.setData(Qt.ItemDataRole.AccessibleTextRole, described)
        return item


class _PictureDelegate(QStyledItemDelegate):
    """The picture, with the confidence and the file's name below it."""

    def sizeHint(
        self,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,  # noqa: ARG002 - Qt's signature
    ) -> QSize:
        lines = 2 * option.fontMetrics.height()
        return QSize(_SIDE + 2 * _MARGIN, _SIDE + lines + 2 * _MARGIN + 4)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        theme = current_theme()
        place: QRect = option.rect.adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
        square = QRect(place.x() + (place.width() - _SIDE) // 2, place.y(), _SIDE, _SIDE)
        line = option.fontMetrics.height()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawPixmap(square, index.data(Qt.ItemDataRole.DecorationRole))
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(QPen(QColor(theme.accent), 3))
            painter.drawRect(square.adjusted(-2, -2, 1, 1))
        words = QRect(place.x(), square.bottom() + 4, place.width(), line)
        font = QFont(option.font)
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(QColor(theme.text))
        painter.drawText(words, Qt.AlignmentFlag.AlignLeft, index.data(_CONFIDENCE))
        painter.setFont(option.font)
        painter.setPen(QColor(theme.muted))
        name = option.fontMetrics.elidedText(
            index.data(), Qt.TextElideMode.ElideLeft, words.width()
        )
        painter.drawText(words.translated(0, line), Qt.AlignmentFlag.AlignLeft, name)
        painter.restore()
