"""Drawing the timeline of an hour of ten people at 30 observations a second, and keeping it."""

from __future__ import annotations

import os
import time

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import psutil
from PySide6.QtGui import QPainter, QPixmap

from app.application import Application
from app.live.timeline.plot import TimelinePlot
from ml.people.history import History
from ml.vision.analysis import TrackedFace
from tests.app.live.timeline.made_courses import Names, observations
from tests.benchmarks.timing import milliseconds

_PEOPLE, _RATE, _SECONDS, _REPEATED = 10, 30, 3600, 120
_SIZES = (850, 190), (850, 330)


def main() -> None:
    application = Application([])
    history = _an_hour()
    plot = TimelinePlot()
    plot.show_courses(history, Names())
    plot.section.chosen = 1
    for size in _SIZES:
        plot.resize(*size)
        print(f"{size[0]}×{size[1]}, {1 + len(plot.places.lanes)} people have label strips")
        for areas in (False, True):
            for span in (60.0, 600.0):
                plot.areas = areas
                plot.set_span(span)
                kind = f"{'areas' if areas else 'lines'}, {span / 60:.0f} min"
                once, twice = _draw(plot, 1), _draw(plot, 2)
                print(f"  {kind:14} {once:5.2f} ms (aim: 5); with twice the pixels {twice:5.2f}")
    application.quit()


def _an_hour() -> History:
    seen: list[list[TrackedFace]] = observations(_PEOPLE, _REPEATED, _RATE)
    process = psutil.Process()
    before, begin = process.memory_info().rss, time.perf_counter()
    history = History()
    count = _SECONDS * _RATE
    for n in range(count):
        history.add(n / _RATE, seen[n % len(seen)])
    spent = (time.perf_counter() - begin) / count * 1000
    memory = (process.memory_info().rss - before) / 2**20
    print(f"an hour of ten people: {memory:.0f} MB, {spent:.3f} ms for each observation")
    return history


def _draw(plot: TimelinePlot, ratio: int) -> float:
    """Milliseconds that one drawing takes."""
    picture = QPixmap(plot.size() * ratio)
    picture.setDevicePixelRatio(ratio)

    def draw() -> None:
        painter = QPainter(picture)
        plot.paint(painter)
        painter.end()

    return milliseconds(draw)
