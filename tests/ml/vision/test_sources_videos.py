from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from ml.vision.sources import open_source
from tests.ml.vision.source_files import frames_of, refusal, write_video


@pytest.mark.parametrize("rate", [10, 25, 30, 60])
@pytest.mark.parametrize(("name", "codec"), [("v.avi", "MJPG"), ("v.mp4", "mp4v")])
def test_video(tmp_path: Path, rate: int, name: str, codec: str) -> None:
    frames = frames_of(write_video(tmp_path / name, rate, 20, codec))

    assert [frame.index for frame in frames] == list(range(20))
    np.testing.assert_allclose([frame.time for frame in frames], np.arange(20) / rate, atol=2e-3)
    for n, frame in enumerate(frames):
        assert frame.image.shape == (48, 64, 3)
        assert frame.image.dtype == np.uint8
        assert frame.image.flags.c_contiguous
        assert abs(int(frame.image.mean()) - 5 * n) < 6


def test_a_video_stays_at_its_end(tmp_path: Path) -> None:
    with open_source(str(write_video(tmp_path / "v.avi", 25, 3))) as source:
        assert not source.live
        assert not source.still
        assert source.name == "v.avi"
        while source.read():
            pass
        assert source.read() is None


def test_frames_are_not_overwritten(tmp_path: Path) -> None:
    """The window paints a frame while the next ones are read."""
    frames = frames_of(write_video(tmp_path / "v.avi", 25, 10))
    assert len({frame.image.tobytes() for frame in frames}) == 10


class _Liar:
    """A video of ten frames a second that tells other times than it has."""

    told: tuple[float, ...] = ()

    def __init__(self, *_: object) -> None:
        self.number = -1

    def isOpened(self) -> bool:
        return True

    def read(self) -> tuple[bool, object]:
        self.number += 1
        return self.number < len(self.told), np.zeros((4, 4, 3), np.uint8)

    def get(self, what: int) -> float:
        return 10.0 if what == cv2.CAP_PROP_FPS else self.told[self.number] * 1000

    def release(self) -> None:
        pass


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ((0.0, 0.1, 0.15, 0.5), (0.0, 0.1, 0.15, 0.5)),
        ((0.0, 0.0, 0.0, 0.0), (0.0, 0.1, 0.2, 0.3)),
        ((0.0, 0.1, 5.0, 5.1), (0.0, 0.1, 5.0, 5.1)),  # paused
        ((0.0, 4.0, 8.0, 12.0), (0.0, 4.0, 8.0, 12.0)),
        ((0.0, 1e9, 1e9 + 0.1, 1e9 + 0.3), (0.0, 0.1, 0.2, 0.4)),
        ((5.0, 4.0, -1.0, float("nan")), None),
        ((0.0, 1e9, 0.2, float("inf")), None),
    ],
)
def test_time_never_runs_backwards(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    told: tuple[float, ...],
    expected: tuple[float, ...] | None,
) -> None:
    (tmp_path / "v.avi").write_bytes(b"RIFF\0")
    monkeypatch.setattr(_Liar, "told", told)
    monkeypatch.setattr(cv2, "VideoCapture", _Liar)

    times = [frame.time for frame in frames_of(tmp_path / "v.avi")]

    assert len(times) == 4
    assert times[0] >= 0
    assert all(0 < after - before < 60 for before, after in pairwise(times))
    if expected is not None:
        np.testing.assert_allclose(times, expected, atol=2e-3)


# What bad input gets


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_mp4_cut_short(tmp_path: Path, share: float) -> None:
    """Its index stands at its end: nothing of it can be read."""
    path = write_video(tmp_path / "v.mp4", 25, 30, "mp4v")
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    assert "v.mp4 cannot be read as a video" in refusal(path)


def test_avi_cut_short(tmp_path: Path) -> None:
    """It is read as far as it goes, in order."""
    path = write_video(tmp_path / "v.avi", 25, 30)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * 0.8)])
    frames = frames_of(path)
    assert 0 < len(frames) <= 30
    path.write_bytes(content[: int(len(content) * 0.01)])
    assert "v.avi" in refusal(path)


def test_video_without_frames(tmp_path: Path) -> None:
    path = write_video(tmp_path / "v.avi", 25, 0)
    assert "v.avi" in refusal(path)


# Real clips


@pytest.mark.data
@pytest.mark.parametrize("name", ["single_face.mp4", "face_noface.mov", "no_face.mp4"])
def test_real_clips(videos_path: Path, name: str) -> None:
    frames = frames_of(videos_path / name)
    steps = np.diff([frame.time for frame in frames])
    assert len(frames) > 24
    assert frames[0].time < 0.1
    assert (steps > 0).all()
    assert steps.max() < 0.2
