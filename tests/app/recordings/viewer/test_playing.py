from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect, QSize, Qt
from pytestqt.qtbot import QtBot

from app.recordings.tab import RecordingsTab
from ml.recording.faces import PictureFile
from ml.recording.sizes import SIZE_OF_PICTURES
from ml.recording.writer import RecordingWriter
from tests.app.recordings.conftest import Record
from tests.app.recordings.viewer.steps import brightness, key, opened
from tests.ml.people.faces import person
from tests.ml.recording.made_recordings import ABOUT


def test_the_frame_of_the_time_is_shown_with_its_faces(
    tab: RecordingsTab, record: Record, qtbot: QtBot
) -> None:
    viewer = opened(tab, qtbot, record("r", "plain"))
    qtbot.waitUntil(lambda: abs(brightness(viewer) - 0) < 5)
    viewer.clock.go_to(2.34)
    qtbot.waitUntil(lambda: abs(brightness(viewer) - 6 * 23) < 8)
    marks = {mark.track: mark.text for mark in viewer.stage.marks}
    assert marks[1].startswith("Sad")
    assert marks[2].startswith("Neutral")
    viewer.clock.go_to(1.0)
    qtbot.waitUntil(lambda: abs(brightness(viewer) - 6 * 10) < 8)
    assert next(m for m in viewer.stage.marks if m.track == 1).text.startswith("Happy")


def test_without_video_the_boxes_are_on_an_empty_picture(
    tab: RecordingsTab, record: Record, qtbot: QtBot
) -> None:
    viewer = opened(tab, qtbot, record("r"))
    assert viewer.stage.image is None
    assert "without video" in viewer.stage.hint
    assert len(viewer.stage.marks) == 2
    assert not viewer.replay.isVisible()


def test_it_plays_to_the_end_and_again(tab: RecordingsTab, record: Record, qtbot: QtBot) -> None:
    viewer = opened(tab, qtbot, record("r", "plain", 1.0))
    viewer.clock.speed = 4.0
    key(viewer, qtbot, Qt.Key.Key_Space)
    assert viewer.clock.running
    qtbot.waitUntil(lambda: not viewer.clock.running, timeout=30_000)
    assert viewer.clock.time == viewer.clock.end == pytest.approx(1.0)
    qtbot.waitUntil(lambda: abs(brightness(viewer) - 6 * 9) < 8)
    key(viewer, qtbot, Qt.Key.Key_Space)
    assert viewer.clock.running
    assert viewer.clock.time < 0.5
    key(viewer, qtbot, Qt.Key.Key_Space)
    assert not viewer.clock.running


def test_steps_are_frames_and_jumps_are_markers(
    tab: RecordingsTab, record: Record, qtbot: QtBot
) -> None:
    viewer = opened(tab, qtbot, record("r", "plain"))
    for expected in (0.1, 0.2, 0.3):
        key(viewer, qtbot, Qt.Key.Key_Right)
        assert viewer.clock.time == pytest.approx(expected)
    key(viewer, qtbot, Qt.Key.Key_Comma)
    assert viewer.clock.time == pytest.approx(0.2)
    key(viewer, qtbot, Qt.Key.Key_PageDown)
    assert viewer.clock.time == pytest.approx(0.5)
    key(viewer, qtbot, Qt.Key.Key_PageDown)
    assert viewer.clock.time == pytest.approx(1.0)
    key(viewer, qtbot, Qt.Key.Key_PageUp)
    assert viewer.clock.time == pytest.approx(0.5)
    key(viewer, qtbot, Qt.Key.Key_End)
    assert viewer.clock.time == pytest.approx(4.0)
    key(viewer, qtbot, Qt.Key.Key_Left)
    assert viewer.clock.time == pytest.approx(3.9)
    key(viewer, qtbot, Qt.Key.Key_Home)
    assert viewer.clock.time == 0


def test_a_click_on_the_bar_goes_there(tab: RecordingsTab, record: Record, qtbot: QtBot) -> None:
    viewer = opened(tab, qtbot, record("r"))
    bar = viewer.transport.bar
    qtbot.mouseClick(bar, Qt.MouseButton.LeftButton, pos=bar.rect().center())
    assert viewer.clock.time == pytest.approx(2.0, abs=0.1)
    assert viewer.course.plot.section.moment == viewer.clock.time


def test_frames_that_follow_each_other_have_different_times_on_the_screen(
    tab: RecordingsTab, record: Record, qtbot: QtBot
) -> None:
    viewer = opened(tab, qtbot, record("r"))
    assert viewer.transport.time.text() == "0:00.000 / 0:04.000"
    viewer.clock.go_to(1.2345)
    assert viewer.transport.time.text() == "0:01.234 / 0:04.000"


def test_a_damaged_video_leaves_the_data(tab: RecordingsTab, record: Record, qtbot: QtBot) -> None:
    folder = record("r", "plain")
    (folder / "video.webm").write_bytes(b"nothing")
    viewer = opened(tab, qtbot, folder)
    qtbot.waitUntil(lambda: "cannot be read" in tab.message.text(), timeout=30_000)
    assert len(viewer.stage.marks) == 2


@pytest.mark.parametrize(("kind", "drawn"), [("plain", True), ("annotated", False)])
def test_faces_are_drawn_once_and_if_wanted(
    tab: RecordingsTab, record: Record, qtbot: QtBot, kind: str, *, drawn: bool
) -> None:
    viewer = opened(tab, qtbot, record("r", kind))
    qtbot.waitUntil(lambda: viewer.stage.image is not None)
    viewer.clock.go_to(1.0)
    face = viewer.stage.marks[0].box.topLeft().toPoint()
    faces_of = {}
    for _ in range(2):
        around = viewer.stage.grab(QRect(face - QPoint(4, 4), QSize(9, 9))).toImage()
        colours = {around.pixel(x, y) for x in range(9) for y in range(9)}
        faces_of[viewer.faces.isChecked()] = len(colours) > 1
        key(viewer, qtbot, Qt.Key.Key_F)
    assert viewer.faces.isChecked() is drawn
    assert faces_of == {True: True, False: False}
    qtbot.mouseClick(
        viewer.stage, Qt.MouseButton.LeftButton, pos=viewer.stage.marks[1].box.center().toPoint()
    )
    assert viewer.shown.person == viewer.stage.marks[1].track


def test_what_has_the_focus_keeps_its_keys(
    tab: RecordingsTab, record: Record, qtbot: QtBot
) -> None:
    viewer = opened(tab, qtbot, record("r"))
    viewer.edits.edit(names={1: "Ben"})
    viewer.undo.setFocus()
    qtbot.keyClick(viewer.undo, Qt.Key.Key_Space)
    assert not viewer.clock.running
    assert not viewer.edits.can_undo
    tabs = viewer.panel.tabBar()
    tabs.setFocus()
    qtbot.keyClick(tabs, Qt.Key.Key_Right)
    assert viewer.panel.currentWidget() is viewer.summary
    assert viewer.clock.time == 0
    viewer.course.plot.setFocus()
    qtbot.keyClick(viewer.course.plot, Qt.Key.Key_Escape)
    assert viewer.course.plot.section.moment == viewer.clock.time
    qtbot.keyClick(viewer.course.plot, Qt.Key.Key_Space)
    assert viewer.clock.running


def test_space_plays_after_a_click_on_a_button(
    tab: RecordingsTab, record: Record, qtbot: QtBot
) -> None:
    viewer = opened(tab, qtbot, record("r"))
    viewer.panel.setCurrentWidget(viewer.markers)
    qtbot.mouseClick(viewer.markers.begin, Qt.MouseButton.LeftButton)
    focus = viewer.focusWidget()
    assert focus is not None
    qtbot.keyClick(focus, Qt.Key.Key_Space)
    assert viewer.clock.running


def test_pictures_are_shown_with_their_names_and_boxes_where_they_are(
    tab: RecordingsTab, recordings: Path, qtbot: QtBot
) -> None:
    folder = recordings / "holiday (pictures)"
    writer = RecordingWriter(folder, ABOUT, "plain", of_pictures=True, video_size=SIZE_OF_PICTURES)
    # Each is half as wide as the video, and its face fills it.
    for n, (width, height) in enumerate([(640, 960), (1280, 1920)]):
        face = replace(person(1).face, x=0.0, y=0.0, width=float(width), height=float(height))
        image = np.full((height, width, 3), 200, np.uint8)
        file = PictureFile(f"{n}.jpg", "", 0, width, height)
        writer.add(n, float(n), 0.0, [replace(person(1), face=face)], {}, image, file)
    writer.close("done", problems={"2.jpg": "2.jpg is empty."})
    viewer = opened(tab, qtbot, folder)
    qtbot.waitUntil(lambda: viewer.stage.image is not None)
    assert "2 pictures" in viewer.title.text()
    assert "2.jpg is empty" in tab.message.text()
    for n in range(2):
        viewer.clock.go_to(float(n))
        qtbot.waitUntil(lambda n=n: viewer.stage.hint == f"{n}.jpg")
        (mark,) = viewer.stage.marks
        picture = viewer.stage.picture_rect
        assert mark.box.width() == pytest.approx(picture.width() / 2, rel=0.01)
        assert mark.box.height() == pytest.approx(picture.height(), rel=0.01)
        assert mark.box.center().x() == pytest.approx(picture.center().x(), abs=1)
