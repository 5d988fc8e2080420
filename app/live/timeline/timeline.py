"""The timeline below the picture: the plot of this capture, and what is chosen about it."""

from __future__ import annotations

from math import inf
from typing import Final

from PySide6.QtCore import QSignalBlocker, Qt, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollBar,
    QVBoxLayout,
)

from app.live.consumer_base import CaptureTimer, Consumer, Live
from app.live.stream import Began, Ended, Event, Gap
from app.live.timeline.plot import TimelinePlot
from app.live.timeline.section import SPANS

_REDRAW_MS: Final = 83
"""Twelve times a second: smooth enough for curves, and little beside the analysis."""
_LEAST_WHOLE: Final = 1.0
"""Seconds shown of a capture that was shorter, such as a picture."""
_NOTCHES: Final = 10
"""Of the scroll bar for each second."""


class Timeline(QFrame, Consumer):
    """Shows the newest time while the user does not look back, and stays after the end."""

    def __init__(self, live: Live) -> None:
        super().__init__()
        self.setObjectName("card")
        self._session, self._choice, self._people = live.session, live.choice, live.people
        self._options = live.options
        self._shown = 0.0
        """Time of the newest observation drawn."""
        self._build()
        timer = CaptureTimer(live.session, _REDRAW_MS, self)
        timer.timeout.connect(self._show_newest)
        self._connect(live)
        live.below.addWidget(self)
        self.hide()  # there is nothing to show before the first capture
        self._on_people()
        self._on_options()

    def refresh_theme(self) -> None:
        self.plot.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._refresh()

    def _build(self) -> None:
        self.plot = TimelinePlot()
        self.span = QComboBox()
        self.span.setAccessibleName(self.tr("Time shown"))
        self.span.setToolTip(
            self.tr("How much time is shown at once. Ctrl and the mouse wheel, too.")
        )
        for seconds in SPANS:
            text = self.tr("{:.0f} s") if seconds < 60 else self.tr("{:.0f} min")
            self.span.addItem(text.format(seconds if seconds < 60 else seconds / 60), seconds)
        self.span.setPlaceholderText(self.tr("Whole"))
        self._usual_span = self.plot.section.span
        """What the user chose; a short capture is shown whole after its end."""
        self.style_ = QComboBox()
        self.style_.setAccessibleName(self.tr("Kind of curves"))
        self.style_.setToolTip(self.tr("Lines, or areas that add up to 100 %."))
        self.style_.addItem(self.tr("Lines"), False)
        self.style_.addItem(self.tr("Areas"), True)
        self.valence = QCheckBox(self.tr("Valence"))
        self.valence.setToolTip(
            self.tr(
                "Happy minus the strongest of angry, disgust, fear and sad; scale at the right."
            )
        )
        self.pause = QPushButton()
        self.bar = QScrollBar(Qt.Orientation.Horizontal)
        self.bar.setAccessibleName(self.tr("Time shown, from the oldest to the newest"))

        tools = QHBoxLayout()
        tools.setSpacing(10)
        for flat in (self.span, self.style_, self.pause):
            flat.setObjectName("compact")
        for tool in (self.span, self.style_, self.valence):
            tools.addWidget(tool)
        tools.addStretch(1)
        tools.addWidget(self.pause)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 6, 10, 4)
        layout.setSpacing(4)
        layout.addLayout(tools)
        layout.addWidget(self.plot, 1)
        layout.addWidget(self.bar)

    def _connect(self, live: Live) -> None:
        self.span.activated.connect(self._on_span)
        self.style_.activated.connect(self._on_options)
        self.valence.toggled.connect(self._on_options)
        self.pause.clicked.connect(self._on_pause)
        self.bar.valueChanged.connect(self._on_bar)
        self.plot.scrolled.connect(self._show_section)
        self.plot.moment_chosen.connect(live.choice.choose_moment)
        self.plot.person_chosen.connect(live.choice.choose)
        live.options.changed.connect(self._on_options)
        live.choice.person_changed.connect(self._on_person)
        live.choice.moment_changed.connect(self._on_moment)
        live.people.changed.connect(self._on_people)
        live.session.state_changed.connect(self._show_section)
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
        self.plot.areas = self.style_.currentData()
        self.plot.valence = self.valence.isChecked()
        self.plot.raw = self._options.raw.isChecked()
        self.plot.least_quality = self._options.least_quality
        self.plot.refresh()

    @Slot()
    def _on_span(self) -> None:
        self.plot.set_span(self.span.currentData())

    @Slot()
    def _on_pause(self) -> None:
        if self.plot.section.follows:
            self.plot.hold()
        else:
            self._choice.choose_moment(None)
            self.plot.follow()

    @Slot(int)
    def _on_bar(self, value: int) -> None:
        # At its end it follows again, though the newest time has gone on since the bar was set.
        newest = value == self.bar.maximum()
        self.plot.scroll_to(inf if newest else self.plot.section.oldest + value / _NOTCHES)

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
                self._show_section()

    def _refresh(self) -> None:
        self._shown = self._people.history.end
        self.plot.refresh()
        self._show_section()

    @Slot()
    def _show_section(self) -> None:
        """In the scroll bar, the button and the choice of the span."""
        section = self.plot.section
        oldest, seconds = section.oldest, section.newest - section.oldest
        with QSignalBlocker(self.bar):
            self.bar.setRange(0, round(seconds * _NOTCHES))
            self.bar.setPageStep(round(section.span * _NOTCHES))
            self.bar.setSingleStep(_NOTCHES)
            self.bar.setValue(round((section.end - oldest) * _NOTCHES))
        self.bar.setVisible(seconds > 0)
        self.span.setCurrentIndex(self.span.findData(section.span))
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
