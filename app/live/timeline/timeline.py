"""The timeline below the picture: the plot of this capture, and what is chosen about it."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QPushButton,
)

from app.live.consumer_base import CaptureTimer, Consumer, Live
from app.live.stream import Began, Ended, Event, Gap
from app.live.subject import Subject
from app.live.timeline.card import TimelineCard

_REDRAW_MS: Final = 83
"""Twelve times a second: smooth enough for curves, and little beside the analysis."""
_LEAST_WHOLE: Final = 1.0
"""Seconds shown of a capture that was shorter, such as a picture."""


class Timeline(TimelineCard, Consumer):
    """Shows the newest time while the user does not look back, and stays after the end."""

    def __init__(self, live: Live) -> None:
        super().__init__()
        self._session, self._choice, self._people = live.session, live.choice, live.people
        self._options, self._markers = live.options, live.markers
        self._shown = 0.0
        """Time of the newest observation drawn."""
        self._usual_span = self.plot.section.span
        """What the user chose; a short capture is shown whole after its end."""
        self.pause = QPushButton()
        self.pause.setObjectName("compact")
        self.tools.addWidget(self.pause)
        timer = CaptureTimer(live.session, _REDRAW_MS, self)
        timer.timeout.connect(self._show_newest)
        self._connect(live)
        live.below.addWidget(self)
        live.subjects.append(Subject(self.tr("timeline"), self.plot.area, self.plot.paint))
        self.hide()  # there is nothing to show before the first capture
        self._on_people()
        self._on_options()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._refresh()

    def _connect(self, live: Live) -> None:
        self.pause.clicked.connect(self._on_pause)
        self.plot.moment_chosen.connect(live.choice.choose_moment)
        self.plot.person_chosen.connect(live.choice.choose)
        live.options.changed.connect(self._on_options)
        live.choice.person_changed.connect(self._on_person)
        live.choice.moment_changed.connect(self._on_moment)
        live.people.changed.connect(self._on_people)
        live.markers.changed.connect(self._refresh)
        live.session.state_changed.connect(self.show_section)
        live.session.stream.told.connect(self._on_event)

    # What happens elsewhere

    @Slot(object)
    def _on_event(self, event: Event) -> None:
        if isinstance(event, Began):
            self.setVisible(True)
            self.plot.set_span(self._usual_span)
        elif isinstance(event, Gap | Ended):  # the last observation is drawn, though no timer runs
            self._refresh()
        if isinstance(event, Ended):
            history = self._people.history
            seconds = max(history.end - history.start, _LEAST_WHOLE)
            if seconds < self.plot.section.span:
                self.plot.set_span(seconds)

    @Slot()
    def _on_people(self) -> None:
        if self.plot.section.courses is not self._people.history:
            self.plot.show_courses(self._people.history, self._people)
        self._refresh()

    @Slot()
    def _on_person(self) -> None:
        self.plot.section.chosen = self._choice.track
        self.plot.refresh()

    @Slot()
    def _on_moment(self) -> None:
        if self._choice.moment != self.plot.section.moment:
            self.plot.choose_moment(self._choice.moment)

    # What the user does here

    @Slot()
    def _on_options(self) -> None:
        self.plot.raw = self._options.raw.isChecked()
        self.plot.least_quality = self._options.least_quality
        self.plot.refresh()

    @Slot()
    def _on_pause(self) -> None:
        if self.plot.section.follows:
            self.plot.hold()
        else:
            self._choice.choose_moment(None)
            self.plot.follow()

    # Showing

    @Slot()
    def _show_newest(self) -> None:
        """Draw again when something new is in view, and moved by a pixel at least."""
        new = self._people.history.end - self._shown
        if self.isVisible() and new >= self.plot.places.pixel:
            if self._shown < self.plot.section.end:
                self._refresh()
            else:
                self._shown = self._people.history.end
                self.show_section()

    @Slot()
    def _refresh(self) -> None:
        self.plot.markers = self._markers.all  # a running interval has become longer
        self._shown = self._people.history.end
        self.plot.refresh()
        self.show_section()

    @Slot()
    def show_section(self) -> None:
        """In the button, too."""
        super().show_section()
        section = self.plot.section
        if self.span.currentIndex() >= 0:
            self._usual_span = section.span
        newest = self.tr("Live") if self._session.active else self.tr("Newest")
        self.pause.setText(self.tr("Pause") if section.follows else newest)
        self.pause.setToolTip(
            self.tr("Keep what is shown in place; the capture goes on.")
            if section.follows
            else self.tr("Show the newest time again.")
        )
        self.pause.setEnabled(self._session.active or not section.follows)
