"""The probabilities of one person over time, and everybody's labels below."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final, Protocol

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QSizePolicy, QWidget

from app.live.timeline.columns import Columns
from app.live.timeline.curves import (
    paint_areas,
    paint_grid,
    paint_legend,
    paint_lines,
    paint_valence,
)
from app.live.timeline.places import LEAST_HEIGHT, Places, height_for, place
from app.live.timeline.readout import Readout
from app.live.timeline.section import SPANS, Courses, Section
from app.live.timeline.strips import (
    paint_axis,
    paint_excluded,
    paint_markers,
    paint_moment,
    paint_number,
    paint_strip,
    paint_veil,
)
from app.theme import Theme, current_theme
from ml.recording.corrections import Excluded
from ml.recording.marker import Marker

_COLUMN: Final = 2
"""Pixels of which the rows are drawn as one: calmer than one, and in half the time."""
_NOTCH: Final = 120
"""One step of a mouse wheel, in Qt's units."""
_SMALL: Final = 0.9
"""Size of the text, of the widget's font."""


class Names(Protocol):
    """What people are called, by track id: ``app.live.people.People``, or the like."""

    def name(self, track: int) -> str: ...
    def colour(self, track: int) -> QColor: ...


class TimelinePlot(QWidget):
    """Curves, label strips and time axis of what ``section`` says.

    Painted by hand: it must be drawn many times a second beside the analysis, and into an SVG.
    Attributes may be set at any time; call ``refresh`` afterwards, and when there is more to show.
    """

    moment_chosen = Signal(object)
    """Seconds, or None when it was dropped; by mouse or keyboard."""
    person_chosen = Signal(int)
    """The track id."""
    scrolled = Signal()
    """Another time is shown, or another span of it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Timeline"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setMouseTracking(True)
        self.section = Section()
        self.names: Names | None = None
        self.areas = False
        """Stacked areas, not lines."""
        self.raw = False
        """The network's answers as they are, neither smoothed nor corrected."""
        self.valence = False
        self.least_quality = 0.0
        """Rows of a lower quality are faint."""
        self.markers: Sequence[Marker] = ()
        self.excluded: Sequence[Excluded] = ()
        self.widest = SPANS[-1]
        """Seconds that are shown at most by the mouse wheel."""
        self._most_others = 0
        """In view so far: the height asked for does not go up and down with them."""
        self._first_lane = 0
        self._drawn: QPixmap | None = None
        self._pointer: QPointF | None = None
        self._grabbed: tuple[float, float] | None = None
        """Where the mouse was pressed, and the section's end then."""
        self._dragging = False

    def show_courses(self, courses: Courses, names: Names) -> None:
        """Begin anew with other people."""
        span, self.section = self.section.span, Section()
        self.section.courses, self.section.span, self.names = courses, span, names
        self._most_others = self._first_lane = 0
        self.updateGeometry()
        self.refresh()

    @property
    def places(self) -> Places:
        """Where everything is now."""
        return place(
            self.size(), self.section, first_lane=self._first_lane, right_scale=self.valence
        )

    def scroll_to(self, end: float) -> None:
        """``end`` is the time at the right edge, in seconds."""
        self.section.scroll_to(end)
        self._moved()

    def set_span(self, span: float) -> None:
        self.section.set_span(span)
        self._moved()

    def choose_moment(self, moment: float | None) -> None:
        """Mark that time, in seconds; None marks none."""
        self.section.choose_moment(moment)
        self._moved()

    def hold(self) -> None:
        """Keep showing what is shown."""
        self.section.hold()
        self._moved()

    def follow(self) -> None:
        """Show the newest time, now and from now on."""
        self.section.follow()
        self._moved()

    def refresh(self) -> None:
        """Draw anew; costs nothing while hidden."""
        self._drawn = None
        if not self.isVisible():
            return
        others = len(self.section.others)
        if others > self._most_others:
            self._most_others = others
            self.updateGeometry()
        description = self._description(others)
        if description != self.accessibleDescription():
            self.setAccessibleDescription(description)
        self.update()

    def _moved(self) -> None:
        self.refresh()
        self.scrolled.emit()

    def _description(self, others: int) -> str:
        section = self.section
        if section.chosen is None:
            return self._nothing
        time = (
            section.moment if section.moment is not None else min(section.end, section.courses.end)
        )
        readout = self._readout(section.chosen, time)
        return self.tr("{}; others in view: {}").format(readout.words, others) if readout else ""

    @property
    def _nothing(self) -> str:
        if self.section.empty:
            return self.tr("Expressions over time appear here.")
        return self.tr("Not seen in this time.")

    def _readout(self, track: int, time: float) -> Readout | None:
        if self.names is None:
            return None
        row = self.section.courses.at(track, time)
        return Readout(self.names.name(track), time, row, self._field)

    @property
    def _field(self) -> str:
        """The field of ROW that is shown."""
        return "raw" if self.raw else "probabilities"

    # Painting

    def sizeHint(self) -> QSize:
        return QSize(640, height_for(self._most_others))

    def minimumSizeHint(self) -> QSize:
        return QSize(250, LEAST_HEIGHT)

    def area(self) -> QRect:
        """What ``paint`` paints; empty if nobody was seen."""
        return QRect() if self.section.empty else self.rect()

    def paint(self, painter: QPainter) -> None:
        """Everything but what is under the pointer; also for a picture or an SVG."""
        theme, places, section = current_theme(), self.places, self.section
        painter.fillRect(self.rect(), QColor(theme.surface))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self._small_font())
        paint_grid(painter, places, theme, right_scale=self.valence)
        paint_axis(painter, places, theme, section.moment)
        if section.chosen is not None and not section.empty:
            self._paint_chosen(painter, places, theme, section.chosen)
        else:
            self._paint_nothing(painter, places, theme)
        for track, lane in places.lanes.items():
            self._paint_labels(painter, places, theme, track, lane, self._columns(track, places))
        if places.hidden:
            painter.setPen(QColor(theme.muted))
            text = self.tr("and {} more").format(places.hidden)
            painter.drawText(places.more, Qt.AlignmentFlag.AlignVCenter, text)
        for part in self.excluded:
            paint_excluded(painter, places, self._over(places, part.person), part, theme)
        paint_markers(painter, places, self.markers, theme)
        if section.moment is not None:
            paint_moment(painter, places, section.moment, theme)

    def _over(self, places: Places, person: int | None) -> list[QRectF]:
        """Where a person is shown; all if it is None."""
        chosen = [places.curves, places.strip]
        if person is None:
            return [*chosen, *places.lanes.values()]
        return chosen if person == self.section.chosen else [places.lanes.get(person, QRectF())]

    def _paint_chosen(self, painter: QPainter, places: Places, theme: Theme, track: int) -> None:
        columns = self._columns(track, places)
        if not len(columns):
            self._paint_nothing(painter, places, theme)
        else:
            values = columns.mean(self._field)
            paint = paint_areas if self.areas else paint_lines
            paint(painter, places, columns, values)
            if self.valence:
                paint_valence(painter, places, columns, values, theme)
            self._paint_veil(painter, places, theme, columns, places.curves)
        paint_legend(painter, places, theme, self.tr("Valence") if self.valence else "")
        self._paint_labels(painter, places, theme, track, places.strip, columns)

    def _paint_labels(
        self,
        painter: QPainter,
        places: Places,
        theme: Theme,
        track: int,
        lane: QRectF,
        columns: Columns,
    ) -> None:
        paint_strip(painter, places, lane, columns.runs(columns.labels(self._field)), theme)
        self._paint_veil(painter, places, theme, columns, lane)
        if self.names is not None:
            paint_number(painter, lane, str(track), self.names.colour(track))

    def _paint_veil(
        self, painter: QPainter, places: Places, theme: Theme, columns: Columns, over: QRectF
    ) -> None:
        if self.least_quality > 0:
            faint = columns.runs(columns.mean("quality") < self.least_quality)
            paint_veil(painter, places, over, faint, theme)

    def _paint_nothing(self, painter: QPainter, places: Places, theme: Theme) -> None:
        painter.setPen(QColor(theme.muted))
        painter.drawText(places.curves, Qt.AlignmentFlag.AlignCenter, self._nothing)

    def _columns(self, track: int, places: Places) -> Columns:
        # From a column earlier, for the left edge is not exactly where the first row may be.
        rows = self.section.courses.rows(track, places.start - places.pixel, places.end)
        return Columns(rows, _COLUMN * places.pixel)

    def _small_font(self) -> QFont:
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * _SMALL)
        return font

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - Qt's signature
        ratio = self.devicePixelRatioF()
        if self._drawn is None or self._drawn.devicePixelRatio() != ratio:
            # Kept, so that a move of the mouse does not draw everything anew.
            self._drawn = QPixmap(self.size() * ratio)
            self._drawn.setDevicePixelRatio(ratio)
            painter = QPainter(self._drawn)
            self.paint(painter)
            painter.end()
        theme = current_theme()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._drawn)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        readout = self.readout
        if readout is not None:
            readout.paint(painter, self.places, self._small_font(), theme)
        if self.hasFocus():
            painter.setPen(QColor(theme.accent))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()

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
        return self._readout(track, time) if time <= places.end else None

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
            spans = [*(span for span in SPANS if span < self.widest), self.widest]
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
