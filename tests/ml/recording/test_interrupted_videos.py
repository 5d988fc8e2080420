"""Whatever happens while a recording with video is written, both are kept and agree."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from ml.recording.about import read_about
from ml.recording.errors import RecordingError
from ml.recording.recording import read_recording
from ml.recording.writer import RecordingWriter
from tests.ml.people.faces import person
from tests.ml.recording.made_recordings import ABOUT, BEGAN

_ROOT = Path(__file__).parents[3]
_WINDOWS = sys.platform == "win32"
_RECORDING = """
import sys
from pathlib import Path
import numpy as np
from ml.recording.errors import RecordingError
from ml.recording.writer import RecordingWriter
from tests.ml.people.faces import person
from tests.ml.recording.made_recordings import ABOUT, BEGAN

folder = Path(sys.argv[1]) / "recording"
writer = RecordingWriter(folder, ABOUT, "plain")
noise = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)
second = 0
try:
    while True:
        for n in range(30):
            index = 30 * second + n
            writer.add(index, index / 30, BEGAN, [person(1)], {}, np.roll(noise, index, axis=1))
        writer.flush()
        second += 1
        print(30 * second, flush=True)
except RecordingError as error:
    print(error)
writer.close("stopped")
"""
_LIMIT = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (400_000, -1))\n"


def filmed(folder: Path) -> list[float]:
    with av.open(str(folder / "video.webm")) as video:
        return [float(frame.time or 0) for frame in video.decode(video=0)]


def add(writer: RecordingWriter, first: int, past: int) -> None:
    for n in range(first, past):
        picture = np.full((48, 64, 3), n % 250, np.uint8)
        writer.add(n, n / 30, BEGAN + n / 30, [person(1)], {}, picture)


def test_a_kill_loses_less_than_a_second_of_either(tmp_path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", _RECORDING, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=_ROOT,
    )
    try:
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(5)]
    finally:
        child.send_signal(signal.SIGTERM if _WINDOWS else signal.SIGKILL)
        rest, _ = child.communicate()
    flushed = int([*lines, *rest.splitlines(keepends=True)][-1])
    times = read_recording(tmp_path / "recording").faces.time
    video = filmed(tmp_path / "recording")
    assert len(times) >= flushed
    assert len(video) >= flushed - 1, "the last frame may be missing"
    both = min(len(times), len(video))
    assert video[:both] == pytest.approx(times[:both], abs=0.001)


@pytest.mark.skipif(_WINDOWS, reason="limits file sizes as only Unix can")
def test_a_full_disk_keeps_what_was_written(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _LIMIT + _RECORDING, str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=_ROOT,
    )
    assert done.returncode == 0, done.stderr
    *flushed, message = done.stdout.splitlines()
    assert "recording/video.webm cannot be written" in message
    assert "what was written before is kept" in message
    folder = tmp_path / "recording"
    times, video = read_recording(folder).faces.time, filmed(folder)
    assert len(video) > 30
    assert len(times) >= int(flushed[-1])
    assert 0 <= len(times) - len(video) <= 3, "the rows of frames that did not fit are there"
    assert video == pytest.approx(times[: len(video)], abs=0.001)
    assert "video.webm cannot be written" in (read_about(folder).ended or "")


@pytest.mark.skipif(_WINDOWS, reason="Windows keeps a folder in which files are open")
def test_a_folder_that_was_deleted_is_told(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "r", ABOUT, "plain")
    add(writer, 0, 30)
    writer.flush()
    shutil.rmtree(tmp_path / "r")
    with pytest.raises(RecordingError, match="moved or deleted"):
        add(writer, 30, 90)
    writer.close("stopped")
    assert not (tmp_path / "r").exists()


def test_a_video_that_cannot_begin_ends_the_recording(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "r", ABOUT, "plain")
    (tmp_path / "r" / "video.webm").mkdir()
    with pytest.raises(RecordingError, match=r"r/video\.webm cannot be written"):
        add(writer, 0, 1)
    with pytest.raises(RecordingError, match="has ended"):
        add(writer, 1, 2)
    writer.close("stopped")
    assert len(read_recording(tmp_path / "r").faces) == 1, "the row of that frame is kept"
    assert read_about(tmp_path / "r").video is None


def test_a_frame_that_is_analysed_again_is_in_the_video_once(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "r", ABOUT, "plain")
    add(writer, 0, 2)
    add(writer, 1, 3)
    writer.close("stopped")
    assert filmed(tmp_path / "r") == pytest.approx([0, 1 / 30, 2 / 30], abs=0.001)
    assert len(read_recording(tmp_path / "r").faces) == 4
