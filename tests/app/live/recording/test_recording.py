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

import av
import cv2
import numpy as np
import numpy.typing as npt
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.live.recording import disk_space, recorder
from app.live.recording.folders import new_folder
from app.live.recording.plan import RecordingPlan, VideoKind
from app.live.recording.record_dialog import RecordDialog
from app.live.recording.recording import Recording
from app.live.session import State
from app.live.stream import Observation
from app.live.tab import LiveTab
from app.settings import LOOP, RECORDINGS_FOLDER, Settings
from ml.expressions import EXPRESSIONS, Expression
from ml.recording.about import read_about
from ml.recording.faces import NOBODY
from ml.recording.recording import read_recording
from ml.recording.video import VideoWriter
from ml.vision.analysis import Analysis
from ml.vision.detector import FaceDetector
from resources import bundled_weights

_LOADING = 60_000


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    """With a folder of recordings of its own."""
    settings.set(RECORDINGS_FOLDER, str(tmp_path / "recordings"))
    return settings


def recording(tab: LiveTab) -> Recording:
    return next(part for part in tab.consumers if isinstance(part, Recording))


def run(tab: LiveTab, qtbot: QtBot, clip: Path, *, loop: bool = False) -> None:
    tab.options.loop.setChecked(loop)
    tab.choose_source(str(clip))
    tab.start()
    qtbot.waitUntil(lambda: tab.session.state is State.RUNNING, timeout=30_000)


def ask(tab: LiveTab, qtbot: QtBot) -> RecordDialog:
    """The dialog that the button opens."""
    qtbot.mouseClick(recording(tab).button, Qt.MouseButton.LeftButton)
    dialog = recording(tab).dialog
    assert dialog is not None
    return dialog


def ended(tab: LiveTab, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not recording(tab).active, timeout=30_000)


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
    tab.record_next(RecordingPlan(folder))
    run(tab, qtbot, clip)
    qtbot.waitUntil(lambda: tab.session.state is State.IDLE, timeout=40_000)
    ended(tab, qtbot)

    faces = read_recording(folder).faces
    expected = [(o, f) for o in seen for f in (o.faces or (None,))]
    assert len(faces) == len(expected)
    assert NOBODY in faces.person, "the face is gone in the last third"
    for n, (observation, face) in enumerate(expected):
        assert faces.time[n] == pytest.approx(observation.time - seen[0].time, abs=1e-3)
        assert faces.wall_time[n] == pytest.approx(observation.wall_time, abs=1e-3)
        assert faces.frame[n] == observation.index
        if face is None:
            assert faces.person[n] == NOBODY
        else:
            assert faces.person[n] == face.track
            assert faces.label[n] == face.expression
            assert faces.raw[n] == pytest.approx(face.raw, abs=1e-4)
            assert faces.probabilities[n] == pytest.approx(face.probabilities, abs=1e-4)
    about = read_about(folder)
    assert about.source == "clip.avi"
    assert about.ended == "clip.avi has ended."
    assert about.weights == bundled_weights().name
    assert len(about.weights_sha256) == 64
    assert about.settings["interval"] == 0
    assert about.settings["smoothing"] == tab.answers.smoothing
    assert "Recorded 0:0" in tab.message.text()


def test_what_is_turned_is_recorded_upright(
    tab: LiveTab, qtbot: QtBot, portrait: npt.NDArray[np.uint8], tmp_path: Path
) -> None:
    writer = cv2.VideoWriter(
        str(tmp_path / "sideways.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 30, (240, 320)
    )
    frame = np.full((240, 320, 3), 90, np.uint8)
    frame[:, :240] = portrait[0:240, 100:340]
    for _ in range(10):
        writer.write(cv2.rotate(frame, cv2.ROTATE_90_CLOCKWISE))
    writer.release()
    qtbot.keyClick(tab.options.rotate, Qt.Key.Key_End)
    assert tab.options.rotate.currentText() == "270°"
    folder = tmp_path / "mine"
    tab.record_next(RecordingPlan(folder, video=VideoKind.PLAIN))
    run(tab, qtbot, tmp_path / "sideways.avi")
    qtbot.waitUntil(lambda: tab.session.state is State.IDLE, timeout=40_000)
    ended(tab, qtbot)

    faces = read_recording(folder).faces
    assert {EXPRESSIONS[label] for label in faces.label} == {Expression.HAPPY}
    with av.open(str(next(folder.glob("video.*")))) as video:
        recorded = next(video.decode(video=0)).to_ndarray(format="bgr24")
    assert np.abs(recorded.astype(int) - frame).mean() < 10


def test_the_button_and_its_key_begin_and_end_one(
    tab: LiveTab, qtbot: QtBot, clip: Path, tmp_path: Path
) -> None:
    button = recording(tab).button
    assert not button.isEnabled()
    run(tab, qtbot, clip, loop=True)
    qtbot.waitUntil(button.isEnabled)
    ask(tab, qtbot).accept()
    qtbot.waitUntil(lambda: button.text() > "■  0:00.3", timeout=10_000)
    tab.people.rename(1, "Anna")
    tab.activateWindow()  # as a window manager does once the dialog is closed
    qtbot.waitUntil(tab.isActiveWindow)
    qtbot.keyClick(tab.view, Qt.Key.Key_M)
    qtbot.wait(300)
    qtbot.keyClick(tab.view, Qt.Key.Key_R)
    ended(tab, qtbot)
    assert tab.session.state is State.RUNNING, "the capture goes on"
    (folder,) = (tmp_path / "recordings").iterdir()
    faces = read_recording(folder).faces
    assert faces.time[0] == 0
    assert faces.names == {1: "Anna"}
    (marker,) = markers(folder)
    assert 0.2 < float(marker["time"]) < faces.time[-1]
    assert read_about(folder).ended == "The recording was stopped."

    qtbot.keyClick(tab.view, Qt.Key.Key_R)
    assert recording(tab).dialog is not None
    recording(tab).dialog.accept()
    qtbot.wait(100)
    tab.session.stop()
    ended(tab, qtbot)
    assert len(list((tmp_path / "recordings").iterdir())) == 2


def test_nothing_is_stored_unless_it_is_asked_for(
    tab: LiveTab, qtbot: QtBot, clip: Path, tmp_path: Path
) -> None:
    run(tab, qtbot, clip)
    qtbot.waitUntil(lambda: tab.session.state is State.IDLE, timeout=40_000)
    assert not (tmp_path / "recordings").exists()


def test_a_folder_with_something_in_it_is_refused_and_the_capture_goes_on(
    tab: LiveTab, qtbot: QtBot, clip: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("all of it")
    tab.record_next(RecordingPlan(tmp_path / "mine"))
    run(tab, qtbot, clip, loop=True)
    ended(tab, qtbot)
    assert "not an empty folder" in tab.message.text()
    assert tab.session.state is State.RUNNING
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_a_folder_that_vanishes_ends_the_recording_only(
    tab: LiveTab, qtbot: QtBot, clip: Path, tmp_path: Path
) -> None:
    tab.record_next(RecordingPlan(tmp_path / "mine"))
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
    monkeypatch.setattr(disk_space, "_SETTLED", 0.5)
    monkeypatch.setattr(disk_space, "_TOLD", (1e15,))
    tab.record_next(RecordingPlan(tmp_path / "mine"))
    run(tab, qtbot, clip, loop=True)
    qtbot.waitUntil(lambda: "disk is nearly full" in tab.message.text(), timeout=10_000)
    assert recording(tab).active


def test_a_place_for_recordings_that_cannot_be_used_is_told(
    tab: LiveTab, qtbot: QtBot, clip: Path, tmp_path: Path
) -> None:
    (tmp_path / "recordings").write_text("a file where the folder should be")
    run(tab, qtbot, clip, loop=True)
    qtbot.waitUntil(recording(tab).button.isEnabled)
    ask(tab, qtbot).accept()
    ended(tab, qtbot)
    assert "recordings" in tab.message.text()
    assert tab.session.state is State.RUNNING


def test_closing_the_window_completes_it(
    tab: LiveTab, qtbot: QtBot, clip: Path, tmp_path: Path
) -> None:
    tab.record_next(RecordingPlan(tmp_path / "mine"))
    run(tab, qtbot, clip, loop=True)
    qtbot.waitUntil(lambda: len(tab.people.history.rows(1)) > 3, timeout=10_000)
    assert tab.shut_down()
    assert read_about(tmp_path / "mine").ended
    assert len(read_recording(tmp_path / "mine").faces) > 3


def test_other_weights_leave_a_marker(
    tab: LiveTab, qtbot: QtBot, clip: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.safetensors"
    copy.write_bytes(bundled_weights().read_bytes())
    tab.record_next(RecordingPlan(tmp_path / "mine"))
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
    options += ["--record-video", "blurred"]
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
    faces = read_recording(folder).faces
    assert len(faces) > 20
    assert faces.wall_time[-1] > killed - 2, "a second, and a slow machine's one"
    with av.open(str(folder / "video.webm")) as video:
        filmed = [frame.time for frame in video.decode(video=0)]
    times = np.unique(faces.time)
    both = min(len(filmed), len(times))
    assert both > 15
    assert filmed[:both] == pytest.approx(times[:both], abs=0.001)
    assert read_about(folder).ended is None


def test_folders_are_named_by_time_and_never_twice(tmp_path: Path) -> None:
    now = datetime(2026, 11, 28, 3, 7, 9)
    first = new_folder(tmp_path, now)
    assert first.name == "2026-11-28 03.07.09"
    first.mkdir()
    assert new_folder(tmp_path, now).name == "2026-11-28 03.07.09 (2)"


def test_the_question_proposes_data_only_and_every_frame(
    tab: LiveTab, qtbot: QtBot, clip: Path, tmp_path: Path
) -> None:
    tab.options.interval.setValue(3)
    run(tab, qtbot, clip, loop=True)
    qtbot.waitUntil(recording(tab).button.isEnabled)
    dialog = ask(tab, qtbot)
    assert dialog.kinds[None].isChecked()
    assert dialog.every_frame.isChecked()
    dialog.note.setText("Trial 3\nof Anna")
    dialog.accept()
    qtbot.waitUntil(lambda: len(tab.people.history.rows(1)) > 3, timeout=10_000)
    assert tab.session.options.interval == 0
    recording(tab).toggle()
    ended(tab, qtbot)
    (folder,) = (tmp_path / "recordings").iterdir()
    about = read_about(folder)
    assert about.note == "Trial 3 of Anna"
    assert about.video is None
    assert {file.name for file in folder.iterdir()} == {
        "faces.csv",
        "markers.csv",
        "recording.json",
    }


def test_the_question_can_be_taken_back(
    tab: LiveTab, qtbot: QtBot, clip: Path, tmp_path: Path
) -> None:
    run(tab, qtbot, clip, loop=True)
    qtbot.waitUntil(recording(tab).button.isEnabled)
    ask(tab, qtbot).reject()
    assert not recording(tab).active
    assert not (tmp_path / "recordings").exists()
    ask(tab, qtbot).reject()


def test_a_capture_that_ends_during_the_question_is_told(
    tab: LiveTab, qtbot: QtBot, clip: Path, tmp_path: Path
) -> None:
    run(tab, qtbot, clip, loop=True)
    qtbot.waitUntil(recording(tab).button.isEnabled)
    dialog = ask(tab, qtbot)
    tab.session.stop()
    qtbot.waitUntil(lambda: tab.session.state is State.IDLE, timeout=10_000)
    dialog.accept()
    assert "Nothing was recorded" in tab.message.text()
    assert not (tmp_path / "recordings").exists()


@pytest.mark.parametrize("kind", VideoKind)
def test_a_video_agrees_with_the_data_frame_by_frame(
    tab: LiveTab, qtbot: QtBot, clip: Path, tmp_path: Path, kind: VideoKind
) -> None:
    seen: list[Analysis] = []
    tab.session.stream.analysed.connect(seen.append)
    folder = tmp_path / "mine"
    tab.record_next(RecordingPlan(folder, video=kind))
    run(tab, qtbot, clip, loop=True)
    both = {True, False}  # frames with a face, and without
    qtbot.waitUntil(lambda: {bool(each.faces) for each in seen[3:]} == both, timeout=60_000)
    tab.session.stop()
    qtbot.waitUntil(lambda: tab.session.state is State.IDLE, timeout=40_000)
    ended(tab, qtbot)

    about = read_about(folder)
    assert about.video is not None
    assert about.video.kind == kind
    assert (about.frames_dropped, about.pictures_dropped) == (0, 0)
    times = np.unique(read_recording(folder).faces.time)
    with av.open(str(folder / about.video.file)) as video:
        frames = list(video.decode(video=0))
        shown = [frame.to_ndarray(format="bgr24") for frame in frames]
    assert [frame.time for frame in frames] == pytest.approx(times, abs=0.001)
    likeness = [
        cv2.PSNR(image, analysis.frame.image) for image, analysis in zip(shown, seen, strict=True)
    ]
    with_faces = [n for n, analysis in enumerate(seen) if analysis.faces]
    without = [n for n, analysis in enumerate(seen) if not analysis.faces]
    if kind is VideoKind.PLAIN:
        assert min(likeness) > 28
    elif kind is VideoKind.ANNOTATED:
        assert max(likeness[n] for n in with_faces) < min(likeness[n] for n in without)
    else:
        detector = FaceDetector()
        assert not any(detector.detect(shown[n]) for n in with_faces[::3]), "none can be found"


def test_pictures_that_come_too_fast_are_counted_and_the_data_are_whole(
    tab: LiveTab, qtbot: QtBot, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = VideoWriter.add

    def add(self: VideoWriter, image: npt.NDArray[np.uint8], when: float) -> None:
        time.sleep(0.2)
        slow(self, image, when)

    monkeypatch.setattr(VideoWriter, "add", add)
    monkeypatch.setattr(recorder, "_MOST_PIXELS", 1)
    folder = tmp_path / "mine"
    tab.record_next(RecordingPlan(folder, video=VideoKind.PLAIN))
    run(tab, qtbot, clip)
    qtbot.waitUntil(lambda: tab.session.state is State.IDLE, timeout=40_000)
    ended(tab, qtbot)
    about = read_about(folder)
    assert about.frames_dropped == 0
    assert about.pictures_dropped > 5
    assert f"{about.pictures_dropped} frames are missing in the video" in tab.message.text()
    faces = read_recording(folder).faces
    with av.open(str(folder / "video.webm")) as video:
        filmed = [frame.time for frame in video.decode(video=0)]
    assert len(filmed) + about.pictures_dropped == len(np.unique(faces.time))
    assert np.isin(np.round(filmed, 3), np.round(faces.time, 3)).all()
