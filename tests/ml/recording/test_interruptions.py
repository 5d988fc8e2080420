"""Whatever happens while a recording is written, what was flushed is kept and can be read."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ml.recording.about import read_about
from ml.recording.columns import FACES_FILE
from ml.recording.errors import RecordingError
from ml.recording.marker import Marker
from ml.recording.recording import read_recording
from ml.recording.writer import RecordingWriter
from tests.ml.people.faces import person
from tests.ml.recording.made_recordings import ABOUT, BEGAN

_ROOT = Path(__file__).parents[3]
_WINDOWS = sys.platform == "win32"
_RECORDING = """
import sys
from pathlib import Path
from ml.recording.about import read_about
from ml.recording.errors import RecordingError
from ml.recording.recording import read_recording
from ml.recording.writer import RecordingWriter
from tests.ml.people.faces import person
from tests.ml.recording.made_recordings import ABOUT, BEGAN

folder = Path(sys.argv[1]) / "recording"
writer = RecordingWriter(folder, ABOUT)

def add(second):
    for n in range(30):
        index = 30 * second + n
        writer.add(index, index / 30, BEGAN, [person(1), person(2, x=100)], {1: "Anna"})
"""
_ENDLESS = """
second = 0
while True:
    add(second)
    writer.flush()
    second += 1
    print(60 * second, flush=True)
"""
_UNTIL_FULL = """
second = 0
try:
    while True:
        add(second)
        writer.flush()
        second += 1
except RecordingError as error:
    print(error)
writer.close("stopped", 0)
frames = read_recording(folder).faces.frame.tolist()
assert frames == [n // 2 for n in range(len(frames))]
assert 60 * second <= len(frames) < 60 * (second + 1)
assert (folder / "faces.csv").read_bytes().endswith(b"\\n")
assert read_about(folder).source == ABOUT.source
print(sorted(path.name for path in folder.iterdir()))
"""


def add(writer: RecordingWriter, first: int, past: int) -> None:
    for n in range(first, past):
        writer.add(n, n / 30, BEGAN + n / 30, [person(1)], {})


def frames(folder: Path) -> list[int]:
    recording = read_recording(folder)
    assert recording.problems == ()
    found: list[int] = recording.faces.frame.tolist()
    return found


@pytest.mark.parametrize("seconds", [1, 20, 45])
def test_what_was_flushed_survives_a_kill(tmp_path: Path, seconds: int) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", _RECORDING + _ENDLESS, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=_ROOT,
    )
    try:
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(seconds)]
    finally:
        child.send_signal(signal.SIGTERM if _WINDOWS else signal.SIGKILL)
        rest, _ = child.communicate()
    flushed = int([*lines, *rest.splitlines(keepends=True)][-1])
    seen = frames(tmp_path / "recording")
    assert len(seen) >= flushed
    assert seen == [n // 2 for n in range(len(seen))]
    assert read_about(tmp_path / "recording").ended is None


@pytest.mark.skipif(_WINDOWS, reason="limits file sizes as only Unix can")
def test_a_file_that_cannot_grow_keeps_its_whole_rows(tmp_path: Path) -> None:
    import resource

    writer = RecordingWriter(tmp_path / "r", ABOUT)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))

    def record() -> None:
        for n in range(0, 3000, 30):
            add(writer, n, n + 30)
            writer.flush()

    try:
        with pytest.raises(RecordingError, match=r"r/faces\.csv cannot be written: .*is kept"):
            record()
        with pytest.raises(RecordingError, match="has ended"):
            writer.mark(Marker(0.0, None))
        writer.close("stopped", 3)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    content = (tmp_path / "r" / FACES_FILE).read_bytes()
    assert content.endswith(b"\n")
    assert 20_000 - 1000 < len(content) <= 20_000
    assert frames(tmp_path / "r") == list(range(content.count(b"\n") - 1))
    about = read_about(tmp_path / "r")
    assert about.frames_dropped == 3
    assert about.ended is not None
    assert "faces.csv cannot be written" in about.ended
    assert str(tmp_path) not in about.ended


def test_a_full_disk_keeps_whole_rows(tmp_path: Path) -> None:
    mount = 'mount -t tmpfs -o size=128k tmpfs "$1" && '
    private = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
    try:
        subprocess.run([*private, mount + "true", "sh", str(tmp_path)], check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs Linux, and the right to mount a small disk in a namespace")
    command = [*private, mount + 'exec "$2" -c "$3" "$1"', "sh", str(tmp_path), sys.executable]
    done = subprocess.run(
        [*command, _RECORDING + _UNTIL_FULL], cwd=_ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    message, left = done.stdout.splitlines()
    assert "recording/faces.csv cannot be written: No space left on device" in message
    assert "Free some space" in message
    assert left == "['faces.csv', 'markers.csv', 'recording.json']"


@pytest.mark.skipif(_WINDOWS, reason="Windows keeps a folder in which files are open")
@pytest.mark.parametrize("told_by", ["flush", "close"])
def test_a_folder_that_was_deleted_is_told_and_does_not_come_back(
    tmp_path: Path, told_by: str
) -> None:
    writer = RecordingWriter(tmp_path / "r", ABOUT)
    add(writer, 0, 30)
    writer.flush()
    shutil.rmtree(tmp_path / "r")
    add(writer, 30, 60)
    with pytest.raises(RecordingError, match=r"r/faces\.csv cannot be written.*moved or deleted"):
        writer.flush() if told_by == "flush" else writer.close("stopped", 0)
    writer.close("stopped", 0)
    assert not (tmp_path / "r").exists()


@pytest.mark.skipif(_WINDOWS, reason="Windows keeps a folder in which files are open")
def test_a_folder_that_was_moved_keeps_what_was_flushed(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "r", ABOUT)
    add(writer, 0, 30)
    writer.flush()
    (tmp_path / "r").rename(tmp_path / "moved")
    add(writer, 30, 60)
    with pytest.raises(RecordingError, match="moved or deleted"):
        writer.flush()
    writer.close("stopped", 0)
    assert frames(tmp_path / "moved") == list(range(30))
    assert not (tmp_path / "r").exists()


@pytest.fixture
def ordinary_folder() -> Iterator[Path]:
    """As a user who is not root, for whom no folder is read-only."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o777)
        root = os.geteuid() == 0
        if root:
            os.seteuid(65534)  # nobody
        folder = Path(place) / "mine"
        folder.mkdir()
        yield folder
        if root:
            os.seteuid(0)


@pytest.mark.skipif(_WINDOWS, reason="folders on Windows cannot be made read-only this way")
def test_a_folder_that_becomes_read_only_keeps_the_rows(ordinary_folder: Path) -> None:
    folder = ordinary_folder / "r"
    writer = RecordingWriter(folder, ABOUT)
    add(writer, 0, 30)
    writer.flush()
    folder.chmod(0o500)
    try:
        add(writer, 30, 60)
        with pytest.raises(RecordingError, match=r"r/recording\.json cannot be .*Allow writing"):
            writer.close("stopped", 0)
        writer.close("stopped", 0)
        assert frames(folder) == list(range(60))
        assert read_about(folder).ended is None
    finally:
        folder.chmod(0o700)


@pytest.mark.skipif(_WINDOWS, reason="folders on Windows cannot be made read-only this way")
def test_a_recording_cannot_begin_in_a_read_only_folder(ordinary_folder: Path) -> None:
    ordinary_folder.chmod(0o555)
    with pytest.raises(RecordingError, match=r"cannot be created: Permission denied\. Choose"):
        RecordingWriter(ordinary_folder / "r", ABOUT)
