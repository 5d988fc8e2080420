"""The queue with the process that really analyses."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.files.entry import State
from app.files.queue import Plan, Queue
from app.files.tab import FilesTab
from app.settings import FILES_FOLDER, Settings
from ml.batch.finding import find
from ml.batch.messages import Done
from ml.batch.options import BatchOptions
from ml.recording.faces import NOBODY
from ml.recording.opened import open_recording


@pytest.fixture(autouse=True)
def _real_worker(_fake_worker: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.ml_process.ml_command", lambda: [sys.executable, "-m", "ml"])


def test_a_video_becomes_a_recording_and_is_not_analysed_again(
    qtbot: QtBot, clip: Path, tmp_path: Path
) -> None:
    queue = Queue(lambda: Plan(BatchOptions(interval=0.2, views=1), tmp_path / "results", 1))
    for unchanged in (False, True):
        queue.add(find([clip]).items)
        queue.start()
        qtbot.waitUntil(lambda: not queue.running, timeout=60_000)
        (entry,) = queue.entries
        assert entry.state is State.DONE, entry.reason
        assert isinstance(entry.outcome, Done)
        assert entry.outcome.unchanged is unchanged
        assert entry.recording is not None
        opened = open_recording(entry.recording)
        assert not opened.problems
        people = opened.corrected.recording.faces.person
        assert entry.faces == np.count_nonzero(people != NOBODY)
        assert entry.faces
        queue.clear_finished()
    assert queue.shut_down()


def test_its_faces_are_shown_and_open_their_moment(
    qtbot: QtBot, clip: Path, tmp_path: Path
) -> None:
    settings = Settings(tmp_path / "settings.ini")
    settings.set(FILES_FOLDER, str(tmp_path / "results"))
    tab = FilesTab(settings)
    qtbot.addWidget(tab)
    tab.resize(860, 520)
    tab.show()
    assert not tab.pages.tabBar().isVisible()
    tab.add([clip])
    qtbot.waitUntil(tab.button.isEnabled, timeout=20_000)
    tab.button.click()
    tab.pages.setCurrentWidget(tab.gallery)
    qtbot.waitUntil(lambda: tab.gallery.model.rowCount() > 0, timeout=60_000)
    opened: list[tuple[Path, float, int]] = []
    tab.open_requested.connect(lambda *what: opened.append(what))
    place = tab.gallery.view.visualRect(tab.gallery.model.index(0, 0)).center()
    qtbot.mouseClick(tab.gallery.view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    ((folder, time, person),) = opened
    assert folder == tmp_path / "results" / clip.name
    assert 0 <= time < 0.7  # then the face is gone
    assert person == 1
    assert tab.shut_down()
