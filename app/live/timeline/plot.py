"""The timeline that one points at, scrolls, and moves in by keyboard."""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget

from app.live.timeline.canvas import TimelineCanvas
from app.live.timeline.places import Places
from app.live.timeline.readout import Readout
from app.live.timeline.section import SPANS, spans_up_to
from app.theme import current_theme

_NOTCH: Final = 120
"""One step of a mouse wheel, in Qt's units."""


class TimelinePlot(TimelineCanvas):
    """Tells what is chosen; whoever uses it says what becomes of that."""

    moment_chosen = Signal(object)
    """Seconds, or None when it was dropped; by mouse or keyboard."""
    person_chosen = Signal(int)
    """The track id."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Timeline"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.widest = SPANS[-1]
        """Seconds that are shown at most by the mouse wheel."""
        self._pointer: QPointF | None = None
        self._grabbed: tuple[float, float] | None = None
        """Where the mouse was pressed, and the section's end then."""
        self._dragging = False

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        readout = self.readout
        if readout is not None:
            readout.paint(painter, self.places, self.small_font(), theme)
        if self.hasFocus():
            painter.setPen(QColor(theme.accent))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)

    # The pointer

    @property
    def readout(self) -> Readout | None:
        """What is told of the place under the pointer; None outside of curves and strips."""
        if self._pointer is None or self._dragging:
            return None
        places = self.places
        track = self._person_at(self._pointer, places)
        time = places.time(self._pointer.x())
        courses = self.section.courses
        if track is None or not max(places.start, courses.start) <= time <= courses.end:
            return None
        return self.readout_of(track, time) if time <= places.end else None

    def _person_at(self, point: QPointF, places: Places) -> int | None:
        """Whose lane that is, else the chosen person."""
        track = places.person_at(point)
        return track if track is not None else self.section.chosen

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self._grabbed = event.position().x(), self.section.end

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._pointer = event.position()
        if self._grabbed is not None:
            x, end = self._grabbed
            moved = event.position().x() - x
            self._dragging |= abs(moved) >= QApplication.startDragDistance()
            if self._dragging:
                self.scroll_to(end - moved * self.places.pixel)
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton and self._grabbed is not None:
            if not self._dragging:
                self._click(event.position())
            self._grabbed, self._dragging = None, False
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._pointer = None
        self.update()

    def _click(self, point: QPointF) -> None:
        places, courses = self.places, self.section.courses
        track = self._person_at(point, places)
        if track is not None and track != self.section.chosen:
            self.person_chosen.emit(track)
        if track is not None and places.curves.left() <= point.x() <= places.curves.right():
            self._take(min(max(places.time(point.x()), courses.start), courses.end))

    def wheelEvent(self, event: QWheelEvent) -> None:
        delta = event.angleDelta()
        notches = (delta.y() or delta.x()) / _NOTCH
        places = self.places
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            spans = spans_up_to(self.widest)
            now = bisect_left(spans, self.section.span)
            self.set_span(spans[min(max(now + (-1 if notches > 0 else 1), 0), len(spans) - 1)])
        elif places.hidden and event.position().y() > places.strip.bottom():
            step = -1 if notches > 0 else 1
            self._first_lane = min(max(self._first_lane + step, 0), places.hidden)
            self.refresh()
        elif self.section.newest > self.section.oldest:
            self.scroll_to(self.section.end - notches * self.section.span / 8)
        else:
            event.ignore()

    # The keyboard

    def keyPressEvent(self, event: QKeyEvent) -> None:
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        section = self.section
        nobody = section.chosen is None or section.empty
        match event.key():
            case Qt.Key.Key_Escape if section.moment is not None:
                self._take(None)
            case _ if nobody:
                super().keyPressEvent(event)
            case Qt.Key.Key_Left:
                self._take(section.after(-1) if shift else section.next_row(-1))
            case Qt.Key.Key_Right:
                self._take(section.after(1) if shift else section.next_row(1))
            case Qt.Key.Key_Home:
                self._take(section.last_row(-1))
            case Qt.Key.Key_End:
                self._take(section.last_row(1))
            case _:
                super().keyPressEvent(event)

    def _take(self, moment: float | None) -> None:
        self.choose_moment(moment)
        self.moment_chosen.emit(moment)
