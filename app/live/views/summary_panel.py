"""What was seen of a person in this capture, by expression: share of time, mean, episodes."""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import Final

from PySide6.QtCore import QRectF, QSignalBlocker, Qt, Slot
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QComboBox, QFrame, QLabel, QSizePolicy, QVBoxLayout, QWidget

from app.duration import duration
from app.live.consumer_base import CaptureTimer, Consumer, Live
from app.live.stream import Ended, Event
from app.theme import EXPRESSION_COLOURS, current_theme
from ml.expressions import EXPRESSIONS
from ml.people.summary import EPISODE, Summary, summarise

_REFRESH_MS: Final = 1000
_LEAST_SECONDS: Final = 0.5
"""In view; who was seen for less is most often not a face."""


class SummaryPanel(QFrame, Consumer):
    """A card beside the picture, remade every second while it is shown."""

    def __init__(self, live: Live) -> None:
        super().__init__()
        self.setObjectName("card")
        self._choice, self._people, self._options = live.choice, live.people, live.options
        self._panel = live.panel
        self._build()
        timer = CaptureTimer(live.session, _REFRESH_MS, self)
        timer.timeout.connect(self._refresh)
        live.panel.addTab(self, self.tr("Summary"))
        live.choice.person_changed.connect(self._refresh)
        live.people.changed.connect(self._refresh)
        live.options.changed.connect(self._refresh)
        live.session.stream.told.connect(self._on_event)

    def refresh_theme(self) -> None:
        self.table.update()

    def _build(self) -> None:
        self.person = QComboBox()
        self.person.setAccessibleName(self.tr("Person"))
        self.person.activated.connect(self._on_person)
        self.caption = QLabel()
        self.caption.setObjectName("caption")
        self.caption.setWordWrap(True)
        self.table = SummaryTable()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 10, 16, 8)
        layout.setSpacing(6)
        layout.addWidget(self.person)
        layout.addWidget(self.caption)
        layout.addWidget(self.table, 1)
        layout.addStretch()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._refresh()

    @Slot(object)
    def _on_event(self, event: Event) -> None:
        if isinstance(event, Ended):
            if self._people.history.tracks:
                self._panel.setCurrentWidget(self)
            self._refresh()

    @Slot()
    def _on_person(self) -> None:
        self._choice.choose(self.person.currentData())

    @Slot()
    def _refresh(self) -> None:
        if not self.isVisible():
            return
        if not self.person.view().isVisible():  # else the choice would move under the pointer
            self._list_people()
        track = self.person.currentData()
        rows = self._people.history.rows(track) if track is not None else None
        least = self._options.least_summarised
        summary = summarise(rows, least) if rows is not None else None
        self.caption.setText(self._caption(track, summary))
        self.table.show_summary(summary)

    def _list_people(self) -> None:
        history = self._people.history
        with QSignalBlocker(self.person):
            self.person.clear()
            for track in history.tracks:
                seen = history.seconds(track)
                if seen >= _LEAST_SECONDS or track == self._choice.track or seen == 0:
                    name = self._people.name(track)
                    self.person.addItem(f"{name}, {duration(seen)}", track)
            self.person.setCurrentIndex(self.person.findData(self._choice.track))
        self.person.setEnabled(self.person.count() > 0)

    def _caption(self, track: int | None, summary: Summary | None) -> str:
        if track is None:
            return self.tr("Nobody was seen yet.")
        if summary is None:
            return self.tr("All of low quality, and left out")
        text = self.tr("{} in view").format(duration(summary.seconds))
        if summary.left_out:
            text += self.tr(", {} of low quality left out").format(duration(summary.left_out))
        return text


class SummaryTable(QWidget):
    """A row for each expression: name, share of time as bar and figure, mean, episodes."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(self.tr("Summary by expression"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumHeight(8 * 22)
        self.setMaximumHeight(8 * 34)
        self.summary: Summary | None = None

    def show_summary(self, summary: Summary | None) -> None:
        self.summary = summary
        self.setToolTip(
            self.tr(
                "Time: share of the time in which the expression was the most probable. "
                "Mean: its mean probability. Episodes: how often it was held for at least {} s."
            ).format(EPISODE)
        )
        self.setAccessibleDescription(self._in_words())
        self.update()

    def _in_words(self) -> str:
        summary = self.summary
        if summary is None:
            return ""
        return ", ".join(
            self.tr("{}: {:.0%} of the time, mean {:.0%}, {} episodes").format(
                e.label, summary.shares[e], summary.means[e], summary.episodes[e]
            )
            for e in EXPRESSIONS
        )

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - Qt's signature
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        metrics = QFontMetricsF(self.font())
        row = self.height() / (len(EXPRESSIONS) + 1)
        name = max(metrics.horizontalAdvance(e.label.capitalize()) for e in EXPRESSIONS) + 8
        figure = metrics.horizontalAdvance("100%") + 8
        episodes = metrics.horizontalAdvance(self.tr("Episodes")) + 10
        room = max(self.width() - name - 2 * figure - episodes, 0.0)
        left = Qt.AlignmentFlag.AlignVCenter
        right = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight

        edges = list(accumulate((0.0, name, room, figure, figure, episodes)))

        def cells(n: int) -> list[QRectF]:
            return [QRectF(a, n * row, b - a, row) for a, b in pairwise(edges)]

        painter.setPen(QColor(theme.muted))
        _, bar, share, mean, times = cells(0)
        painter.drawText(bar.united(share), right, self.tr("Time"))
        painter.drawText(mean, right, self.tr("Mean"))
        painter.drawText(times, right, self.tr("Episodes"))
        for n, expression in enumerate(EXPRESSIONS, start=1):
            label, bar, share, mean, times = cells(n)
            painter.setPen(QColor(theme.text))
            painter.drawText(label, left, expression.label.capitalize())
            thickness = min(row * 0.55, 14.0)
            track = QRectF(bar.x(), bar.center().y() - thickness / 2, bar.width(), thickness)
            painter.fillRect(track, QColor(theme.raised))
            if self.summary is None:
                continue
            track.setWidth(track.width() * self.summary.shares[expression])
            painter.fillRect(track, EXPRESSION_COLOURS[expression])
            painter.drawText(share, right, f"{self.summary.shares[expression]:.0%}")
            painter.setPen(QColor(theme.muted))
            painter.drawText(mean, right, f"{self.summary.means[expression]:.0%}")
            painter.drawText(times, right, str(self.summary.episodes[expression]))
