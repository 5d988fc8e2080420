"""What was seen of the person looked at: in the whole recording, or in a part of it."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QSignalBlocker, Qt, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QComboBox, QFormLayout, QFrame, QLabel, QVBoxLayout

from app.duration import clock_time, duration
from app.live.timeline.section import Section
from app.live.views.summary_panel import SummaryTable
from app.recordings.viewer.shown import Shown
from app.theme import centre_labels
from ml.people.summary import summarise
from ml.recording.corrected import Corrected
from ml.recording.marker import Marker

_SECTION: Final = 1
"""Place in the list of parts of what the timeline shows; marked intervals come last."""
_BETWEEN: Final = 2
"""Place of the time between two markers."""


class SummaryPanel(QFrame):
    """Without the excluded times."""

    def __init__(self, shown: Shown, section: Section) -> None:
        """``section`` is what the timeline shows."""
        super().__init__()
        self.setObjectName("card")
        self._shown, self._section = shown, section
        self._told = (0.0, 0.0)
        """From when to when the summary is, in seconds."""
        self.part = QComboBox()
        self.part.setAccessibleName(self.tr("Part of the recording"))
        self.since, self.until = QComboBox(), QComboBox()
        form = self._form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.setVerticalSpacing(4)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for text, field in ((self.tr("From"), self.since), (self.tr("To"), self.until)):
            field.setAccessibleName(text)
            field.setMinimumContentsLength(8)  # a long label does not make the panel wider
            form.addRow(text, field)
        centre_labels(form)
        self.caption = QLabel()
        self.caption.setObjectName("caption")
        self.caption.setWordWrap(True)
        self.caption.setTextFormat(Qt.TextFormat.PlainText)
        self.table = SummaryTable()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 10, 14, 8)
        layout.setSpacing(6)
        layout.addWidget(self.part)
        layout.addLayout(form)
        layout.addWidget(self.caption)
        layout.addWidget(self.table, 1)
        layout.addStretch()
        for choice in (self.part, self.since, self.until):
            choice.activated.connect(self.refresh)
        shown.changed.connect(self._list)
        shown.person_changed.connect(self.refresh)
        self._list()

    def show_section(self, section: Section) -> None:
        """What the timeline shows now."""
        self._section = section
        if self.part.currentIndex() == _SECTION and self._told != (section.start, section.end):
            self.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()

    @Slot()
    def _list(self) -> None:
        corrected = self._shown.corrected
        markers = corrected.markers if corrected is not None else ()
        chosen = self.part.currentText()
        with QSignalBlocker(self.part):
            self.part.clear()
            self.part.addItem(self.tr("Whole recording"))
            self.part.addItem(self.tr("What the timeline shows"))
            self.part.addItem(self.tr("Between two markers"))
            for marker in markers:
                if marker.until is not None:
                    name = marker.label or marker.note or self.tr("Interval")
                    begin, end = clock_time(marker.time), clock_time(marker.until)
                    self.part.addItem(f"{name}, {begin}–{end}", (marker.time, marker.until))
            self.part.setCurrentIndex(max(self.part.findText(chosen), 0))
        if corrected is not None:
            self._list_moments(corrected)
        self.refresh()

    def _list_moments(self, corrected: Corrected) -> None:
        """From the beginning to the end, unless others are chosen that are still there."""
        begin = (self.tr("Beginning"), corrected.start)
        end = (self.tr("End"), corrected.end)
        marked = [(self._name(marker), marker.time) for marker in corrected.markers]
        for choice, items in ((self.since, [begin, *marked]), (self.until, [*marked, end])):
            chosen, usual = choice.currentText(), 0 if choice is self.since else len(marked)
            choice.clear()
            for name, time in items:
                choice.addItem(name, time)
            place = choice.findText(chosen)
            choice.setCurrentIndex(place if place >= 0 else usual)

    def _name(self, marker: Marker) -> str:
        return f"{clock_time(marker.time)}  {marker.label or marker.note}"

    @property
    def _part(self) -> tuple[float, float]:
        """From when to when it is, in seconds."""
        place, corrected = self.part.currentIndex(), self._shown.corrected
        assert corrected is not None
        if place == _SECTION:
            return self._section.start, self._section.end
        if place == _BETWEEN:
            times = self.since.currentData(), self.until.currentData()
            return min(times), max(times)
        return self.part.currentData() or (corrected.start, corrected.end)

    @Slot()
    def refresh(self) -> None:
        for choice in (self.since, self.until):
            self._form.setRowVisible(choice, self.part.currentIndex() == _BETWEEN)
        corrected, person = self._shown.corrected, self._shown.person
        if not self.isVisible() or corrected is None:
            return
        if person is None:
            self.caption.setText(self.tr("Nobody was seen."))
            self.table.show_summary(None)
            return
        self._told = self._part
        summary = summarise(corrected.counted_within(person, *self._told))
        seen = (
            self.tr("{} counted").format(duration(summary.seconds))
            if summary is not None
            else self.tr("not seen in this time")
        )
        self.caption.setText(f"{self._shown.name(person)}: {seen}")
        self.table.show_summary(summary)
