from __future__ import annotations

from pathlib import Path

import pytest

from ml.recording.about import ABOUT_FILE, read_about
from ml.recording.columns import FACES_FILE, MARKERS_FILE
from ml.recording.errors import RecordingError
from ml.recording.recording import read_recording
from tests.ml.recording.made_recordings import ABOUT, record


def test_a_recording_reads_itself(tmp_path: Path) -> None:
    recording = read_recording(record(tmp_path / "recording", names={2: "Bo"}))
    assert recording.about == read_about(tmp_path / "recording")
    assert recording.about.source == ABOUT.source
    assert len(recording.faces) == 19
    assert recording.faces.names == {2: "Bo"}
    assert (recording.markers, recording.problems) == ((), ())


def test_all_that_is_damaged_is_told(tmp_path: Path) -> None:
    folder = record(tmp_path / "recording")
    (folder / MARKERS_FILE).unlink()
    with (folder / FACES_FILE).open("ab") as file:
        file.write(b"?\n")
    recording = read_recording(folder)
    assert len(recording.faces) == 19
    faces, markers = recording.problems
    assert "faces.csv, line 21" in faces
    assert "markers.csv" in markers


@pytest.mark.parametrize("name", [ABOUT_FILE, FACES_FILE])
def test_what_a_recording_cannot_be_without_is_told(tmp_path: Path, name: str) -> None:
    folder = record(tmp_path / "recording")
    (folder / name).unlink()
    with pytest.raises(RecordingError, match=rf"not a recording: it has no {name}"):
        read_recording(folder)
