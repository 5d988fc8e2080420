"""The QApplication: names, theme, log and uncaught exceptions."""

from __future__ import annotations

import logging
import os
import signal
from logging.handlers import RotatingFileHandler
from types import TracebackType
from typing import Final

from platformdirs import user_log_path
from PySide6.QtCore import (
    QLibraryInfo,
    QLocale,
    QMessageLogContext,
    QTimer,
    QtMsgType,
    QTranslator,
    Signal,
    qInstallMessageHandler,
)
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

from app.settings import APP_ID
from app.theme import current_theme, palette, style_sheet
from resources import icon

DESKTOP_ID: Final = "org.face_expression_detector.FaceExpressionDetector"
"""Desktops look up the window's icon and name by it: see build_spec/linux/."""

_log = logging.getLogger(__name__)

_QT_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


class Application(QApplication):
    """The program's only QApplication."""

    theme_changed = Signal()
    unexpected_error = Signal(str)

    def __init__(self, arguments: list[str]) -> None:
        forget_opencv_plugins()
        super().__init__(arguments)
        self.setApplicationName(APP_ID)
        self.setApplicationDisplayName(self.tr("Face-Expression Detector"))
        self.setDesktopFileName(DESKTOP_ID)
        self.setWindowIcon(QIcon(str(icon("app"))))
        self.setStyle("Fusion")
        self._translator = QTranslator(self)
        if self._translator.load(
            QLocale(), "qtbase", "_", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
        ):
            self.installTranslator(self._translator)
        self._apply_theme()
        self.styleHints().colorSchemeChanged.connect(self._apply_theme)

    def quit_on_interrupt(self) -> None:
        """Let Ctrl+C in the terminal end the program the way closing its window does."""
        signal.signal(signal.SIGINT, lambda *_: self.closeAllWindows())
        # Python handles signals only while it runs, which Qt's event loop has no reason to let it.
        timer = QTimer(self)
        timer.timeout.connect(lambda: None)
        timer.start(200)

    def _apply_theme(self) -> None:
        theme = current_theme()
        self.setPalette(palette(theme))
        self.setStyleSheet(style_sheet(theme))
        self.theme_changed.emit()

    def report(
        self,
        kind: type[BaseException],
        error: BaseException,
        traceback: TracebackType | None,
    ) -> None:
        """Handle an uncaught exception: log it, show it and carry on."""
        _log.critical("unexpected error", exc_info=(kind, error, traceback))
        self.unexpected_error.emit(f"{kind.__name__}: {error}")


def forget_opencv_plugins() -> None:
    """Undo what importing OpenCV does to Qt.

    The OpenCV wheels for Linux bundle their own Qt and point these variables at its plugins. With
    those, PySide6 cannot open a window on a real display.
    """
    for name in ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR"):
        if f"{os.sep}cv2{os.sep}" in os.environ.get(name, ""):
            del os.environ[name]


def start_log() -> None:
    """Log to the user's log file, and warnings to stderr as well."""
    console = logging.StreamHandler()
    console.setLevel(logging.WARNING)
    handlers: list[logging.Handler] = [console]
    try:
        folder = user_log_path(APP_ID, appauthor=False, ensure_exists=True)
        handlers.append(
            RotatingFileHandler(
                folder / "log.txt", maxBytes=1_000_000, backupCount=2, encoding="utf-8"
            )
        )
    except OSError:
        pass  # the program works without a log file
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        handlers=handlers,
    )
    qInstallMessageHandler(_on_qt_message)


def _on_qt_message(kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
    logging.getLogger(f"qt.{context.category}").log(_QT_LEVELS[kind], text)
