"""Recording from the live tab, with real threads, pictures, folders and a real kill."""

from __future__ import annotations

import csv
import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.live.recording import recorder
from app.live.recording.folders import new_folder
from app.live.recording.recording import Recording
from app.live.session import State
from app.live.stream import Observation
from app.live.tab import LiveTab
from app.settings import LOOP, Settings
from ml.recording.reader import read_about, read_faces
from resources import bundled_weights

_LOADING = 60_000


@pytest.fixture(autouse=True)
def _own_recordings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "usual_folder", lambda: tmp_path / "recordings")


def recording(tab: LiveTab) -> Recording:
    return next(part for part in tab.consumers if isinstance(part, Recording))


def run(tab: LiveTab, qtbot: QtBot, clip: Path, *, loop: bool = False) -> None:
    tab.options.loop.setChecked(loop)
    tab.choose_source(str(clip))
    tab.start()
    qtbot.waitUntil(lambda: tab.session.state is State.RUNNING, timeout=10_000)


def ended(tab: LiveTab, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not recording(tab).active, timeout=10_000)


def markers(folder: Path) -> list[dict[str, str]]:
    with (folder / "markers.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_what_is_recorded_is_what_was_on_screen(
    tab: LiveTab, qtbot: QtBot, clip: Path, tmp_path: Path
) -> None:
    seen: list[Observation] = []
    tab.session.stream.told.connect(
        lambda event: seen.append(event) if isinstance(event, Observation) else None
    )
    folder = tmp_path / "mine"
    tab.record_next(folder)
    run(tab, qtbot, clip)
    qtbot.waitUntil(lambda: tab.session.state is State.IDLE, timeout=20_000)
    ended(tab, qtbot)

    rows = list(read_faces(folder))
    expected = [(o, f) for o in seen for f in (o.faces or (None,))]
    assert len(rows) == len(expected)
    assert any(row.person is None for row in rows), "the face is gone in the last third"
    for row, (observation, face) in zip(rows, expected, strict=True):
        assert row.time == pytest.approx(observation.time - seen[0].time, abs=1e-3)
        assert row.wall_time == pytest.approx(observation.wall_time, abs=1e-3)
        assert row.frame == observation.index
        if face is None:
            assert row.person is None
        else:
            assert row.person == face.track
            assert row.label is face.expression
            assert row.raw == pytest.approx(face.raw, abs=1e-4)
            assert row.probabilities == pytest.approx(face.probabilities, abs=1e-4)
    about = read_about(folder)
    assert about.source == "clip.avi"
    assert about.ended == "clip.avi has ended."
    assert about.weights == bundled_weights().name
    assert len(about.weights_sha256) == 64
    assert about.settings["interval"] == 0
    assert about.settings["smoothing"] == tab.answers.smoothing
    assert "Recorded 0:0" in tab.message.text()


def test_the_button_and_its_key_begin_and_end_one(
    tab: LiveTab, qtbot: QtBot, clip: Path, tmp_path: Path
) -> None:
    button = recording(tab).button
    assert not button.isEnabled()
    run(tab, qtbot, clip, loop=True)
    qtbot.waitUntil(button.isEnabled)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: button.text() > "■  0:00.3", timeout=10_000)
    tab.people.rename(1, "Anna")
    qtbot.keyClick(tab.view, Qt.Key.Key_M)
    qtbot.wait(300)
    qtbot.keyClick(tab.view, Qt.Key.Key_R)
    ended(tab, qtbot)
    assert tab.session.state is State.RUNNING, "the capture goes on"
    (folder,) = (tmp_path / "recordings").iterdir()
    rows = list(read_faces(folder))
    assert rows[0].time == 0
    assert {row.name for row in rows if row.person == 1} == {"", "Anna"}
    (marker,) = markers(folder)
    assert 0.2 < float(marker["time"]) < rows[-1].time
    assert read_about(folder).ended == "The recording was stopped."

    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.wait(100)
    tab.session.stop()
    ended(tab, qtbot)
    assert len(list((tmp_path / "recordings").iterdir())) == 2


def test_nothing_is_stored_unless_it_is_asked_for(
    tab: LiveTab, qtbot: QtBot, clip: Path, tmp_path: Path
) -> None:
    run(tab, qtbot, clip)
    qtbot.waitUntil(lambda: tab.session.state is State.IDLE, timeout=20_000)
    assert not (tmp_path / "recordings").exists()


def test_a_folder_with_something_in_it_is_refused_and_the_capture_goes_on(
    tab: LiveTab, qtbot: QtBot, clip: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("all of it")
    tab.record_next(tmp_path / "mine")
    run(tab, qtbot, clip, loop=True)
    ended(tab, qtbot)
    assert "not an empty folder" in tab.message.text()
    assert tab.session.state is State.RUNNING
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_a_folder_that_vanishes_ends_the_recording_only(
    tab: LiveTab, qtbot: QtBot, clip: Path, tmp_path: Path
) -> None:
    tab.record_next(tmp_path / "mine")
    run(tab, qtbot, clip, loop=True)
    qtbot.waitUntil((tmp_path / "mine" / "recording.json").exists, timeout=10_000)  # the last
    shutil.rmtree(tmp_path / "mine")
    ended(tab, qtbot)
    assert "faces.csv" in tab.message.text()
    assert tab.session.state is State.RUNNING
    assert not (tmp_path / "mine").exists()
    count = len(tab.people.history.rows(1))
    qtbot.waitUntil(lambda: len(tab.people.history.rows(1)) > count, timeout=10_000)


def test_a_disk_that_gets_full_is_told_of_before_it_is(
    tab: LiveTab, qtbot: QtBot, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "_LITTLE_SPACE", 1e15)
    tab.record_next(tmp_path / "mine")
    run(tab, qtbot, clip, loop=True)
    qtbot.waitUntil(lambda: "MB are left" in tab.message.text(), timeout=10_000)
    assert recording(tab).active


def test_a_place_for_recordings_that_cannot_be_used_is_told(
    tab: LiveTab, qtbot: QtBot, clip: Path, tmp_path: Path
) -> None:
    (tmp_path / "recordings").write_text("a file where the folder should be")
    run(tab, qtbot, clip, loop=True)
    qtbot.waitUntil(recording(tab).button.isEnabled)
    qtbot.mouseClick(recording(tab).button, Qt.MouseButton.LeftButton)
    ended(tab, qtbot)
    assert "recordings" in tab.message.text()
    assert tab.session.state is State.RUNNING


def test_closing_the_window_completes_it(
    tab: LiveTab, qtbot: QtBot, clip: Path, tmp_path: Path
) -> None:
    tab.record_next(tmp_path / "mine")
    run(tab, qtbot, clip, loop=True)
    qtbot.waitUntil(lambda: len(tab.people.history.rows(1)) > 3, timeout=10_000)
    assert tab.shut_down()
    assert read_about(tmp_path / "mine").ended
    assert len(list(read_faces(tmp_path / "mine"))) > 3


def test_other_weights_leave_a_marker(
    tab: LiveTab, qtbot: QtBot, clip: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.safetensors"
    copy.write_bytes(bundled_weights().read_bytes())
    tab.record_next(tmp_path / "mine")
    run(tab, qtbot, clip, loop=True)
    qtbot.waitUntil(lambda: len(tab.people.history.rows(1)) > 3, timeout=10_000)
    with qtbot.waitSignal(tab.session.network_ready, timeout=_LOADING):
        tab.use_weights(copy)
    recording(tab).toggle()
    ended(tab, qtbot)
    (marker,) = markers(tmp_path / "mine")
    assert marker["label"] == "weights"
    assert marker["note"].startswith("copy.safetensors")


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_the_program_killed_while_it_records_loses_a_second_at_most(
    clip: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "mine"
    options = ["--source", str(clip), "--interval", "0", "--start", "--record", str(folder)]
    settings = Settings()
    settings.set(LOOP, True)
    settings.save()
    program = subprocess.Popen([sys.executable, "-m", "app", *options])
    faces = folder / "faces.csv"
    deadline = time.monotonic() + 60
    while not (faces.exists() and faces.stat().st_size > 20_000) and time.monotonic() < deadline:
        time.sleep(0.05)
    killed = time.time()
    program.send_signal(signal.SIGKILL)
    program.wait(10)
    rows = list(read_faces(folder))
    assert len(rows) > 20
    assert rows[-1].wall_time is not None
    assert rows[-1].wall_time > killed - 2, "a second, and a slow machine's one"
    assert read_about(folder).ended is None


def test_folders_are_named_by_time_and_never_twice(tmp_path: Path) -> None:
    now = datetime(2026, 11, 28, 3, 7, 9)
    first = new_folder(tmp_path, now)
    assert first.name == "2026-11-28 03.07.09"
    first.mkdir()
    assert new_folder(tmp_path, now).name == "2026-11-28 03.07.09 (2)"
