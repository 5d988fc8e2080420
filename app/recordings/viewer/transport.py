"""Play, pause, steps, speed, and the bar of the whole time."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPoint, QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QSlider, QWidget

from app.duration import clock_time
from app.recordings.viewer.clock import SPEEDS, Clock

_NOTCHES: Final = 100
"""Of the bar for each second."""
_DECIMALS: Final = 3
"""Of the time: to the millisecond, as videos have it, so that no two frames look the same."""


class Transport(QWidget):
    """Shows the clock, and sets it."""

    stepped = Signal(int)
    """To the next frame, or with -1 to the last."""
    marker_wanted = Signal(int)
    """The next one, or with -1 the last."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self.play = self._button("", self.tr("Play or pause (Space)"))
        self.play.setMinimumWidth(44)
        self.back = self._button("‹", self.tr("The frame before (Left, or ,)"))
        self.forward = self._button("›", self.tr("The next frame (Right, or .)"))
        self.last_marker = self._button("⇤", self.tr("The marker before (Page up)"))
        self.next_marker = self._button("⇥", self.tr("The next marker (Page down)"))
        self.bar = _TimeBar()
        self.bar.setAccessibleName(self.tr("Time"))
        self.time = QLabel()
        self.speed = QComboBox()
        self.speed.setObjectName("compact")
        self.speed.setAccessibleName(self.tr("Speed"))
        for speed in SPEEDS:
            self.speed.addItem(f"{speed:g}×", speed)
        self.speed.setCurrentIndex(self.speed.findData(clock.speed))

        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        parts: tuple[QWidget, ...] = (self.play, self.back, self.forward, self.bar, self.time)
        for part in (*parts, self.last_marker, self.next_marker, self.speed):
            layout.addWidget(part, 1 if part is self.bar else 0)

        self.play.clicked.connect(clock.toggle)
        self.back.clicked.connect(lambda: self.stepped.emit(-1))
        self.forward.clicked.connect(lambda: self.stepped.emit(1))
        self.last_marker.clicked.connect(lambda: self.marker_wanted.emit(-1))
        self.next_marker.clicked.connect(lambda: self.marker_wanted.emit(1))
        self.bar.valueChanged.connect(lambda value: clock.go_to(value / _NOTCHES))
        self.speed.activated.connect(self._on_speed)
        clock.moved.connect(self._show)
        clock.running_changed.connect(self._show)
        self._show()

    def _button(self, text: str, tip: str) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName("compact")
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        return button

    @Slot()
    def _on_speed(self) -> None:
        self._clock.speed = self.speed.currentData()

    @Slot()
    def _show(self) -> None:
        clock = self._clock
        self.play.setText("❚❚" if clock.running else "▶")
        with QSignalBlocker(self.bar):
            self.bar.setRange(0, round(clock.end * _NOTCHES))
            self.bar.setValue(round(clock.time * _NOTCHES))
        # As wide as at the end, so that the bar does not move.
        self.time.setMinimumWidth(self.fontMetrics().horizontalAdvance(self._words(clock.end)))
        self.time.setText(self._words(clock.time))

    def _words(self, time: float) -> str:
        return f"{clock_time(time, _DECIMALS)} / {clock_time(self._clock.end, _DECIMALS)}"


class _TimeBar(QSlider):
    """A click goes there at once, and can be dragged on."""

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the arrow keys are for frames

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._go(event.position().toPoint())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go(event.position().toPoint())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def _go(self, point: QPoint) -> None:
        self.setValue(round(self.maximum() * point.x() / max(self.width(), 1)))
