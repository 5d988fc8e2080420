"""The Recordings tab: the list, or one recording, or two beside each other."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QStackedLayout, QVBoxLayout, QWidget

from app.background import Background
from app.message_bar import MessageBar
from app.recordings.recordings_list import RecordingsList
from app.recordings.viewer.comparison import Comparison
from app.recordings.viewer.viewer import Viewer
from app.settings import Settings


class RecordingsTab(QWidget):
    replay_requested = Signal(object)
    """The Path of a video that is to be the live tab's source."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._background = Background(self)
        self._exports = Background(self)
        self.message = MessageBar()
        self.show_exported = QPushButton(self.tr("Show"))
        self.show_exported.setToolTip(self.tr("Show the folder with the exported files."))
        self.show_exported.clicked.connect(self._on_show_exported)
        self.show_exported.hide()
        self._exported: Path | None = None
        """The folder that the message is about."""
        self.list = RecordingsList(settings, self._background, self._exports)
        self.viewer = Viewer(self._background)
        self.comparison = Comparison(self._background)
        self._pages = QStackedLayout()
        for page in (self.list, self.viewer, self.comparison):
            self._pages.addWidget(page)
            page.message.connect(self._say)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 10, 14, 6)
        layout.setSpacing(10)
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self.message, 1)
        top.addWidget(self.show_exported)
        layout.addLayout(top)
        layout.addLayout(self._pages, 1)
        self.list.open_requested.connect(self.open)
        self.list.compare_requested.connect(self._on_compare)
        self.list.replay_requested.connect(self.replay_requested)
        self.list.exporting.exported.connect(self._on_exported)
        self.viewer.back_requested.connect(self._on_back)
        self.viewer.replay_requested.connect(self.replay_requested)
        self.comparison.back_requested.connect(self._on_back)

    @Slot(object)
    def open(self, folder: Path, time: float = 0.0, person: int | None = None) -> None:
        """Show the recording in ``folder``, at ``time`` in seconds and with ``person`` chosen."""
        self._pages.setCurrentWidget(self.viewer)
        self.viewer.show_recording(folder, time, person)

    @Slot()
    def refresh(self) -> None:
        """There may be another recording."""
        if self.list.isVisible():
            self.list.refresh()

    def shut_down(self) -> bool:
        """Stop all threads; returns whether they ended in time."""
        ended = [self.viewer.shut_down(), self._background.shut_down(), self._exports.shut_down()]
        return all(ended)

    def refresh_theme(self) -> None:
        for page in (self.list, self.viewer, self.comparison):
            page.refresh_theme()

    @Slot(str, bool)
    def _say(self, text: str, serious: bool, exported: Path | None = None) -> None:
        self.message.say(text, serious)
        self._exported = exported
        self.show_exported.setVisible(exported is not None)

    @Slot(object, str, bool)
    def _on_exported(self, folder: Path, text: str, serious: bool) -> None:
        self._say(text, serious, folder)

    @Slot()
    def _on_show_exported(self) -> None:
        folder = self._exported
        if folder is not None and not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
            text = self.tr("No file manager was found. The files are in {}.")
            self._say(text.format(folder), True)

    @Slot(object, object)
    def _on_compare(self, first: Path, second: Path) -> None:
        self._pages.setCurrentWidget(self.comparison)
        self.comparison.compare(first, second)

    @Slot()
    def _on_back(self) -> None:
        for page in (self.viewer, self.comparison):
            page.leave()
        self._pages.setCurrentWidget(self.list)
