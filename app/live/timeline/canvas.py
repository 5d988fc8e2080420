"""Draws the probabilities of one person over time, and everybody's labels below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

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
from app.live.timeline.section import Courses, Section
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
_SMALL: Final = 0.9
"""Size of the text, of the widget's font."""


class Names(Protocol):
    """What people are called, by track id: ``app.live.people.People``, or the like."""

    def name(self, track: int) -> str: ...
    def colour(self, track: int) -> QColor: ...


class TimelineCanvas(QWidget):
    """Curves, label strips and time axis of what ``section`` says.

    Painted by hand: it must be drawn many times a second beside the analysis, and into an SVG.
    Attributes may be set at any time; call ``refresh`` afterwards, and when there is more to show.
    """

    scrolled = Signal()
    """Another time is shown, or another span of it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
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
        self._most_others = 0
        """In view so far: the height asked for does not go up and down with them."""
        self._first_lane = 0
        self._drawn: QPixmap | None = None
        self._drawn_time = (0.0, 0.0)
        """From when to when it is, in seconds."""

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
        if self._drawn is not None and self._drawn_time == (self.section.start, self.section.end):
            self._show()  # only the line has moved
        else:
            self.refresh()
        self.scrolled.emit()

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
        self._show()

    def _show(self) -> None:
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
        readout = self.readout_of(section.chosen, time)
        return self.tr("{}; others in view: {}").format(readout.words, others) if readout else ""

    @property
    def _nothing(self) -> str:
        if self.section.empty:
            return self.tr("Expressions over time appear here.")
        return self.tr("Not seen in this time.")

    def readout_of(self, track: int, time: float) -> Readout | None:
        """What is known of a person at ``time`` seconds; None before there is anything to show."""
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
        self._paint_courses(painter)
        self._paint_times(painter)

    def _paint_times(self, painter: QPainter) -> None:
        """The axis and the moment: all that changes while a recording that is shown whole plays."""
        theme, places, moment = current_theme(), self.places, self.section.moment
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self.small_font())
        paint_axis(painter, places, theme, moment)
        if moment is not None:
            paint_moment(painter, places, moment, theme)

    def _paint_courses(self, painter: QPainter) -> None:
        theme, places, section = current_theme(), self.places, self.section
        painter.fillRect(self.rect(), QColor(theme.surface))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self.small_font())
        paint_grid(painter, places, theme, right_scale=self.valence)
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

    def small_font(self) -> QFont:
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * _SMALL)
        return font

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - Qt's signature
        ratio = self.devicePixelRatioF()
        if self._drawn is None or self._drawn.devicePixelRatio() != ratio:
            # Kept, so that a move of the mouse does not draw everything anew.
            self._drawn = QPixmap(self.size() * ratio)
            self._drawn.setDevicePixelRatio(ratio)
            self._drawn_time = self.section.start, self.section.end
            painter = QPainter(self._drawn)
            self._paint_courses(painter)
            painter.end()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._drawn)
        self._paint_times(painter)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()
