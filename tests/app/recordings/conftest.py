from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.recordings.tab import RecordingsTab
from app.settings import RECORDINGS_FOLDER, Settings
from ml.expressions import Expression
from ml.recording.marker import Marker
from ml.recording.writer import RecordingWriter
from tests.ml.people.faces import person, worth
from tests.ml.recording.made_recordings import ABOUT, BEGAN

Record = Callable[..., Path]


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    """The folder of recordings."""
    folder = tmp_path / "recordings"
    folder.mkdir()
    return folder


@pytest.fixture
def record(recordings: Path) -> Record:
    """Makes a recording of two people: record(name, video=None, seconds=4)."""

    def record(name: str, video: str | None = None, seconds: float = 4.0) -> Path:
        folder = recordings / name
        writer = RecordingWriter(folder, replace(ABOUT, note=f"Note of {name}"), video)
        for n in range(round(seconds * 10)):
            time = 5 + n / 10
            first = Expression.HAPPY if n < 20 else Expression.SAD
            faces = [
                replace(person(1, first, x=20.0, quality=worth(0.9)), answered=time),
                replace(person(2, Expression.NEUTRAL, x=120.0), answered=time),
            ]
            picture = np.full((120, 160, 3), 6 * n % 250, np.uint8) if video else None
            writer.add(n, time, BEGAN + n / 10, faces, {}, picture)
        writer.mark(Marker(5.5, None, "start"))
        writer.mark(Marker(6.0, 7.0, "task"))
        writer.close("stopped")
        return folder

    return record


@pytest.fixture
def tab(qtbot: QtBot, recordings: Path, tmp_path: Path) -> Iterator[RecordingsTab]:
    settings = Settings(tmp_path / "settings.ini")
    settings.set(RECORDINGS_FOLDER, str(recordings))
    tab = RecordingsTab(settings)
    qtbot.addWidget(tab)
    tab.resize(900, 600)
    tab.show()
    yield tab
    assert tab.shut_down()
