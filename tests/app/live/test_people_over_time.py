"""The live tab over time, with its real threads, network and pictures: ids, timeline, summary."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from PySide6.QtCore import QObject, Qt
from pytestqt.qtbot import QtBot

from app.live.session import State
from app.live.stream import Observation
from app.live.tab import LiveTab
from app.live.timeline.timeline import Timeline
from app.live.views.chips import Chips
from app.live.views.face_panel import FacePanel
from app.live.views.summary_panel import SummaryPanel
from app.settings import SMOOTHING
from ml.expressions import Expression
from resources import bundled_weights

_LOADING = 60_000
Part = TypeVar("Part", bound=QObject)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, portrait: npt.NDArray[np.uint8]) -> Path:
    """A video of a second and a half: two people side by side, 480×240."""
    path = tmp_path_factory.mktemp("pair") / "pair.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 20, (480, 240))
    face = portrait[0:240, 100:340]
    for n in range(30):
        moved = np.roll(face, n % 4, axis=1)
        writer.write(np.hstack([moved, np.ascontiguousarray(moved[:, ::-1])]))
    writer.release()
    return path


def part(tab: LiveTab, kind: type[Part]) -> Part:
    return next(p for p in tab.consumers if isinstance(p, kind))


def observations(tab: LiveTab) -> list[Observation]:
    seen: list[Observation] = []
    tab.session.stream.told.connect(
        lambda event: seen.append(event) if isinstance(event, Observation) else None
    )
    return seen


def play(tab: LiveTab, qtbot: QtBot, path: Path) -> None:
    tab.choose_source(str(path))
    tab.start(once=True)
    qtbot.waitUntil(lambda: tab.session.state is State.RUNNING, timeout=10_000)
    qtbot.waitUntil(lambda: tab.session.state is State.IDLE, timeout=20_000)


def test_before_the_first_capture_there_is_no_timeline(tab: LiveTab) -> None:
    assert not part(tab, Timeline).isVisible()
    assert not part(tab, Chips).isVisible()


def test_after_the_end_the_course_and_a_summary_stay(
    tab: LiveTab, qtbot: QtBot, pair: Path
) -> None:
    seen = observations(tab)
    play(tab, qtbot, pair)
    history = tab.people.history
    assert history.tracks == [1, 2]
    assert len(history.rows(1)) == sum(any(f.track == 1 for f in o.faces) for o in seen)
    timeline, summary = part(tab, Timeline), part(tab, SummaryPanel)
    assert timeline.isVisible()
    assert summary.isVisible()
    assert summary.person.count() == 2
    assert summary.table.summary is not None
    assert sum(summary.table.summary.shares) == pytest.approx(1)

    qtbot.keyClick(timeline.plot, Qt.Key.Key_Home)
    panel = part(tab, FacePanel)
    assert panel.isVisible()
    assert panel.headline.text() == "Happy"
    assert "at 0:00.0" in panel.quality.text()


def test_keys_chips_and_lanes_choose_the_same_person(
    tab: LiveTab, qtbot: QtBot, pair: Path
) -> None:
    tab.options.loop.setChecked(True)
    tab.choose_source(str(pair))
    tab.start()
    chips, timeline = part(tab, Chips), part(tab, Timeline)
    qtbot.waitUntil(lambda: len(chips.chips) == 2, timeout=10_000)
    before = tab.choice.track
    qtbot.keyClick(tab.view, Qt.Key.Key_N)
    assert tab.choice.track != before
    assert chips.chips[tab.choice.track or 0].isChecked()
    assert timeline.plot.section.chosen == tab.choice.track
    qtbot.keyClick(tab.view, Qt.Key.Key_N, Qt.KeyboardModifier.ShiftModifier)
    assert tab.choice.track == before
    qtbot.mouseClick(chips.chips[2], Qt.MouseButton.LeftButton)
    assert timeline.plot.section.chosen == 2


def test_smoothing_and_baseline_from_the_window(tab: LiveTab, qtbot: QtBot, pair: Path) -> None:
    seen = observations(tab)
    tab.options.loop.setChecked(True)
    tab.choose_source(str(pair))
    tab.start()
    qtbot.waitUntil(lambda: len(seen) > 5, timeout=10_000)
    assert SMOOTHING.default > 0
    assert any(face.probabilities != face.raw for o in seen for face in o.faces)
    panel = part(tab, FacePanel)
    qtbot.mouseClick(panel.baseline, Qt.MouseButton.LeftButton)

    def happy() -> tuple[float, float]:
        (face,) = (f for f in seen[-1].faces if f.track == tab.choice.track)
        assert face.raw is not None
        assert face.probabilities is not None
        return face.raw[Expression.HAPPY], face.probabilities[Expression.HAPPY]

    qtbot.waitUntil(lambda: "on" in panel.baseline.text().split(), timeout=15_000)
    raw, shown = happy()
    assert shown < raw - 0.2, "this person's 'neutral' face smiles, so smiles count less"
    qtbot.mouseClick(panel.baseline, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: happy()[1] > raw - 0.1, timeout=10_000)


def test_other_weights_keep_the_people_and_go_on_in_the_timeline(
    tab: LiveTab, qtbot: QtBot, pair: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.safetensors"
    copy.write_bytes(bundled_weights().read_bytes())
    tab.options.loop.setChecked(True)
    tab.choose_source(str(pair))
    tab.start()
    qtbot.waitUntil(lambda: len(tab.people.history.rows(1)) > 5, timeout=10_000)
    tab.people.rename(1, "Anna")
    with qtbot.waitSignal(tab.session.network_ready, timeout=_LOADING):
        tab.use_weights(copy)
    count = len(tab.people.history.rows(1))
    qtbot.waitUntil(lambda: len(tab.people.history.rows(1)) > count + 5, timeout=10_000)
    assert tab.people.history.tracks == [1, 2]
    assert tab.people.name(1) == "Anna"


def test_an_interval_of_a_minute_holds_the_first_prediction(
    tab: LiveTab, qtbot: QtBot, pair: Path
) -> None:
    tab.options.interval.setValue(60)
    seen = observations(tab)
    play(tab, qtbot, pair)
    answered = {face.answered for o in seen for face in o.faces}
    assert len(answered) == 1
    rows = tab.people.history.rows(1)
    assert len(rows) > 10
    assert len(set(rows["label"])) == 1


@pytest.mark.data
def test_the_real_clip_of_one_person(tab: LiveTab, qtbot: QtBot, videos_path: Path) -> None:
    seen = observations(tab)
    play(tab, qtbot, videos_path / "single_face.mp4")
    assert tab.people.history.tracks == [1]
    labels = [face.expression for o in seen for face in o.faces]
    changes = sum(a is not b for a, b in pairwise(labels))
    assert changes == 1, "neutral, then a smile, without flicker"
    assert part(tab, SummaryPanel).table.summary is not None


@pytest.mark.data
def test_the_real_clip_whose_person_leaves(tab: LiveTab, qtbot: QtBot, videos_path: Path) -> None:
    seen = observations(tab)
    play(tab, qtbot, videos_path / "face_noface.mov")
    assert tab.people.history.tracks == [1]
    rows = tab.people.history.rows(1)
    gone = rows["time"][-1] + rows["seconds"][-1]
    assert gone < seen[-1].time - 1
    assert tab.people.history.at(1, seen[-1].time) is None


@pytest.mark.data
def test_the_real_clip_without_people(tab: LiveTab, qtbot: QtBot, videos_path: Path) -> None:
    play(tab, qtbot, videos_path / "no_face.mp4")
    assert tab.people.history.tracks == []
    assert not part(tab, SummaryPanel).isVisible()
