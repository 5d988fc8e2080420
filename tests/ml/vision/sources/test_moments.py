from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from av.container import InputContainer
from av.video.stream import VideoStream

from ml.vision.sources import SourceError
from ml.vision.sources.decoding import pictures
from ml.vision.sources.moments import Moments
from tests.ml.vision.sources.files import Picture, encode, frames_of

RATE = 25


def numbered(count: int) -> list[Picture]:
    """Frames that are told apart: bright at another place each."""
    images = [np.full((48, 64, 3), 20, np.uint8) for _ in range(count)]
    for n, image in enumerate(images):
        image[8 * (n // 8 % 6) : 8 * (n // 8 % 6) + 8, 8 * (n % 8) : 8 * (n % 8) + 8] = 230
    return images


def assert_found(path: Path) -> None:
    """Each frame that a source reads is found at the time which that tells."""
    frames = frames_of(path)
    assert len(frames) > 1
    order = list(range(len(frames)))
    random.Random(0).shuffle(order)
    with closing(Moments(path)) as moments:
        for n in order:
            image = moments.at(round(frames[n].time, 4))
            assert image is not None, f"frame {n}"
            assert np.array_equal(image, frames[n].image), f"frame {n}"


@pytest.fixture
def not_read_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames must be found by seeking."""
    monkeypatch.setattr("ml.vision.sources.moments.open_file", None)


@pytest.mark.usefixtures("not_read_whole")
@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("a.mp4", "libx264", {"g": "12", "bf": "3"}),
        ("open groups.mkv", "libx264", {"g": "9", "bf": "3", "x264-params": "open-gop=1"}),
        ("one key frame 50 %d.mp4", "libx264", {"g": "999"}),
        ("a.ts", "libx264", {"g": "12", "bf": "2"}),
        ("a.mpg", "mpeg2video", {"g": "12", "bf": "2"}),
        ("a.avi", "mpeg4", {"g": "12"}),
        ("a.webm", "libvpx-vp9", {"g": "10", "deadline": "realtime", "cpu-used": "8"}),
    ],
)  # fmt: skip
def test_each_frame_is_found_in_any_order(
    tmp_path: Path, name: str, codec: str, options: dict[str, str]
) -> None:
    assert_found(encode(tmp_path / name, numbered(45), codec, **options))


def test_a_video_that_does_not_tell_times(tmp_path: Path) -> None:
    assert_found(encode(tmp_path / "a.h264", numbered(20), g="12", bf="2"))


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
@pytest.mark.parametrize(
    "times",
    [
        [0.0, 0.04, 0.08, 0.5, 0.9, 1.0, 1.3, 2.5, 2.51, 7.0, 7.03],
        [3.0, 3.04, 3.08, 3.5, 8.0],
        [0.0, 0.04, 0.08, 100.0, 100.04, 100.08, 100.12],  # as a VideoSource tells it: 0.12 …
    ],
    ids=["variable", "does not begin at 0", "paused"],
)
def test_times_are_those_of_a_source(tmp_path: Path, times: Sequence[float], suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    assert_found(encode(path, numbered(len(times)), times=times, g="3"))


def test_times_after_a_pause_are_not_taken_for_others(tmp_path: Path) -> None:
    times = [0.0, 1.0, 2.0, *(100.0 + n for n in range(110))]
    path = encode(tmp_path / "a.mp4", numbered(48) * 2 + numbered(17), times=times, g="8")
    frames = frames_of(path)
    told = [round(frame.time, 4) for frame in frames]
    assert set(times[3:]) & set(told), "a frame after the pause has the time of another"
    with closing(Moments(path)) as moments:
        for n in (3, 104, 112):
            image = moments.at(told[n])
            assert image is not None
            assert np.array_equal(image, frames[n].image), f"frame {n}"


def test_only_what_is_needed_is_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[float] = []

    def counted(
        container: InputContainer, stream: VideoStream, stamp: Callable[[float], float | None]
    ) -> Iterator[tuple[Picture, float]]:
        return pictures(container, stream, lambda told: decoded.append(told) or stamp(told))

    monkeypatch.setattr("ml.vision.sources.moments.pictures", counted)
    path = encode(tmp_path / "a.mkv", numbered(48) * 5, "mpeg4", g="30")
    with closing(Moments(path)) as moments:
        decoded.clear()
        assert moments.at(200 / RATE) is not None
        assert min(decoded) >= 180 / RATE - 1e-6, "from the key frame before"
        decoded.clear()
        for n in range(201, 220):
            assert moments.at(n / RATE) is not None
        assert len(decoded) == 19, "each once"
        decoded.clear()
        assert moments.at(20 / RATE) is not None
        assert moments.at(150 / RATE) is not None
        assert len(decoded) < 60, "what lies between is not decoded"


@pytest.mark.usefixtures("not_read_whole")
@pytest.mark.parametrize(
    "display", [{"degrees": 90}, {"degrees": 180}, {"degrees": -90, "hflip": True}], ids=str
)
def test_frames_are_upright(tmp_path: Path, display: dict[str, Any]) -> None:
    assert_found(encode(tmp_path / "a.mp4", numbered(15), display=display, g="5"))


def test_what_is_read_to_the_end_goes_back(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.h264", numbered(10))
    times = [frame.time for frame in frames_of(path)]
    with closing(Moments(path)) as moments:
        assert moments.at(times[-1] + 1) is None
        assert moments.at(times[0]) is not None


def test_there_is_nothing_between_frames_and_after_the_end(tmp_path: Path) -> None:
    with closing(Moments(encode(tmp_path / "a.mp4", numbered(10)))) as moments:
        assert moments.at(0.5 / RATE) is None
        assert moments.at(100.0) is None
        assert moments.at(3 / RATE) is not None


def test_a_video_that_breaks_off_has_the_frames_before(tmp_path: Path) -> None:
    whole = encode(tmp_path / "whole.mkv", numbered(45), g="12")
    content = whole.read_bytes()
    path = tmp_path / "cut.mkv"
    path.write_bytes(content[: len(content) * 2 // 3])
    assert_found(path)
    with closing(Moments(path)) as moments:
        assert moments.at(44 / RATE) is None


def test_reading_all_is_given_up(tmp_path: Path) -> None:
    path = encode(tmp_path / "a.h264", numbered(10))
    with closing(Moments(path, give_up=lambda: True)) as moments:
        assert moments.at(frames_of(path)[5].time) is None


@pytest.mark.parametrize("content", [b"", b"not a video", b"#EXTM3U\nhttp://127.0.0.1:1/x.ts\n"])
def test_what_is_no_video_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    with closing(Moments(path)) as moments, pytest.raises(SourceError, match=r"a\.mp4"):
        moments.at(0.0)


def test_a_file_that_is_gone_is_told(tmp_path: Path) -> None:
    with (
        closing(Moments(tmp_path / "a.mp4")) as moments,
        pytest.raises(SourceError, match="no file"),
    ):
        moments.at(0.0)


@pytest.mark.data
@pytest.mark.usefixtures("not_read_whole")
@pytest.mark.parametrize("name", ["face_noface.mov", "single_face.mp4"])
def test_frames_of_real_videos(videos_path: Path, name: str) -> None:
    frames = frames_of(videos_path / name)[::7]
    random.Random(1).shuffle(frames)
    with closing(Moments(videos_path / name)) as moments:
        for frame in frames:
            image = moments.at(round(frame.time, 4))
            assert image is not None
            assert np.array_equal(image, frame.image)
