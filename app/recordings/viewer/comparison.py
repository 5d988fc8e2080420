"""Two recordings, one above the other, with the same time shown of both."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.background import Background
from app.duration import duration
from app.elided_label import ElidedLabel
from app.live.views.summary_panel import SummaryTable
from app.recordings.viewer.course import Course
from app.recordings.viewer.shown import Shown
from ml.people.summary import summarise
from ml.recording.opened import Opened, open_recording


class Comparison(QWidget):
    back_requested = Signal()
    message = Signal(str, bool)
    """For the user, and whether it is serious."""

    def __init__(self, background: Background) -> None:
        super().__init__()
        self._background = background
        self._request = 0
        """Number of the newest request to compare."""
        self._problems: list[str] = []
        """Of both."""
        self.back = QPushButton(self.tr("‹ Recordings"))
        self.back.setObjectName("compact")
        self.back.clicked.connect(self.back_requested)
        top = QHBoxLayout()
        top.addWidget(self.back)
        top.addStretch(1)
        self.sides = (_Side(), _Side())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(top)
        for side in self.sides:
            layout.addWidget(side, 1)
        for side, other in zip(self.sides, reversed(self.sides), strict=True):
            side.course.plot.scrolled.connect(
                lambda side=side, other=other: _follow(side.course, other.course)
            )

    def compare(self, first: Path, second: Path) -> None:
        """They are read in the background; a message says why if that fails."""
        self._request += 1
        self._problems.clear()
        self.message.emit("", False)
        for side, folder in zip(self.sides, (first, second), strict=True):
            side.setEnabled(False)
            self._background.do(
                partial(open_recording, folder), partial(self._on_opened, self._request, side)
            )

    def leave(self) -> None:
        """Nothing is shown any more, not what is being opened either."""
        self._request += 1

    def refresh_theme(self) -> None:
        for side in self.sides:
            side.course.refresh_theme()
            side.table.update()

    def _on_opened(self, request: int, side: _Side, opened: Opened | None, failure: str) -> None:
        if request != self._request:
            return  # others were asked for meanwhile, or none
        if opened is None:
            self.message.emit(failure, True)
            self.back_requested.emit()
            return
        side.setEnabled(True)
        name = opened.corrected.recording.folder.name
        self._problems += [f"{name}: {problem}" for problem in opened.problems]
        if self._problems:
            self.message.emit("\n".join(self._problems), True)
        side.shown.show(opened.corrected)
        # The same span in both, so that times can be compared at a glance.
        opened_sides = [side for side in self.sides if side.shown.corrected is not None]
        longest = max(side.shown.clock.end for side in opened_sides)
        for each in opened_sides:
            each.course.widen_to(longest)


def _follow(leader: Course, follower: Course) -> None:
    """Show the same time of the other recording."""
    wanted, now = leader.plot.section, follower.plot.section
    if wanted.span != now.span:
        follower.plot.set_span(wanted.span)
    end = min(max(wanted.end, now.oldest), now.newest)
    if end != now.end:
        follower.plot.scroll_to(end)


class _Side(QWidget):
    """One of them: its timeline, and the summary of the person looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.shown = Shown(self)
        self.course = Course(self.shown)
        self.title = ElidedLabel()
        self.person = QComboBox()
        self.person.setAccessibleName(self.tr("Person"))
        self.caption = QLabel()
        self.caption.setObjectName("caption")
        self.table = SummaryTable()
        right = QVBoxLayout()
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(4)
        for part in (self.person, self.caption):
            right.addWidget(part)
        right.addWidget(self.table, 1)
        beside = QWidget()
        beside.setLayout(right)
        beside.setFixedWidth(290)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(12)
        left = QVBoxLayout()
        left.setSpacing(4)
        left.addWidget(self.title)
        left.addWidget(self.course, 1)
        layout.addLayout(left, 1)
        layout.addWidget(beside)
        self.person.activated.connect(self._on_person)
        self.shown.changed.connect(self._list)
        self.shown.person_changed.connect(self._show)

    @Slot()
    def _list(self) -> None:
        corrected = self.shown.corrected
        assert corrected is not None
        name, note = corrected.recording.folder.name, corrected.note
        self.title.set_text(f"{name}  ·  {note}" if note else name)
        self.person.clear()
        for track in corrected.tracks:
            seen = duration(corrected.seconds(track))
            self.person.addItem(f"{track}  {self.shown.name(track)}, {seen}", track)

    @Slot()
    def _on_person(self) -> None:
        self.shown.choose(self.person.currentData())

    @Slot()
    def _show(self) -> None:
        corrected, person = self.shown.corrected, self.shown.person
        self.person.setCurrentIndex(self.person.findData(person))
        rows = corrected.counted(person) if corrected is not None and person is not None else None
        summary = summarise(rows) if rows is not None else None
        self.caption.setText(
            self.tr("{} counted").format(duration(summary.seconds))
            if summary is not None
            else self.tr("Nobody was seen.")
        )
        self.table.show_summary(summary)
