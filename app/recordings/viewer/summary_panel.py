"""What was seen of the person looked at: in the whole recording, or in a part of it."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QComboBox, QFrame, QLabel, QVBoxLayout

from app.duration import clock_time, duration
from app.live.timeline.section import Section
from app.live.views.summary_panel import SummaryTable
from app.recordings.viewer.shown import Shown
from ml.people.summary import summarise


class SummaryPanel(QFrame):
    """Without the excluded times."""

    def __init__(self, shown: Shown, section: Section) -> None:
        """``section`` is what the timeline shows."""
        super().__init__()
        self.setObjectName("card")
        self._shown, self._section = shown, section
        self.part = QComboBox()
        self.part.setAccessibleName(self.tr("Part of the recording"))
        self.caption = QLabel()
        self.caption.setObjectName("caption")
        self.caption.setWordWrap(True)
        self.caption.setTextFormat(Qt.TextFormat.PlainText)
        self.table = SummaryTable()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 10, 14, 8)
        layout.setSpacing(6)
        layout.addWidget(self.part)
        layout.addWidget(self.caption)
        layout.addWidget(self.table, 1)
        layout.addStretch()
        self.part.activated.connect(self.refresh)
        shown.changed.connect(self._list)
        shown.person_changed.connect(self.refresh)
        self._list()

    def show_section(self, section: Section) -> None:
        """What the timeline shows now."""
        self._section = section
        if self.part.currentIndex() == 1:
            self.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()

    @Slot()
    def _list(self) -> None:
        chosen = self.part.currentText()
        with QSignalBlocker(self.part):
            self.part.clear()
            self.part.addItem(self.tr("Whole recording"))
            self.part.addItem(self.tr("What the timeline shows"))
            corrected = self._shown.corrected
            for marker in corrected.markers if corrected is not None else ():
                if marker.until is not None:
                    name = marker.label or marker.note or self.tr("Interval")
                    begin, end = clock_time(marker.time), clock_time(marker.until)
                    self.part.addItem(f"{name}, {begin}–{end}", (marker.time, marker.until))
            self.part.setCurrentIndex(max(self.part.findText(chosen), 0))
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        corrected, person = self._shown.corrected, self._shown.person
        if not self.isVisible() or corrected is None:
            return
        if person is None:
            self.caption.setText(self.tr("Nobody was seen."))
            self.table.show_summary(None)
            return
        start, end = corrected.start, corrected.end
        if self.part.currentIndex() == 1:
            start, end = self._section.start, self._section.end
        elif self.part.currentData() is not None:
            start, end = self.part.currentData()
        summary = summarise(corrected.counted_within(person, start, end))
        seen = (
            self.tr("{} counted").format(duration(summary.seconds))
            if summary is not None
            else self.tr("not seen in this time")
        )
        self.caption.setText(f"{self._shown.name(person)}: {seen}")
        self.table.show_summary(summary)
