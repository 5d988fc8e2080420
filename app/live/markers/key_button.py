"""The button of a number key, with its label."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import (
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QStylePainter,
)


class KeyButton(QPushButton):
    """Where there is little room, first the label gives way and then the time, never the key."""

    def __init__(self, key: int) -> None:
        super().__init__()
        self.setObjectName("key")
        self.key = key
        self._label = self._lasted = ""
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves Space to Start and Stop

    def show_label(self, label: str, lasted: str) -> None:
        """``lasted`` says for how long its interval has run; empty if none does."""
        self._label, self._lasted = label, f"● {lasted}" if lasted else ""
        self.setText(self._text(label, self._lasted))
        running = bool(lasted)
        if running != self.property("running"):
            self.setProperty("running", running)
            self.style().polish(self)

    def minimumSizeHint(self) -> QSize:
        size = self.sizeHint()
        return size - QSize(self._width(self.text()) - self._width(self._text("", "")), 0)

    @property
    def shown(self) -> str:
        """As much of the text as there is room for."""
        room = self.width() - self.sizeHint().width() + self._width(self.text())
        rest = self._text("", self._lasted)
        if self._width(self.text()) <= room:
            return self.text()
        if self._width(rest) > room:
            return self._text("", "")
        left = room - self._width(f"{rest} ")
        label = self.fontMetrics().elidedText(self._label, Qt.TextElideMode.ElideRight, left)
        return self._text("" if label == "…" else label, self._lasted)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002 - Qt's signature
        option = QStyleOptionButton()
        self.initStyleOption(option)
        option.text = self.shown
        QStylePainter(self).drawControl(QStyle.ControlElement.CE_PushButton, option)

    def _text(self, label: str, lasted: str) -> str:
        # Qt takes a single & for the mark of a shortcut.
        return " ".join(filter(None, (str(self.key), label.replace("&", "&&"), lasted)))

    def _width(self, text: str) -> int:
        """As it is painted, in pixels."""
        flags = Qt.TextFlag.TextShowMnemonic | Qt.TextFlag.TextSingleLine
        return self.fontMetrics().size(flags, text).width()
