"""The window: tabs, status bar, closing."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QAction, QCloseEvent, QKeySequence
from PySide6.QtWidgets import QLabel, QMainWindow, QTabWidget

from app.application import Application
from app.files.tab import FilesTab
from app.live.tab import LiveTab
from app.recordings.tab import RecordingsTab
from app.settings import GEOMETRY, Settings
from app.training.tab import TrainingTab

_DEFAULT_SIZE: Final = QSize(1180, 760)
_MINIMUM_SIZE: Final = QSize(880, 600)
_FRAME: Final = QSize(8, 40)
"""Of the window frame and title bar; the real size is known only once the window is shown."""


class MainWindow(QMainWindow):
    def __init__(self, application: Application, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        self.ended_in_time = True
        """Whether all threads and processes ended in time when the window was closed."""
        self.setWindowTitle(application.applicationDisplayName())
        self.resize(_DEFAULT_SIZE)
        self.restoreGeometry(settings.get(GEOMETRY))
        self._fit_into(self.screen().availableGeometry())

        self.live = LiveTab(settings)
        self.files = FilesTab(settings)
        self.recordings = RecordingsTab(settings)
        self.training = TrainingTab(settings)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        self.tabs.addTab(self.live, self.tr("Live"))
        self.tabs.addTab(self.files, self.tr("Files"))
        self.tabs.addTab(self.recordings, self.tr("Recordings"))
        self.tabs.addTab(self.training, self.tr("Training"))
        self.setCentralWidget(self.tabs)
        network = QLabel()
        self.statusBar().addWidget(network)
        self.live.network_changed.connect(network.setText)

        leave = QAction(self.tr("Quit"), self)
        leave.setShortcut(QKeySequence("Ctrl+Q"))
        leave.triggered.connect(self.close)
        self.addAction(leave)
        self.live.leave_requested.connect(self.close)
        self.live.session.state_changed.connect(self._on_capture)
        self.live.recorded.connect(self.recordings.refresh)
        self.files.recorded.connect(self.recordings.refresh)
        self.files.open_requested.connect(self._open_recording)
        self.recordings.replay_requested.connect(self._replay)
        self.training.use_in_live.connect(self._use_in_live)
        application.theme_changed.connect(self.live.refresh_theme)
        application.theme_changed.connect(self.files.refresh_theme)
        application.theme_changed.connect(self.recordings.refresh_theme)
        application.theme_changed.connect(self.training.refresh_theme)
        application.unexpected_error.connect(self._on_unexpected_error)
        if settings.set_aside is not None:
            self.live.show_message(
                self.tr(
                    "The settings file could not be used, so the defaults apply. The old file was"
                    " kept as {}."
                ).format(settings.set_aside),
                True,
            )

    def _fit_into(self, free: QRect) -> None:
        """Keep the window within the available part of the screen."""
        room = free.size() - _FRAME
        self.setMinimumSize(_MINIMUM_SIZE.boundedTo(room))
        self.resize(self.size().boundedTo(room))
        if not free.contains(self.frameGeometry()):
            self.move(free.topLeft())

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self.training.may_close():
            event.ignore()
            return
        self._settings.set(GEOMETRY, bytes(self.saveGeometry().data()))
        self.setUpdatesEnabled(False)
        self.hide()
        ended = [
            self.live.shut_down(),
            self.files.shut_down(),
            self.recordings.shut_down(),
            self.training.shut_down(),
        ]
        self.ended_in_time = all(ended)
        self._settings.save()
        event.accept()

    def _on_capture(self) -> None:
        self.training.set_capturing(self.live.session.active)

    def _open_recording(self, folder: Path, time: float, person: int) -> None:
        self.tabs.setCurrentWidget(self.recordings)
        self.recordings.open(folder, time, person or None)

    def _replay(self, video: Path) -> None:
        self.live.choose_source(str(video))
        self.tabs.setCurrentWidget(self.live)
        self.live.start()

    def _use_in_live(self, weights: Path) -> None:
        self.live.use_weights(weights)
        self.tabs.setCurrentWidget(self.live)

    def _on_unexpected_error(self, what: str) -> None:
        self.live.show_message(
            self.tr("Unexpected error: {}. See the log for details.").format(what), True
        )
