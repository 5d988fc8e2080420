"""What tests of the viewer do and look at."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QComboBox
from pytestqt.qtbot import QtBot

from app.live.timeline.plot import TimelinePlot
from app.recordings.tab import RecordingsTab
from app.recordings.viewer.viewer import Viewer
from ml.recording.columns import FACES_FILE
from ml.recording.corrections import (
    CORRECTIONS_FILE,
)


def opened(tab: RecordingsTab, qtbot: QtBot, folder: Path) -> Viewer:
    tab.open(folder)
    qtbot.waitUntil(
        lambda: (
            tab.viewer.body.isEnabled()
            and tab.viewer.shown.corrected is not None
            and tab.viewer.shown.corrected.recording.folder == folder
        ),
        timeout=30_000,
    )
    return tab.viewer


def brightness(viewer: Viewer) -> float:
    """Of the frame of the video that is shown."""
    image = viewer.stage.image
    return -1.0 if image is None else float(image.mean())


def key(viewer: Viewer, qtbot: QtBot, key: Qt.Key) -> None:
    qtbot.keyClick(viewer.transport.play, key)


def choose(box: QComboBox, place: int) -> None:
    """As a user does."""
    box.setCurrentIndex(place)
    box.activated.emit(place)


def an_hour(folder: Path) -> Path:
    """Four seconds over and over."""
    header, *rows = (folder / FACES_FILE).read_text(encoding="utf-8").splitlines()
    predicted = header.split(",").index("predicted")
    lines = [header]
    for begin in range(0, 3600, 4):
        for cells in (row.split(",") for row in rows):
            cells[0] = cells[predicted] = f"{float(cells[0]) + begin:.4f}"
            lines.append(",".join(cells))
    (folder / FACES_FILE).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def wheel(plot: TimelinePlot, notches: int) -> None:
    """With Ctrl, which zooms."""
    at = QPointF(plot.rect().center())
    event = QWheelEvent(
        at,
        QPointF(plot.mapToGlobal(at)),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.ControlModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(plot, event)


def saved(qtbot: QtBot, folder: Path) -> None:
    qtbot.waitUntil((folder / CORRECTIONS_FILE).exists, timeout=30_000)
