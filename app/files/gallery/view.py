"""The sheet of tiles."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QSize, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QListView

from app.files.gallery.delegate import FaceDelegate, tile_size
from app.files.gallery.model import FacesModel
from app.files.gallery.reading import Reading


class FacesView(QListView):
    """Keeps its place when faces come and go."""

    chosen = Signal(int)
    """The row of a face that was clicked, or Enter pressed at it."""
    moved = Signal()
    """Other faces are in view."""

    def __init__(self, model: FacesModel) -> None:
        super().__init__()
        self._model = model
        self._columns = 1
        self._top: tuple[Reading, int] | None = None
        """Origin of the face to which the user scrolled last; None at the top of all. Another one
        is beside it at the top when others have come, and would lead further away each time."""
        self._keeping = False
        self.setGridSize(tile_size(self.fontMetrics()))
        self.setModel(model)
        self.setItemDelegate(FaceDelegate(self))
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMouseTracking(True)
        self.setAccessibleName(self.tr("Faces"))
        self.viewport().setCursor(Qt.CursorShape.PointingHandCursor)
        self.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        self.clicked.connect(self._on_clicked)

    @property
    def rows_in_view(self) -> range:
        """All rows that are seen, at least in part."""
        count, height = self._model.rowCount(), self.gridSize().height()
        top = self.verticalScrollBar().value()
        first = top // height * self._columns
        past = ((top + self.viewport().height()) // height + 1) * self._columns
        return range(min(first, count), min(past, count))

    @contextmanager
    def keeping_place(self) -> Iterator[None]:
        """The model may be reset meanwhile: what is at the top stays there.

        When nothing was scrolled, the view stays at the top of all.
        """
        bar, height = self.verticalScrollBar(), self.gridSize().height()
        top, current = bar.value(), self.currentIndex().row()
        in_view = [self._model.origin(row) for row in self.rows_in_view]
        chosen = self._model.origin(current) if current >= 0 else None
        self._keeping = True
        yield
        self.doItemsLayout()
        if chosen is not None and (row := self._model.row(*chosen)) is not None:
            clear_and_select = QItemSelectionModel.SelectionFlag.ClearAndSelect
            self.selectionModel().setCurrentIndex(self._model.index(row), clear_and_select)
        if self._top is not None:
            rows = (self._model.row(*origin) for origin in (self._top, *in_view))
            row = next((row for row in rows if row is not None), 0)
            top = row // self._columns * height + top % height
        bar.setValue(top)
        self._keeping = False
        self.moved.emit()

    def show_top(self) -> None:
        self.doItemsLayout()
        self.scrollToTop()
        self.moved.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        size = tile_size(self.fontMetrics())
        # As wide as they can be, so that no room is left at the right.
        self._columns = max((self.viewport().width() - 1) // size.width(), 1)
        width = (self.viewport().width() - 1) // self._columns
        self.setGridSize(QSize(width, size.height()))
        super().resizeEvent(event)
        self.moved.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.chosen.emit(self.currentIndex().row())
        else:
            super().keyPressEvent(event)

    @Slot(int)
    def _on_scrolled(self, value: int) -> None:
        if not self._keeping:
            rows = self.rows_in_view
            self._top = self._model.origin(rows[0]) if value and rows else None
            self.moved.emit()

    @Slot(QModelIndex)
    def _on_clicked(self, index: QModelIndex) -> None:
        self.chosen.emit(index.row())
