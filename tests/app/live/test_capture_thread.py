from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

import ml.vision.sources
from app.live import capture_thread
from app.live.capture_thread import CaptureThread, LatestFrame
from ml.vision.analysis import Frame, Turn
from ml.vision.sources import SourceError


class Boxes:
    """What a capture wrote, kept in full."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.frames: list[Frame] = []
        self.display, self.analysis = LatestFrame(), LatestFrame()
        original = LatestFrame.put

        def put(box: LatestFrame, frame: Frame) -> bool:
            if box is self.display:
                self.frames.append(frame)
            return original(box, frame)

        monkeypatch.setattr(LatestFrame, "put", put)

    def capture(self, address: str, *, loop: bool = False) -> CaptureThread:
        return CaptureThread(address, self.display, self.analysis, loop=loop)


@pytest.fixture
def boxes(monkeypatch: pytest.MonkeyPatch) -> Boxes:
    return Boxes(monkeypatch)


class FakeCamera:
    """The one thing a test machine does not have: a camera that can be pulled out."""

    name = "Test camera"
    live = True
    still = False

    def __init__(self, frames: int, level: int = 200) -> None:
        self._left = frames
        self._level = level
        self._opened = time.monotonic()
        self.closed = False

    def read(self) -> Frame | None:
        time.sleep(0.01)
        if not self._left:
            raise SourceError(f"{self.name} stopped sending pictures.")
        self._left -= 1
        image = np.full((48, 64, 3), self._level, np.uint8)
        return Frame(image, 0, time.monotonic() - self._opened)

    def close(self) -> None:
        self.closed = True


def run_until(qtbot: QtBot, thread: CaptureThread, done: Callable[[], bool]) -> None:
    thread.start()
    try:
        qtbot.waitUntil(done, timeout=10_000)
    finally:
        thread.stop()
        assert thread.wait(5000)


def test_a_box_keeps_only_the_latest_frame() -> None:
    box = LatestFrame()
    first, second = (Frame(np.zeros((1, 1, 3), np.uint8), n, n) for n in range(2))
    assert box.put(first)
    assert not box.put(second)
    assert box.take() is second
    assert box.take() is None
    box.put_back(first)
    box.put(second)
    box.put_back(first)
    assert box.take() is second


def test_a_video_plays_at_its_own_speed_and_ends_with_a_message(
    qtbot: QtBot, boxes: Boxes, clip: Path
) -> None:
    thread = boxes.capture(str(clip))
    start = time.monotonic()
    with qtbot.waitSignal(thread.ended, timeout=10_000) as ended, qtbot.waitSignal(thread.finished):
        thread.start()
    assert time.monotonic() - start >= 29 / 30
    assert ended.args == ["clip.avi has ended."]
    assert [frame.index for frame in boxes.frames] == list(range(30))


def test_a_repeated_video_goes_on_in_time(qtbot: QtBot, boxes: Boxes, clip: Path) -> None:
    thread = boxes.capture(str(clip), loop=True)
    run_until(qtbot, thread, lambda: len(boxes.frames) > 35)
    times = [frame.time for frame in boxes.frames]
    steps = np.diff(times)
    assert (steps > 0).all()
    assert steps == pytest.approx(1 / 30, abs=0.005)


def test_stop_does_not_wait_for_the_next_frame_to_be_due(
    qtbot: QtBot, boxes: Boxes, clip: Path
) -> None:
    thread = boxes.capture(str(clip))
    run_until(qtbot, thread, lambda: len(boxes.frames) > 2)
    assert len(boxes.frames) < 30


def test_an_image_stays_until_it_is_stopped(qtbot: QtBot, boxes: Boxes, tmp_path: Path) -> None:
    import cv2

    path = tmp_path / "picture.png"
    cv2.imwrite(str(path), np.full((20, 30, 3), 7, np.uint8))
    thread = boxes.capture(str(path))
    run_until(qtbot, thread, lambda: len(boxes.frames) == 1)
    assert boxes.frames[0].image.shape == (20, 30, 3)


def test_frames_are_turned_from_the_next_one_on_without_opening_anew(
    qtbot: QtBot, boxes: Boxes, clip: Path
) -> None:
    thread = boxes.capture(str(clip), loop=True)
    opened: list[str] = []
    thread.opened.connect(lambda name, _: opened.append(name))

    def both_seen() -> bool:
        if len(boxes.frames) == 5:
            thread.set_turn(Turn.LEFT)
        return len(boxes.frames) > 10

    run_until(qtbot, thread, both_seen)
    assert {frame.image.shape for frame in boxes.frames[:5]} == {(240, 320, 3)}
    assert {frame.image.shape for frame in boxes.frames[7:]} == {(320, 240, 3)}
    assert {frame.turn for frame in boxes.frames[7:]} == {Turn.LEFT}
    assert [frame.index for frame in boxes.frames] == list(range(len(boxes.frames)))
    assert opened == ["clip.avi"]


def test_an_image_that_stays_is_turned_at_once(qtbot: QtBot, boxes: Boxes, tmp_path: Path) -> None:
    import cv2

    path = tmp_path / "picture.png"
    cv2.imwrite(str(path), np.full((20, 30, 3), 7, np.uint8))
    thread = boxes.capture(str(path))
    wanted = [Turn.RIGHT, Turn.OVER, Turn.NONE]

    def all_seen() -> bool:
        if len(boxes.frames) == 4 - len(wanted) and wanted:
            thread.set_turn(wanted.pop(0))
        return len(boxes.frames) == 4

    run_until(qtbot, thread, all_seen)
    assert [frame.turn for frame in boxes.frames] == [0, 90, 180, 0]
    assert [frame.image.shape[:2] for frame in boxes.frames] == [
        (20, 30),
        (30, 20),
        (20, 30),
        (20, 30),
    ]


def test_a_repeated_video_of_one_frame_stays_on_view(
    qtbot: QtBot, boxes: Boxes, tmp_path: Path
) -> None:
    from PIL import Image

    path = tmp_path / "still.gif"
    Image.new("RGB", (32, 24), "red").save(path)
    thread = boxes.capture(str(path), loop=True)
    opened: list[str] = []
    thread.opened.connect(lambda name, _: opened.append(name))
    thread.start()
    qtbot.waitUntil(lambda: len(boxes.frames) == 1, timeout=10_000)
    qtbot.wait(300)
    assert len(opened) == len(boxes.frames) == 1
    thread.stop()
    assert thread.wait(5000)


@pytest.mark.parametrize("content", [b"", b"no video" * 100])
def test_a_file_that_is_no_video_fails_with_its_name(
    qtbot: QtBot, boxes: Boxes, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "holiday.mp4"
    path.write_bytes(content)
    thread = boxes.capture(str(path))
    with qtbot.waitSignal(thread.failed) as failed, qtbot.waitSignal(thread.finished):
        thread.start()
    assert "holiday.mp4" in failed.args[0]


def test_a_camera_that_is_pulled_out_is_used_again_when_it_returns(
    qtbot: QtBot, boxes: Boxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    cameras = [FakeCamera(3), FakeCamera(3)]
    opened = iter([cameras[0], SourceError("not plugged in"), cameras[1]])

    def open_source(_: str) -> FakeCamera:
        camera = next(opened, None) or FakeCamera(1000)
        if isinstance(camera, SourceError):
            raise camera
        return camera

    monkeypatch.setattr(ml.vision.sources, "open_source", open_source)
    monkeypatch.setattr(capture_thread, "_RETRY_SECONDS", 0.05)
    thread = boxes.capture("camera:Test camera")
    losses: list[str] = []
    thread.lost.connect(losses.append)
    run_until(qtbot, thread, lambda: len(boxes.frames) > 8)
    assert len(losses) == 2
    times = [frame.time for frame in boxes.frames]
    assert times == sorted(times), "what waits for a time would wait as long as it had run before"
    assert times[3] - times[2] >= 0.1, "it was away for two attempts to open it"
    assert "resumes as soon as it is back" in losses[0]
    assert all(camera.closed for camera in cameras)


def test_a_camera_that_is_not_there_at_the_start_fails(
    qtbot: QtBot, boxes: Boxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ml.vision.sources.cameras, "list_cameras", list)
    thread = boxes.capture("camera:")
    with qtbot.waitSignal(thread.failed) as failed, qtbot.waitSignal(thread.finished):
        thread.start()
    assert failed.args[0].startswith("No camera was found.")


def test_black_pictures_are_noticed_and_the_notice_withdrawn(
    qtbot: QtBot, boxes: Boxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    camera = FakeCamera(1000, level=3)
    monkeypatch.setattr(ml.vision.sources, "open_source", lambda _: camera)
    monkeypatch.setattr(capture_thread, "_BLACK_SECONDS", 0.1)
    thread = boxes.capture("camera:Test camera")
    notices: list[str] = []
    thread.notice.connect(notices.append)

    def uncover_and_see() -> bool:
        if notices:
            camera._level = 200
        return len(notices) == 2

    run_until(qtbot, thread, uncover_and_see)
    assert "black" in notices[0]
    assert notices[1] == ""
