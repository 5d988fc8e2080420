from __future__ import annotations

import threading
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.recordings.tab import RecordingsTab
from app.recordings.viewer.frame_reader import FrameReader
from ml.recording.corrections import Corrections, write_corrections
from tests.app.recordings.conftest import Record
from tests.app.recordings.viewer.steps import an_hour, brightness, opened, wheel


def test_damaged_data_are_told_and_shown_as_far_as_they_go(
    tab: RecordingsTab, record: Record, qtbot: QtBot
) -> None:
    folder = record("r")
    lines = (folder / "faces.csv").read_text().splitlines(keepends=True)
    (folder / "faces.csv").write_text("".join(lines[:41]) + "broken\n" + "".join(lines[41:]))
    viewer = opened(tab, qtbot, folder)
    assert "faces.csv, line 42" in tab.message.text()
    assert viewer.clock.end == pytest.approx(2.0)


def test_it_opens_at_a_moment_with_a_person(
    tab: RecordingsTab, record: Record, qtbot: QtBot
) -> None:
    folder = record("r", "plain")
    tab.open(folder, 2.5, 2)
    qtbot.waitUntil(tab.viewer.body.isEnabled, timeout=30_000)
    viewer = tab.viewer
    assert viewer.clock.time == 2.5
    assert viewer.course.plot.section.moment == 2.5
    assert viewer.shown.person == viewer.course.plot.section.chosen == 2
    assert [mark.track for mark in viewer.stage.marks if mark.chosen] == [2]
    # The frame of that time, not the first: as bright as its number says.
    qtbot.waitUntil(lambda: abs(brightness(viewer) - 6 * 25) < 6)


def test_a_moment_and_a_person_that_are_not_in_it(
    tab: RecordingsTab, record: Record, qtbot: QtBot
) -> None:
    tab.open(record("r"), 1e9, 77)
    qtbot.waitUntil(tab.viewer.body.isEnabled, timeout=30_000)
    assert tab.viewer.clock.time == tab.viewer.clock.end == pytest.approx(4.0)
    assert tab.viewer.shown.person in (1, 2)


def test_a_person_who_was_merged_is_found(tab: RecordingsTab, record: Record, qtbot: QtBot) -> None:
    folder = record("r")
    write_corrections(folder, Corrections(merged={2: 1}))
    tab.open(folder, 1.0, 2)
    qtbot.waitUntil(tab.viewer.body.isEnabled, timeout=30_000)
    assert tab.viewer.shown.person == 1


def test_what_is_no_recording_leads_back_to_the_list(
    tab: RecordingsTab, qtbot: QtBot, tmp_path: Path
) -> None:
    tab.open(tmp_path / "nothing")
    qtbot.waitUntil(lambda: "is not a recording" in tab.message.text(), timeout=30_000)
    assert tab.list.isVisible()


def test_the_video_can_be_replayed(tab: RecordingsTab, record: Record, qtbot: QtBot) -> None:
    folder = record("r", "plain")
    viewer = opened(tab, qtbot, folder)
    with qtbot.waitSignal(tab.replay_requested) as asked:
        viewer.replay.click()
    assert asked.args == [folder / "video.webm"]


def test_two_are_compared_over_the_same_time(
    tab: RecordingsTab, record: Record, qtbot: QtBot
) -> None:
    record("long", seconds=6.0)
    record("short", seconds=3.0)
    tab.list.compare_requested.emit(tab.list.folder / "long", tab.list.folder / "short")
    first, second = tab.comparison.sides
    qtbot.waitUntil(
        lambda: second.shown.corrected is not None and second.isEnabled(), timeout=30_000
    )
    assert first.course.plot.section.span == second.course.plot.section.span == pytest.approx(6.0)
    assert first.table.summary.seconds == pytest.approx(6.0)  # type: ignore[union-attr]
    assert second.table.summary.seconds == pytest.approx(3.0)  # type: ignore[union-attr]
    first.course.plot.set_span(2.0)
    first.course.plot.scroll_to(2.5)
    assert second.course.plot.section.span == 2.0
    assert second.course.plot.section.end == pytest.approx(2.5)


def test_one_can_go_back_while_a_recording_is_opened(
    tab: RecordingsTab, record: Record, qtbot: QtBot, tmp_path: Path
) -> None:
    may_go_on = threading.Event()
    tab._background.do(may_go_on.wait, lambda *_: None)  # as a slow disk
    tab.open(tmp_path / "nothing")
    tab.viewer.back.click()
    assert tab.list.isVisible()
    may_go_on.set()
    opened(tab, qtbot, record("r"))
    assert tab.viewer.isVisible()
    assert tab.message.text() == "", "the other one matters no more"


def test_comparing_what_is_no_recording_does_not_disturb_later(
    tab: RecordingsTab, record: Record, qtbot: QtBot, tmp_path: Path
) -> None:
    may_go_on = threading.Event()
    tab._background.do(may_go_on.wait, lambda *_: None)
    tab.list.compare_requested.emit(tmp_path / "nothing", tmp_path / "neither")
    tab.comparison.back.click()
    may_go_on.set()
    opened(tab, qtbot, record("r"))
    assert tab.viewer.isVisible()
    assert tab.message.text() == ""


def test_damage_is_told_when_comparing(tab: RecordingsTab, record: Record, qtbot: QtBot) -> None:
    good, bad = record("good"), record("bad")
    with (bad / "faces.csv").open("a") as file:
        file.write("broken\n")
    tab.list.compare_requested.emit(good, bad)
    qtbot.waitUntil(lambda: "bad: faces.csv, line" in tab.message.text(), timeout=30_000)
    assert tab.comparison.isVisible()


def test_the_video_is_let_go_when_going_back(
    tab: RecordingsTab, record: Record, qtbot: QtBot
) -> None:
    viewer = opened(tab, qtbot, record("r", "plain"))
    qtbot.waitUntil(lambda: viewer.stage.image is not None)
    viewer.back.click()
    qtbot.waitUntil(lambda: not viewer.player.findChildren(FrameReader))


def test_an_hour_is_shown_whole_and_in_parts(
    tab: RecordingsTab, record: Record, qtbot: QtBot
) -> None:
    viewer = opened(tab, qtbot, an_hour(record("r")))
    plot = viewer.course.plot
    assert plot.section.span == plot.widest == pytest.approx(3600)
    spans = [viewer.course.span.itemData(n) for n in range(viewer.course.span.count())]
    assert spans[-2:] == [1200, 2400]
    viewer.clock.go_to(3599.0)
    assert {mark.track for mark in viewer.stage.marks} == {1, 2}
    for wanted in (2400, 1200, 600):
        wheel(plot, 1)
        assert plot.section.span == wanted
        assert plot.section.start <= 3599 <= plot.section.end
    for _ in range(4):
        wheel(plot, -1)
    assert plot.section.span == plot.widest
