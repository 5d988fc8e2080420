"""The top row: source, weights, and the Start and Stop button."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from app.live.controls.pickers import SourcePicker, WeightsPicker
from app.live.session import State
from app.settings import Settings


class SourceBar(QWidget):
    toggled = Signal()
    """Start or Stop was pressed."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.source = SourcePicker(settings)
        self.weights = WeightsPicker(settings)
        self.button = QPushButton()
        self.button.setObjectName("primary")
        self.button.setToolTip(self.tr("Shortcut: Space"))
        self.button.clicked.connect(self.toggled)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        for text, picker in ((self.tr("Source"), self.source), (self.tr("Weights"), self.weights)):
            label = QLabel(text)
            label.setObjectName("caption")
            label.setBuddy(picker)
            layout.addWidget(label)
            layout.addWidget(picker, 1)
            layout.addSpacing(8)
        self.buttons = QHBoxLayout()
        """Space for others, beside Start."""
        layout.addLayout(self.buttons)
        layout.addWidget(self.button)
        self.show_state(State.IDLE)

    @Slot(object)
    def show_state(self, state: State) -> None:
        active = state not in (State.IDLE, State.STOPPING)
        self.button.setText(self.tr("Stop") if active else self.tr("Start"))
        self.button.setEnabled(state is not State.STOPPING)
        self.button.setProperty("running", active)
        self.button.style().polish(self.button)
