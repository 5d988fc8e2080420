"""The live tab with its real threads, real network and real pictures."""

from __future__ import annotations

import time
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

import ml.vision.sources
from app.live.session import State
from app.live.stream import Observation
from app.live.tab import LiveTab
from app.live.views.face_panel import FacePanel
from app.settings import DEVICE, INTERVAL, MIN_SCORE, MIRROR, SOURCE, TURN, WEIGHTS, Settings
from ml.expressions import Expression
from ml.vision.analysis import Analysis, Frame, Turn
from ml.vision.analyzer import FaceAnalyzer
from resources import bundled_weights

_LOADING = 60_000


@pytest.fixture
def group(tmp_path: Path, portrait: npt.NDArray[np.uint8]) -> Path:
    """Two faces, the larger at the right."""
    small = cv2.resize(portrait, (300, 300), interpolation=cv2.INTER_AREA)
    picture = np.full((512, 812, 3), 60, np.uint8)
    picture[100:400, :300] = small
    picture[:, 300:] = portrait
    path = tmp_path / "group.png"
    cv2.imwrite(str(path), picture)
    return path


def panel(tab: LiveTab) -> FacePanel:
    return next(part for part in tab.consumers if isinstance(part, FacePanel))


def shown(tab: LiveTab) -> Observation | None:
    return panel(tab).observation


def test_a_clip_from_start_to_end(tab: LiveTab, qtbot: QtBot, clip: Path) -> None:
    seen: list[Analysis] = []
    tab.session.stream.analysed.connect(seen.append)
    tab.bar.source.choose(str(clip))
    assert tab.bar.button.text() == "Start"
    tab.bar.button.click()
    assert tab.bar.button.text() == "Stop"
    qtbot.waitUntil(lambda: panel(tab).chart.probabilities is not None, timeout=10_000)
    assert panel(tab).headline.text() == "Happy"
    assert panel(tab).count.text() == "1"
    qtbot.waitUntil(lambda: panel(tab).headline.text() == "No face", timeout=10_000)
    assert panel(tab).chart.probabilities is None
    qtbot.waitUntil(lambda: tab.session.state is State.IDLE, timeout=10_000)
    assert tab.message.text() == "clip.avi has ended."
    assert tab.bar.button.text() == "Start"
    assert tab.view.frame is not None
    times = [analysis.frame.time for analysis in seen]
    assert times == sorted(times)


def test_every_person_is_found_and_a_click_chooses(tab: LiveTab, qtbot: QtBot, group: Path) -> None:
    tab.bar.source.choose(str(group))
    tab.start()
    qtbot.waitUntil(lambda: shown(tab) is not None, timeout=10_000)
    analysis = shown(tab)
    assert analysis is not None
    large, small = analysis.faces
    assert large.face.x > 400 > small.face.x
    assert panel(tab).chart.probabilities == large.probabilities
    assert panel(tab).caption.text().startswith("Person 1")

    place = tab.view.face_rect(small).center().toPoint()
    qtbot.mouseClick(tab.view, Qt.MouseButton.LeftButton, pos=place)
    assert panel(tab).chart.probabilities == small.probabilities
    assert panel(tab).caption.text().startswith("Person 2")


def test_a_still_picture_answers_to_changed_options(
    tab: LiveTab, qtbot: QtBot, group: Path
) -> None:
    tab.bar.source.choose(str(group))
    tab.start()
    qtbot.waitUntil(lambda: panel(tab).count.text() == "2", timeout=10_000)
    tab.options.min_size.setValue(100)
    qtbot.waitUntil(lambda: panel(tab).count.text() == "1", timeout=10_000)
    tab.options.min_size.setValue(1000)
    qtbot.waitUntil(lambda: panel(tab).headline.text() == "No face", timeout=10_000)


def test_a_picture_on_its_side_is_turned_by_keyboard(
    tab: LiveTab, qtbot: QtBot, tmp_path: Path, group: Path
) -> None:
    """Everything that follows the stream is given the turned frame; who is seen keeps their id."""
    upright = cv2.imread(str(group))
    assert upright is not None
    path = tmp_path / "sideways.png"
    cv2.imwrite(str(path), cv2.rotate(upright, cv2.ROTATE_90_COUNTERCLOCKWISE))
    seen: list[Analysis] = []
    tab.session.stream.analysed.connect(seen.append)
    tab.choose_source(str(path))
    tab.start()
    qtbot.waitUntil(lambda: shown(tab) is not None, timeout=10_000)
    before = {face.track for face in seen[-1].faces}

    tab.options.rotate.setFocus()
    qtbot.keyClick(tab.options.rotate, Qt.Key.Key_Down)
    assert tab.options.rotate.currentText() == "90°"
    qtbot.waitUntil(lambda: seen[-1].frame.turn is Turn.RIGHT, timeout=10_000)

    last = seen[-1]
    assert last.frame.image.shape == (512, 812, 3)
    assert [face.expression for face in last.faces] == [Expression.HAPPY] * 2
    large, small = last.faces
    assert large.face.x > 400 > small.face.x
    assert before
    assert before <= {large.track, small.track}
    assert tab.view.frame is last.frame
    assert tab.session.state is State.RUNNING


def test_a_running_video_is_turned_and_stays_so(tab: LiveTab, qtbot: QtBot, clip: Path) -> None:
    tab.options.loop.setChecked(True)
    tab.choose_source(str(clip))
    tab.start()
    seen: list[Analysis] = []
    tab.session.stream.analysed.connect(seen.append)
    qtbot.waitUntil(lambda: bool(seen), timeout=10_000)
    tab.options.rotate.setFocus()
    qtbot.keyClick(tab.options.rotate, Qt.Key.Key_End)
    qtbot.waitUntil(lambda: seen[-1].frame.turn is Turn.LEFT, timeout=10_000)
    assert seen[-1].frame.image.shape == (320, 240, 3)

    tab.toggle()
    qtbot.waitUntil(lambda: tab.session.state is State.IDLE, timeout=10_000)
    seen.clear()
    tab.toggle()
    qtbot.waitUntil(lambda: bool(seen), timeout=10_000)
    assert {analysis.frame.turn for analysis in seen} == {Turn.LEFT}


def test_a_remembered_turn_that_is_none_of_the_four_is_no_turn(
    qtbot: QtBot, settings: Settings
) -> None:
    settings.set(TURN, 45)
    tab = LiveTab(settings)
    qtbot.addWidget(tab)
    assert tab.options.turn is Turn.NONE
    assert tab.options.rotate.currentText() == "0°"
    assert tab.shut_down()


def test_space_starts_and_stops_and_stop_clears_the_boxes(
    tab: LiveTab, qtbot: QtBot, clip: Path
) -> None:
    tab.options.loop.setChecked(True)
    tab.bar.source.choose(str(clip))
    tab.view.setFocus()
    qtbot.keyClick(tab.view, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: shown(tab) is not None, timeout=10_000)
    qtbot.keyClick(tab.view, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: tab.session.state is State.IDLE, timeout=10_000)
    qtbot.wait(100)
    assert shown(tab) is None
    assert panel(tab).chart.probabilities is None
    assert panel(tab).headline.text() == "–"


def test_another_source_while_one_runs_takes_over(
    tab: LiveTab, qtbot: QtBot, clip: Path, group: Path
) -> None:
    tab.options.loop.setChecked(True)
    tab.bar.source.choose(str(clip))
    tab.start()
    qtbot.waitUntil(lambda: tab.session.state is State.RUNNING, timeout=10_000)
    tab.bar.source.choose(str(group))
    qtbot.waitUntil(lambda: panel(tab).count.text() == "2", timeout=10_000)
    assert tab.session.state is State.RUNNING


def test_a_picture_is_analysed_though_the_source_before_it_is_still_being(
    tab: LiveTab, qtbot: QtBot, clip: Path, group: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A picture has only one frame, which must not be taken for one of the clip."""
    analyze = FaceAnalyzer.analyze

    def slow(self: FaceAnalyzer, frame: Frame) -> Analysis:
        time.sleep(0.3)
        return analyze(self, frame)

    monkeypatch.setattr(FaceAnalyzer, "analyze", slow)
    tab.options.loop.setChecked(True)
    tab.choose_source(str(clip))
    tab.start()
    qtbot.waitUntil(lambda: tab.session.state is State.RUNNING, timeout=10_000)
    qtbot.wait(100)  # one frame is being analysed, and the next one has been announced
    tab.choose_source(str(group))
    qtbot.waitUntil(lambda: panel(tab).count.text() == "2", timeout=10_000)


def test_starting_and_stopping_fast_leaves_it_in_order(
    tab: LiveTab, qtbot: QtBot, clip: Path
) -> None:
    tab.bar.source.choose(str(clip))
    for _ in range(6):
        tab.toggle()
        qtbot.wait(15)
    qtbot.waitUntil(lambda: tab.session.state is State.IDLE, timeout=10_000)
    tab.start()
    qtbot.waitUntil(lambda: shown(tab) is not None, timeout=10_000)


def test_late_analyses_of_a_stopped_session_are_ignored(
    tab: LiveTab, qtbot: QtBot, clip: Path
) -> None:
    tab.bar.source.choose(str(clip))
    seen: list[Analysis] = []
    tab.session.stream.analysed.connect(seen.append)
    tab.start()
    qtbot.waitUntil(lambda: shown(tab) is not None, timeout=10_000)
    late = seen[-1]
    number = tab.session._number
    tab.session.stop()
    qtbot.waitUntil(lambda: tab.session.state is State.IDLE, timeout=10_000)
    tab.session._worker.analysed.emit(number, late)
    qtbot.wait(50)
    assert shown(tab) is None


def test_a_missing_file_is_told_and_the_program_goes_on(
    tab: LiveTab, qtbot: QtBot, clip: Path
) -> None:
    tab.bar.source.choose("/nowhere/at all.mp4")
    tab.start()
    qtbot.waitUntil(lambda: tab.session.state is State.IDLE, timeout=10_000)
    assert "at all.mp4" in tab.message.text()
    assert tab.message.isVisible()
    tab.bar.source.choose(str(clip))
    tab.start()
    qtbot.waitUntil(lambda: shown(tab) is not None, timeout=10_000)
    assert not tab.message.isVisible()


def test_no_camera_at_all_is_told(
    tab: LiveTab, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ml.vision.sources.cameras, "list_cameras", list)
    tab.start()
    qtbot.waitUntil(lambda: "No camera" in tab.message.text(), timeout=10_000)
    assert tab.bar.button.text() == "Start"


def test_unusable_weights_are_told_and_those_in_use_stay(
    tab: LiveTab, qtbot: QtBot, tmp_path: Path, group: Path
) -> None:
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes(b"\x10\x00\x00\x00 nothing")
    tab.use_weights(bad)
    qtbot.waitUntil(lambda: "bad.safetensors" in tab.message.text(), timeout=10_000)
    assert "stay in use" in tab.message.text()
    assert tab.bar.weights.currentText() == "Bundled weights"
    tab.bar.source.choose(str(group))
    tab.start()
    qtbot.waitUntil(lambda: panel(tab).chart.probabilities is not None, timeout=10_000)


def test_other_weights_are_used_at_once(
    tab: LiveTab, qtbot: QtBot, tmp_path: Path, group: Path
) -> None:
    from ml.network.weights_files import load_weights, save_weights

    weights = load_weights(bundled_weights())
    # A network that finds everything sad, to be told apart from the bundled one.
    bias = weights.state["fc4.bias"]
    bias[weights.classes.index(Expression.SAD)] += 50
    sad = tmp_path / "sad.safetensors"
    save_weights(weights, sad)
    tab.bar.source.choose(str(group))
    tab.start()
    qtbot.waitUntil(lambda: panel(tab).headline.text() == "Happy", timeout=10_000)
    tab.use_weights(sad)
    qtbot.waitUntil(lambda: panel(tab).headline.text() == "Sad", timeout=10_000)
    assert tab.bar.weights.currentText() == "sad.safetensors"


def test_it_remembers(tab: LiveTab, qtbot: QtBot, settings: Settings, clip: Path) -> None:
    tab.bar.source.choose(str(clip))
    tab.options.interval.setValue(1.5)
    tab.options.min_score.setValue(0.7)
    tab.options.mirror.setChecked(True)
    qtbot.keyClick(tab.options.rotate, Qt.Key.Key_Down)
    settings.save()
    kept = Settings(settings.path)
    assert kept.get(SOURCE) == str(clip)
    assert kept.get(INTERVAL) == 1.5
    assert kept.get(MIN_SCORE) == 0.7
    assert kept.get(MIRROR) is True
    assert kept.get(TURN) == 90

    again = LiveTab(kept)
    qtbot.addWidget(again)
    qtbot.waitUntil(lambda: again.session.network is not None, timeout=_LOADING)
    assert again.bar.source.currentText() == "clip.avi"
    assert again.options.interval.value() == 1.5
    assert again.view.mirrored
    assert again.options.turn is Turn.RIGHT
    assert again.shut_down()


def test_remembered_weights_that_are_gone_give_way_to_the_bundled(
    qtbot: QtBot, settings: Settings
) -> None:
    settings.set(WEIGHTS, "/gone/mine.pt")
    tab = LiveTab(settings)
    qtbot.addWidget(tab)
    qtbot.waitUntil(lambda: tab.session.network is not None, timeout=_LOADING)
    assert "mine.pt" in tab.message.text()
    assert tab.bar.weights.currentText() == "Bundled weights"
    assert tab.shut_down()


def test_weights_stay_chosen_where_a_device_is_gone(
    qtbot: QtBot, settings: Settings, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.safetensors"
    mine.write_bytes(bundled_weights().read_bytes())
    settings.set(WEIGHTS, str(mine))
    settings.set(DEVICE, "cuda:7")
    tab = LiveTab(settings)
    qtbot.addWidget(tab)
    qtbot.waitUntil(lambda: tab.session.network is not None, timeout=_LOADING)
    assert tab.session.network is not None
    assert tab.session.network.request.weights == mine
    assert tab.bar.weights.currentText() == "mine.safetensors"
    assert tab.message.text().startswith("The device cuda:7 is not available")
    assert tab.message.text().endswith("Automatic is used instead.")
    assert tab.options.device.currentText() == "Automatic"
    assert tab.shut_down()


def test_without_any_usable_weights_it_says_so_once(
    qtbot: QtBot, settings: Settings, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "app.live.controls.network_choice.bundled_weights",
        lambda: Path("/gone/bundled.safetensors"),
    )
    tab = LiveTab(settings)
    qtbot.addWidget(tab)
    failures: list[object] = []
    tab.session.network_failed.connect(failures.append)
    tab.bar.source.choose(str(clip))
    tab.start()
    qtbot.waitUntil(lambda: bool(failures), timeout=_LOADING)
    qtbot.wait(300)
    assert len(failures) == 1
    assert "bundled.safetensors" in tab.message.text()
    assert tab.session.state is State.IDLE
    assert tab.shut_down()


def test_a_start_that_waited_leaves_on_view_why_other_weights_answer(
    qtbot: QtBot, settings: Settings, clip: Path
) -> None:
    """As ``--weights missing.pt --start`` does."""
    settings.set(WEIGHTS, "/gone/mine.pt")
    tab = LiveTab(settings)
    qtbot.addWidget(tab)
    tab.bar.source.choose(str(clip))
    tab.start()
    qtbot.waitUntil(lambda: shown(tab) is not None, timeout=_LOADING)
    assert "mine.pt" in tab.message.text()
    assert tab.shut_down()


def test_a_failure_of_weights_no_longer_wanted_is_not_told(
    tab: LiveTab, qtbot: QtBot, tmp_path: Path
) -> None:
    good = tmp_path / "good.safetensors"
    good.write_bytes(bundled_weights().read_bytes())
    tab.use_weights(tmp_path / "bad.safetensors")
    tab.use_weights(good)
    qtbot.waitUntil(
        lambda: tab.session.network is not None and tab.session.network.request.weights == good,
        timeout=_LOADING,
    )
    assert not tab.message.text()
    assert tab.bar.weights.currentText() == "good.safetensors"


def test_the_last_face_does_not_outlive_the_camera(tab: LiveTab, qtbot: QtBot, group: Path) -> None:
    tab.bar.source.choose(str(group))
    seen: list[Analysis] = []
    tab.session.stream.analysed.connect(seen.append)
    tab.start()
    qtbot.waitUntil(lambda: shown(tab) is not None, timeout=_LOADING)
    late = seen[-1]
    tab.session._on_lost("The camera stopped sending pictures.")
    tab.session._on_analysed(tab.session._number, late)  # was still being analysed
    assert shown(tab) is None
    assert panel(tab).headline.text() == "–"


def test_a_camera_is_remembered_by_name(qtbot: QtBot, settings: Settings) -> None:
    settings.set(SOURCE, "camera:Studio Cam")
    tab = LiveTab(settings)
    qtbot.addWidget(tab)
    tab.bar.source._on_cameras(["Built-in", "Studio Cam"])
    assert tab.bar.source.currentText() == "Studio Cam"
    tab.bar.source._on_cameras(["Built-in"])
    assert tab.bar.source.currentText() == "Studio Cam (not connected)"
    assert settings.get(SOURCE) == "camera:Studio Cam"
    assert tab.shut_down()


def test_slower_engines_are_told_in_the_status_line(
    qtbot: QtBot, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ml.network import openvino_runtime

    def fail() -> None:
        raise openvino_runtime.OpenVinoError("this processor lacks SSE4.2")

    monkeypatch.setattr(openvino_runtime, "core", fail)
    tab = LiveTab(settings)
    qtbot.addWidget(tab)
    told: list[str] = []
    tab.network_changed.connect(told.append)
    qtbot.waitUntil(lambda: tab.session.network is not None, timeout=_LOADING)
    assert "slower, with OpenCV and PyTorch: OpenVINO cannot run here" in told[-1]
    assert tab.shut_down()
