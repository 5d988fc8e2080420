from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from ml.recording.about import ABOUT_FILE
from ml.recording.columns import FACES_FILE
from ml.recording.errors import RecordingError
from ml.recording.folders import delete_recording, is_growing, rename_recording
from ml.recording.recording import read_recording
from ml.recording.writer import RecordingWriter
from tests.ml.recording.made_recordings import ABOUT, record


def test_a_renamed_recording_is_the_same(tmp_path: Path) -> None:
    before = read_recording(record(tmp_path / "a"))
    folder = rename_recording(tmp_path / "a", "Übung 1, 你好")
    assert folder == tmp_path / "Übung 1, 你好"
    after = read_recording(folder)
    assert after.about == before.about
    assert (after.faces.time == before.faces.time).all()
    assert not (tmp_path / "a").exists()
    assert rename_recording(folder, folder.name) == folder


@pytest.mark.parametrize(
    "name",
    [
        "",
        "  ",
        "..",
        "a/b",
        "a\\b",
        "x" * 300,
        "ü" * 200,
        "a\nb",
        "c:",
        "a.",
        " a",
        "nul",
        "CON.txt",
        "lpt¹",
    ],
)
def test_a_name_that_no_folder_can_have_everywhere_is_refused(tmp_path: Path, name: str) -> None:
    record(tmp_path / "a")
    with pytest.raises(RecordingError, match="cannot be the name of a folder"):
        rename_recording(tmp_path / "a", name)
    assert (tmp_path / "a" / FACES_FILE).exists()


def test_a_name_that_is_taken_is_refused(tmp_path: Path) -> None:
    record(tmp_path / "a")
    record(tmp_path / "b", frames=3)
    with pytest.raises(RecordingError, match="named b already"):
        rename_recording(tmp_path / "a", "b")
    assert len(read_recording(tmp_path / "b").faces) == 5


def test_a_recording_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="cannot be renamed"):
        rename_recording(tmp_path / "a", "b")
    with pytest.raises(RecordingError, match="cannot be deleted"):
        delete_recording(tmp_path / "a")


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_deleting_does_not_follow_links(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("all of it")
    record(tmp_path / "a")
    (tmp_path / "a" / "link").symlink_to(tmp_path / "mine")
    (tmp_path / "whole").symlink_to(tmp_path / "mine")
    delete_recording(tmp_path / "a")
    with pytest.raises(RecordingError):
        delete_recording(tmp_path / "whole")
    assert (tmp_path / "mine" / "thesis.txt").exists()
    assert not (tmp_path / "a").exists()


def age(folder: Path) -> None:
    """As a minute after it was written."""
    then = time.time() - 60
    os.utime(folder / FACES_FILE, (then, then))


def test_what_is_being_recorded_is_growing_and_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    writer = RecordingWriter(folder, ABOUT)
    assert is_growing(folder)
    with pytest.raises(RecordingError, match="is being recorded"):
        rename_recording(folder, "b")
    with pytest.raises(RecordingError, match="is being recorded"):
        delete_recording(folder)
    age(folder)
    assert not is_growing(folder), "the program was killed"
    writer.flush()
    assert is_growing(folder), "nothing is seen for a while"
    writer.close("stopped")
    assert not is_growing(folder)
    assert not is_growing(tmp_path / "none")


def test_one_that_does_not_tell_whether_it_has_ended_is_growing_for_a_while(tmp_path: Path) -> None:
    folder = record(tmp_path / "a")
    (folder / ABOUT_FILE).unlink()
    assert is_growing(folder)
    age(folder)
    assert not is_growing(folder)
