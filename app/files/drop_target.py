"""What an empty queue shows: that files can be dropped, and which."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout


class DropTarget(QFrame):
    """The tab takes what is dropped; this only says so."""

    def __init__(self, add_files: QPushButton, add_folder: QPushButton) -> None:
        super().__init__()
        self.setObjectName("drop")
        headline = QLabel(self.tr("Drop videos, pictures and folders here"))
        headline.setObjectName("figure")
        told = QLabel(
            self.tr(
                "Each video, and the pictures of each folder, are analysed as fast as this "
                "computer can, and become a recording. Folders are searched with all folders in "
                "them. The files stay where they are, unchanged."
            )
        )
        told.setObjectName("caption")
        for label in (headline, told):
            label.setWordWrap(True)
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        buttons = QHBoxLayout()
        buttons.addStretch()
        buttons.addWidget(add_files)
        buttons.addWidget(add_folder)
        buttons.addStretch()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(56, 24, 56, 24)
        layout.setSpacing(12)
        layout.addStretch()
        layout.addWidget(headline)
        layout.addWidget(told)
        layout.addSpacing(4)
        layout.addLayout(buttons)
        layout.addStretch()

    def show_dragged(self, dragged: bool) -> None:
        """Whether something that can be dropped is held over the tab."""
        self.setProperty("dragged", dragged)
        self.style().polish(self)
