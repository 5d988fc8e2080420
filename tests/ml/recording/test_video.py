from __future__ import annotations

import shutil
import subprocess
import sys
from contextlib import closing
from itertools import accumulate
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml.recording.errors import RecordingError
from ml.recording.video import SUFFIX, VideoWriter
from ml.vision.sources import SourceError, open_source

Picture = npt.NDArray[np.uint8]

# Writes frames of 25 a second as fast as it can; tells of each.
RECORD = """
import sys
from pathlib import Path
import numpy as np
from ml.recording.video import VideoWriter
rng = np.random.default_rng(0)
writer = VideoWriter(Path(sys.argv[1]), 320, 240)
for n in range(500):
    writer.add(rng.integers(0, 255, (240, 320, 3), np.uint8), n / 25)
    print(n, flush=True)
"""
# As on a full disk: no file may become larger than that.
LIMITED = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (300_000, -1))\n" + RECORD


def _write(path: Path, picture: Picture, times: list[float]) -> None:
    height, width = picture.shape[:2]
    with closing(VideoWriter(path, width, height)) as writer:
        for time in times:
            writer.add(picture, time)


def _times(path: Path) -> list[float]:
    """Of the frames that PyAV decodes."""
    with av.open(str(path)) as container:
        return [float(frame.time) for frame in container.decode(video=0)]


def _pictures(path: Path) -> list[Picture]:
    """The frames that OpenCV decodes."""
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    pictures = []
    while (read := capture.read())[0]:
        pictures.append(read[1])
    capture.release()
    return pictures


def _child(code: str, path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / f"video{SUFFIX}"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(
    start=st.floats(0, 1e5),
    steps=st.lists(st.one_of(st.floats(0.001, 0.1), st.floats(0.1, 100)), max_size=12),
)
def test_each_frame_keeps_its_time(path: Path, start: float, steps: list[float]) -> None:
    times = list(accumulate(steps, initial=start))
    _write(path, np.zeros((16, 16, 3), np.uint8), times)
    assert np.allclose(_times(path), times, rtol=0, atol=0.001)


def test_a_source_tells_the_times_that_were_written(path: Path, portrait: Picture) -> None:
    times = [0.0, 0.033, 0.066, 0.5, 0.512, 3.0, 12.25]
    _write(path, portrait, times)
    with open_source(str(path)) as source:
        frames = list(source)
    assert [frame.time for frame in frames] == pytest.approx(times, abs=0.001)


def test_frames_of_the_same_time_follow_one_another(path: Path, portrait: Picture) -> None:
    _write(path, portrait, [1.0, 1.0, 1.0, 1.0002, 1.5])
    assert _times(path) == pytest.approx([1.0, 1.001, 1.002, 1.003, 1.5])


@pytest.mark.parametrize("size", [(512, 512), (511, 333), (510, 331), (509, 330)])
def test_pictures_are_what_they_were(path: Path, portrait: Picture, size: tuple[int, int]) -> None:
    width, height = size
    picture = np.ascontiguousarray(portrait[:height, :width])
    pictures = [np.ascontiguousarray(np.roll(picture, 3 * n, axis=1)) for n in range(5)]
    with closing(VideoWriter(path, width, height)) as writer:
        for n, each in enumerate(pictures):
            writer.add(each, n / 30)

    for written, read in zip(pictures, _pictures(path), strict=True):
        assert read.shape == written.shape
        assert cv2.PSNR(read, written) > 32
        # Of no other tint.
        assert np.abs(read.mean((0, 1)) - written.mean((0, 1))).max() < 2.5


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (17, 2), (3, 1000)])
def test_tiny_videos(path: Path, size: tuple[int, int]) -> None:
    _write(path, np.full((*size, 3), 200, np.uint8), [0.0, 0.5])
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
    assert [frame.shape for frame in frames] == [(*size, 3)] * 2
    assert np.abs(frames[1].astype(int) - 200).max() < 8


def test_players_are_told_the_colours(path: Path, portrait: Picture) -> None:
    _write(path, portrait, [0.0])
    with av.open(str(path)) as container:
        (frame,) = container.decode(video=0)
    assert frame.colorspace == 5, "BT.601"
    assert frame.color_range == 1, "16 to 235"


def test_closing_twice(path: Path, portrait: Picture) -> None:
    with closing(VideoWriter(path, 512, 512)) as writer:
        writer.add(portrait, 0.0)
        writer.close()
    assert len(_pictures(path)) == 1


def test_one_frame(path: Path, portrait: Picture) -> None:
    _write(path, portrait, [0.0])
    assert len(_pictures(path)) == 1


def test_no_frame(path: Path) -> None:
    VideoWriter(path, 640, 480).close()
    with pytest.raises(SourceError), open_source(str(path)) as source:
        source.read()


@pytest.mark.parametrize("size", [(100, 400), (400, 100), (960, 1280), (37, 41)])
def test_frames_of_another_size_are_fitted_in(path: Path, size: tuple[int, int]) -> None:
    """White all over, the second at the middle of black, its proportions kept."""
    height, width = size
    with closing(VideoWriter(path, 320, 240)) as writer:
        writer.add(np.full((240, 320, 3), 255, np.uint8), 0.0)
        writer.add(np.full((height, width, 3), 255, np.uint8), 0.1)

    first, second = _pictures(path)

    assert first.min() > 200
    assert second.shape == first.shape
    rows, columns = (np.flatnonzero(second.max((axis, 2)) > 128) for axis in (1, 0))
    assert len(columns) / len(rows) == pytest.approx(width / height, rel=0.05)
    assert len(rows) >= 238 or len(columns) >= 318
    assert abs(rows[0] - (239 - rows[-1])) <= 2
    assert abs(columns[0] - (319 - columns[-1])) <= 2


def test_players_can_jump_to_every_second(path: Path, portrait: Picture) -> None:
    _write(path, portrait, [n / 10 for n in range(45)])
    with av.open(str(path)) as container:
        keys = [frame.time for frame in container.decode(video=0) if frame.key_frame]
        assert keys == pytest.approx([0, 1, 2, 3, 4])
        container.seek(3_500_000)
        assert next(container.decode(video=0)).time == pytest.approx(3)


@pytest.mark.parametrize("step", [0.01, 2.5])
def test_all_but_the_last_frame_can_be_read_at_every_moment(
    path: Path, portrait: Picture, step: float
) -> None:
    copy = path.with_name(f"copy{SUFFIX}")
    with closing(VideoWriter(path, 512, 512)) as writer:
        for n in range(12):
            writer.add(portrait, n * step)
            shutil.copy(path, copy)
            if n:
                assert _times(copy) == pytest.approx([m * step for m in range(n)])


def test_a_killed_process_loses_only_the_last_frame(path: Path) -> None:
    with _child(RECORD, path) as child:
        assert child.stdout is not None
        told = [int(child.stdout.readline()) for _ in range(60)]
        child.kill()
    times = _times(path)
    assert times == pytest.approx([n / 25 for n in range(len(times))])
    assert len(times) >= told[-1]
    assert len(_pictures(path)) == len(times)


@pytest.mark.skipif(sys.platform == "win32", reason="has no limit of file sizes")
def test_a_full_disk_ends_the_video_and_spares_what_is_there(path: Path) -> None:
    with _child(LIMITED, path) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        told = [int(line) for line in child.stdout]
        message = child.stderr.read()
    assert f"{path.parent.name}/{path.name} cannot be written: " in message
    assert "what was written before is kept. Record to a disk that takes larger files" in message
    assert 5 < len(told) < 499
    assert 0 <= len(told) - len(_times(path)) <= 1
    assert len(_pictures(path)) == len(_times(path))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux")
def test_a_disk_that_is_full_already(portrait: Picture) -> None:
    writer = VideoWriter(Path("/dev/full"), 512, 512)
    with pytest.raises(RecordingError, match=r"dev/full cannot be written: .*Free some space"):
        writer.add(portrait, 0.0)
    writer.close()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="moved or deleted"):
        VideoWriter(tmp_path / "gone" / "video.webm", 64, 48)


@pytest.mark.skipif(sys.platform == "win32", reason="keeps the folders of open files")
def test_a_folder_that_vanishes(tmp_path: Path, portrait: Picture) -> None:
    folder = tmp_path / "recording"
    folder.mkdir()
    writer = VideoWriter(folder / "video.webm", 512, 512)
    writer.add(portrait, 0.0)
    shutil.rmtree(folder)
    writer.add(portrait, 0.9)
    with pytest.raises(RecordingError, match="moved or deleted"):
        writer.add(portrait, 1.0)
    writer.close()


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "video.webm").mkdir()
    with pytest.raises(RecordingError, match=r"cannot be written: Is a directory"):
        VideoWriter(tmp_path / "video.webm", 64, 48)
