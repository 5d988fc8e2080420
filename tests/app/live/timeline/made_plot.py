"""A plot of made courses, and what is done with it."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.live.timeline.plot import TimelinePlot
from ml.people.history import History
from tests.app.live.timeline.made_courses import Names


def shown_plot(qtbot: QtBot, history: History, chosen: int | None = 1) -> TimelinePlot:
    plot = TimelinePlot()
    qtbot.addWidget(plot)
    plot.resize(660, 240)
    plot.show_courses(history, Names())
    plot.section.chosen = chosen
    plot.show()
    qtbot.waitExposed(plot)
    return plot


def place_of(plot: TimelinePlot, time: float, track: int | None = None) -> QPoint:
    """Of a time in the curves, or in somebody's lane."""
    places = plot.places
    row = places.curves if track is None else places.lanes[track]
    return QPoint(round(places.x(time)), round(row.center().y()))


def colour_at(plot: TimelinePlot, point: QPoint) -> str:
    image = plot.grab().toImage()
    return image.pixelColor(point * image.devicePixelRatio()).name()


def point_at(qtbot: QtBot, plot: TimelinePlot, point: QPoint) -> None:
    qtbot.mouseMove(plot, point + QPoint(1, 0))
    qtbot.mouseMove(plot, point)
    QApplication.processEvents()


def press(qtbot: QtBot, plot: TimelinePlot, key: Qt.Key, *, shift: bool = False) -> None:
    none = Qt.KeyboardModifier.NoModifier
    qtbot.keyClick(plot, key, Qt.KeyboardModifier.ShiftModifier if shift else none)
