from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ml.recording.about import ABOUT_FILE
from ml.recording.columns import FACES_FILE
from ml.recording.errors import RecordingError
from ml.recording.reader import read_about, read_faces
from tests.ml.recording.made_recordings import ABOUT, record


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return record(tmp_path / "recording")


def test_a_recording_reads_itself(folder: Path) -> None:
    assert read_about(folder).source == ABOUT.source
    rows = list(read_faces(folder))
    assert [row.person for row in rows] == [1, 2] * 9 + [None]
    assert [row.time for row in rows[::2]] == pytest.approx([n / 10 for n in range(10)])


def test_wherever_the_file_was_cut_off_the_rows_before_are_read(folder: Path) -> None:
    whole = (folder / FACES_FILE).read_bytes()
    rows = list(read_faces(folder))
    for size in range(0, len(whole), 37):
        (folder / FACES_FILE).write_bytes(whole[:size])
        complete = max(whole[:size].count(b"\n") - 1, 0)
        assert list(read_faces(folder)) == rows[:complete]


@given(st.binary(max_size=400))
@example(b"\0\n")
@example(b'"\n')
@example(b"a\rb\n")
def test_garbage_is_refused_with_its_place_or_cut_off(garbage: bytes) -> None:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / FACES_FILE
        path.write_bytes(garbage)
        if b"\n" in garbage:
            with pytest.raises(RecordingError, match=r"faces\.csv, line 1, is not of a recording"):
                list(read_faces(path.parent))
        else:
            assert list(read_faces(path.parent)) == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"time,time_utc", b"time_utc,time", r"line 1, .* order"),
        (b"score,", b"", r"line 1, .*score expected"),
        (b"\n0.1000,", b"\n,", r"line 4, .* no time"),
        (b"\n0.1000,", b"\nsoon,", r"line 4, .*soon"),
        (b"\n0.1000,", b"\nnan,", r"line 4, .*not finite"),
        (b"\n0.1000,", b"\n\n0.1000,", r"line 4, .*0 cells instead of"),
        (b"\n0.1000,", b"\n0.1000,,", r"line 4, .*cells instead of"),
        (b"\n0.1000,", b"\n" + b"9" * 100_000, "line 4, is too long"),
        (b"\n0.1000,", b'\n"0.1000\n",', "line 4"),
    ],
)
def test_the_wrong_line_is_named(folder: Path, old: bytes, new: bytes, message: str) -> None:
    path = folder / FACES_FILE
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new, 1))
    with pytest.raises(RecordingError, match=rf"faces\.csv, {message}"):
        list(read_faces(folder))


def test_a_folder_that_is_no_recording_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path, tmp_path / "file", tmp_path / "nowhere"):
        with pytest.raises(RecordingError, match=rf"not a recording: it has no {ABOUT_FILE}"):
            read_about(place)
        with pytest.raises(RecordingError, match=rf"not a recording: it has no {FACES_FILE}"):
            list(read_faces(place))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", r"recording\.json is damaged: it is not JSON"),
        (b'{"schema": 2}', r"recording\.json was written by a newer version.*Update the program"),
        (b" " * (1 << 21), "too long"),
    ],
)
def test_a_damaged_or_newer_recording_is_named(folder: Path, content: bytes, message: str) -> None:
    (folder / ABOUT_FILE).write_bytes(content)
    with pytest.raises(RecordingError, match=message):
        read_about(folder)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(folder: Path) -> None:
    for name in (ABOUT_FILE, FACES_FILE):
        (folder / name).unlink()
        os.mkfifo(folder / name)
    with pytest.raises(RecordingError, match="not a file"):
        read_about(folder)
    with pytest.raises(RecordingError, match="not a file"):
        list(read_faces(folder))
