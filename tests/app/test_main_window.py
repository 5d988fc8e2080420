from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QRect
from pytestqt.qtbot import QtBot

from app.application import Application
from app.main_window import MainWindow
from app.settings import GEOMETRY, Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "settings.ini")


@pytest.fixture
def window(qtbot: QtBot, qapp: Application, settings: Settings) -> Iterator[MainWindow]:
    window = MainWindow(qapp, settings)
    qtbot.addWidget(window)
    yield window
    window.close()
    assert window.ended_in_time


def test_it_never_opens_larger_than_the_screens_free_area(window: MainWindow) -> None:
    window.show()
    free = window.screen().availableGeometry()
    assert free.contains(window.frameGeometry())
    assert free.width() < 1180  # else the screen of this test is too large to tell


@pytest.mark.parametrize("free", [(1366, 728), (1000, 585), (640, 400)])
def test_a_large_window_is_fitted_into_a_small_screen(
    window: MainWindow, free: tuple[int, int]
) -> None:
    window.setMinimumSize(0, 0)
    window.resize(2000, 1500)
    window.move(300, 300)
    room = QRect(0, 20, *free)
    window._fit_into(room)
    assert window.width() <= free[0]
    assert window.height() < free[1]
    assert room.contains(window.geometry())


def test_its_size_is_remembered(
    window: MainWindow, qapp: Application, qtbot: QtBot, settings: Settings
) -> None:
    window.show()
    window.resize(window.width(), 650)
    size = window.size()
    window.close()
    assert settings.get(GEOMETRY)
    again = MainWindow(qapp, settings)
    qtbot.addWidget(again)
    assert again.size() == size
    again.close()


def test_a_finished_file_is_opened_in_the_recordings_tab(
    window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[tuple[Path, float, int | None]] = []
    monkeypatch.setattr(window.recordings, "open", lambda *what: opened.append(what))
    window.tabs.setCurrentWidget(window.files)
    window.files.open_requested.emit(tmp_path / "a.mp4", 0.0, 0)
    window.files.open_requested.emit(tmp_path / "a.mp4", 2.5, 3)
    assert opened == [(tmp_path / "a.mp4", 0.0, None), (tmp_path / "a.mp4", 2.5, 3)]
    assert window.tabs.currentWidget() is window.recordings


def test_a_recorded_video_is_played_in_the_live_tab(
    window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []
    monkeypatch.setattr(window.live, "start", lambda: started.append(window.live.bar.source.value))
    window.tabs.setCurrentWidget(window.recordings)
    window.recordings.list.replay_requested.emit(tmp_path / "video.webm")
    assert started == [str(tmp_path / "video.webm")]
    assert window.tabs.currentWidget() is window.live
