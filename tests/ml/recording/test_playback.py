from __future__ import annotations

import os
from bisect import bisect_right
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml.recording.errors import RecordingError
from ml.recording.playback import VideoReader
from ml.recording.video import VideoWriter

TIMES = [0.0, 0.04, 0.08, 0.5, 0.9, 1.0, 1.3, 2.5, 2.51, 7.0, 7.03]
"""Of frames at a variable rate, with a pause."""


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Each frame is as bright as its number says."""
    path = tmp_path_factory.mktemp("video") / "video.webm"
    with closing(VideoWriter(path, 64, 48)) as writer:
        for n, time in enumerate(TIMES):
            writer.add(np.full((48, 64, 3), 20 * n, np.uint8), time)
    return path


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(asked=st.lists(st.floats(-1, 9), min_size=1, max_size=12))
def test_at_any_time_the_frame_is_the_last_that_is_not_later(
    video: Path, asked: list[float]
) -> None:
    with closing(VideoReader(video)) as reader:
        for time in asked:
            picture = reader.at(time)
            expected = max(bisect_right(TIMES, time) - 1, 0)
            assert picture.time == pytest.approx(TIMES[expected], abs=1e-3)
            assert abs(float(picture.image.mean()) - 20 * expected) < 8


def test_just_before_a_key_frame_it_is_the_one_before(video: Path) -> None:
    with closing(VideoReader(video)) as reader:
        assert [reader.at(time).time for time in (1.0, 0.99999)] == pytest.approx([1.0, 0.9])


def test_a_video_that_breaks_off_is_shown_as_far_as_it_goes(video: Path, tmp_path: Path) -> None:
    content = video.read_bytes()
    cut = tmp_path / "cut.webm"
    cut.write_bytes(content[: len(content) * 2 // 3])
    with closing(VideoReader(cut)) as reader:
        assert reader.at(0.0).time == 0
        assert 0 < reader.at(9.0).time < 7.03


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a video",
        b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:1/x.ts\n",
        b"\x1a\x45\xdf\xa3" + bytes(200),
    ],
)
def test_what_is_no_video_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "video.webm"
    path.write_bytes(content)
    with pytest.raises(RecordingError, match=r"video\.webm .*data can be looked at"):
        VideoReader(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no such files")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "video.webm")
    with pytest.raises(RecordingError, match="is not a file"):
        VideoReader(tmp_path / "video.webm")


def test_a_video_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="cannot be read: No such file"):
        VideoReader(tmp_path / "video.webm")
