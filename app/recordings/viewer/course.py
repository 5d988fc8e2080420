"""The timeline of a recording: everybody's course, markers and excluded times."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QPushButton

from app.live.timeline.card import TimelineCard
from app.live.timeline.section import spans_up_to
from app.recordings.viewer.shown import Shown
from ml.recording.recording import Recording

_SHORTEST: Final = 1.0
"""Seconds shown of a recording that is shorter."""


class Course(TimelineCard):
    """Begins with the whole recording; follows the clock when a part is shown."""

    def __init__(self, shown: Shown) -> None:
        super().__init__()
        self._shown = shown
        self._recording: Recording | None = None
        self.whole = QPushButton(self.tr("Whole"))
        self.whole.setObjectName("compact")
        self.whole.setToolTip(self.tr("Show the whole recording."))
        self.whole.clicked.connect(self.show_whole)
        self.tools.addWidget(self.whole)
        self.plot.moment_chosen.connect(self._on_moment)
        self.plot.person_chosen.connect(shown.choose)
        shown.changed.connect(self._on_changed)
        shown.person_changed.connect(self._on_person)
        shown.clock.moved.connect(self._on_time)

    def widen_to(self, seconds: float) -> None:
        """Show so much, and let the user choose to see less."""
        self.plot.widest = max(seconds, _SHORTEST)
        self.offer_spans(spans_up_to(self.plot.widest)[:-1])
        self.show_whole()

    @Slot()
    def show_whole(self) -> None:
        self.plot.set_span(self.plot.widest)

    @Slot()
    def _on_changed(self) -> None:
        corrected, plot = self._shown.corrected, self.plot
        if corrected is None:
            return
        another = corrected.recording is not self._recording
        self._recording = corrected.recording
        end, span = plot.section.end, plot.section.span
        plot.show_courses(corrected, self._shown)
        plot.section.chosen = self._shown.person
        plot.markers, plot.excluded = corrected.markers, corrected.excluded
        if another:
            self.widen_to(corrected.end)
        else:
            plot.set_span(span)
            plot.scroll_to(end)
        self._on_time()

    @Slot()
    def _on_person(self) -> None:
        self.plot.section.chosen = self._shown.person
        self.plot.refresh()

    @Slot(object)
    def _on_moment(self, moment: float | None) -> None:
        if moment is not None:
            self._shown.clock.go_to(moment)
        else:  # the clock always shows one
            self._on_time()

    @Slot()
    def _on_time(self) -> None:
        if self._shown.clock.time != self.plot.section.moment:
            self.plot.choose_moment(self._shown.clock.time)
