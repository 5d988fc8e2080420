from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from app.duration import duration
from app.training.progress.progress_view import ProgressView
from ml.runs.events import Batch, Epoch, Started


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59.6, "1 min 00 s"),
        (61, "1 min 01 s"),
        (7260, "2 h 01 min"),
        (float("nan"), "–"),
        (float("inf"), "–"),
    ],
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_it_follows_a_run(qtbot: QtBot) -> None:
    view = ProgressView()
    qtbot.addWidget(view)
    view.begin("Starting…")
    view.show_event(Started({}, {}, "official", 1000, "cpu", "float32", 10, 4, 0, 0, 1))
    view.show_event(Batch(2, 5, 10, 1.0, 0.5, 0.05, 120.0, 30.0, 90.0))
    assert view.title.text() == "Epoch 2 of 4"
    assert view.bar.value() == pytest.approx(view.bar.maximum() * 1.5 / 4, abs=1)
    assert view.pace.text() == "120"
    assert view.left.text() == "1 min 30 s"
    assert view.rate.text() == "0.05"
    view.show_event(Epoch(2, 1.0, 0.5, 1.1, 0.4321, 0.4, 0.05, 9.0, True))
    view.show_event(Epoch(3, 1.0, 0.5, 1.1, 0.40, 0.4, 0.05, 9.0, False))
    assert view.best.text() == "43.2% in epoch 2"
    view.end()
    assert view.left.text() == "–"
