"""A message for the user, above what it is about; hidden while there is none."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QLabel


class MessageBar(QLabel):
    """Word-wrapped plain text that can be selected and copied."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("message")
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)  # file names are not markup
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.hide()

    @Slot(str)
    @Slot(str, bool)
    def say(self, text: str, serious: bool = False) -> None:
        """Show ``text``; an empty one hides the bar."""
        self.setText(text)
        self.setProperty("serious", serious)
        self.style().polish(self)
        self.setVisible(bool(text))
