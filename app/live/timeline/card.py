"""A card with a timeline: the plot, how much of it is shown, and how."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Final

from PySide6.QtCore import QSignalBlocker, Qt, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QScrollBar,
    QVBoxLayout,
)

from app.live.timeline.plot import TimelinePlot
from app.live.timeline.section import SPANS

_NOTCHES: Final = 10
"""Of the scroll bar for each second."""


class TimelineCard(QFrame):
    """Whoever uses it gives ``plot`` something to show."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("card")
        self.plot = TimelinePlot()
        self.span = QComboBox()
        self.span.setAccessibleName(self.tr("Time shown"))
        self.span.setToolTip(
            self.tr("How much time is shown at once. Ctrl and the mouse wheel, too.")
        )
        self.offer_spans(SPANS)
        self.span.setPlaceholderText(self.tr("Whole"))
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
        self.bar = QScrollBar(Qt.Orientation.Horizontal)
        self.bar.setAccessibleName(self.tr("Time shown, from the oldest to the newest"))

        self.tools = QHBoxLayout()
        """Space for others, at its end."""
        self.tools.setSpacing(10)
        for flat in (self.span, self.style_):
            flat.setObjectName("compact")
        for tool in (self.span, self.style_, self.valence):
            self.tools.addWidget(tool)
        self.tools.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 6, 10, 4)
        layout.setSpacing(4)
        layout.addLayout(self.tools)
        layout.addWidget(self.plot, 1)
        layout.addWidget(self.bar)

        self.span.activated.connect(self._on_span)
        self.style_.activated.connect(self._on_style)
        self.valence.toggled.connect(self._on_style)
        self.bar.valueChanged.connect(self._on_bar)
        self.plot.scrolled.connect(self.show_section)

    def offer_spans(self, spans: Sequence[float]) -> None:
        """Let the user choose from these, in seconds."""
        self.span.clear()
        for seconds in spans:
            text = self.tr("{:.0f} s") if seconds < 60 else self.tr("{:.0f} min")
            self.span.addItem(text.format(seconds if seconds < 60 else seconds / 60), seconds)

    def refresh_theme(self) -> None:
        self.plot.refresh()

    @Slot()
    def _on_style(self) -> None:
        self.plot.areas = self.style_.currentData()
        self.plot.valence = self.valence.isChecked()
        self.plot.refresh()

    @Slot()
    def _on_span(self) -> None:
        self.plot.set_span(self.span.currentData())

    @Slot(int)
    def _on_bar(self, value: int) -> None:
        # At its end it follows again, though the newest time has gone on since the bar was set.
        newest = value == self.bar.maximum()
        self.plot.scroll_to(inf if newest else self.plot.section.oldest + value / _NOTCHES)

    @Slot()
    def show_section(self) -> None:
        """In the scroll bar and the choice of the span."""
        section = self.plot.section
        oldest, seconds = section.oldest, section.newest - section.oldest
        with QSignalBlocker(self.bar):
            self.bar.setRange(0, round(seconds * _NOTCHES))
            self.bar.setPageStep(round(section.span * _NOTCHES))
            self.bar.setSingleStep(_NOTCHES)
            self.bar.setValue(round((section.end - oldest) * _NOTCHES))
        self.bar.setVisible(seconds > 0)
        self.span.setCurrentIndex(self.span.findData(section.span))
