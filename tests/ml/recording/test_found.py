from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from ml.recording.about import ABOUT_FILE, read_about
from ml.recording.columns import FACES_FILE
from ml.recording.corrections import CORRECTIONS_FILE, Corrections, write_corrections
from ml.recording.errors import RecordingError
from ml.recording.found import Found, find_recordings
from tests.ml.recording.made_recordings import ABOUT, record


def found(folder: Path) -> dict[str, Found]:
    return {one.folder.name: one for one in find_recordings(folder)}


def test_recordings_are_told_without_being_read(tmp_path: Path) -> None:
    folder = record(tmp_path / "ä recording", frames=40)
    (one,) = find_recordings(tmp_path)
    assert one.folder == folder
    assert one.about == read_about(folder)
    assert one.problem == ""
    assert one.bytes == sum(path.stat().st_size for path in folder.iterdir())
    assert one.note == ABOUT.note
    write_corrections(folder, Corrections(note="the best"))
    (one,) = find_recordings(tmp_path)
    assert one.note == "the best"


@pytest.mark.parametrize("frames", [1, 2, 500])
def test_the_length_of_one_that_was_killed_is_that_of_its_last_whole_row(
    tmp_path: Path, frames: int
) -> None:
    folder = record(tmp_path / "r", frames)
    (folder / ABOUT_FILE).write_bytes(ABOUT.to_json())
    with (folder / FACES_FILE).open("ab") as file:
        file.write(b"99999.0000,cut o")
    (one,) = find_recordings(tmp_path)
    assert one.seconds == pytest.approx((frames - 1) / 10)
    assert (one.people, one.problem) == (None, "")


@pytest.mark.parametrize("end", [b"", b"\0" * 100_000, b"x\n", b"nan,\n", b"1e300,\n", b"-5,\n"])
def test_the_length_of_a_damaged_one_is_not_known_or_that_of_a_row(
    tmp_path: Path, end: bytes
) -> None:
    folder = record(tmp_path / "r")
    (folder / ABOUT_FILE).write_bytes(ABOUT.to_json())
    with (folder / FACES_FILE).open("ab") as file:
        file.write(end)
    (one,) = find_recordings(tmp_path)
    assert one.seconds in ((0.9,) if end == b"" else (None,))


def test_the_length_and_the_people_are_those_it_tells(tmp_path: Path) -> None:
    folder = record(tmp_path / "r")
    (one,) = find_recordings(tmp_path)
    assert (one.seconds, one.people) == (pytest.approx(0.9), 2)
    told = replace(read_about(folder), seconds=7.5, people=3)
    (folder / ABOUT_FILE).write_bytes(told.to_json())
    (one,) = find_recordings(tmp_path)
    assert (one.seconds, one.people) == (7.5, 3)


def test_nothing_else_is_listed(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "1.jpg").touch()
    (tmp_path / ABOUT_FILE).write_bytes(ABOUT.to_json())
    assert found(tmp_path) == {}
    assert list(find_recordings(tmp_path / "nowhere")) == []


def test_damaged_foreign_and_newer_ones_are_listed_with_what_is_wrong(tmp_path: Path) -> None:
    names = ("good", "newer", "damaged", "untold", "empty", "foreign", "corrected wrongly")
    for name in names:
        record(tmp_path / name)
    (tmp_path / "newer" / ABOUT_FILE).write_bytes(b'{"schema": 99}')
    (tmp_path / "damaged" / ABOUT_FILE).write_bytes(b"\0" * 100)
    (tmp_path / "untold" / ABOUT_FILE).unlink()
    (tmp_path / "empty" / FACES_FILE).unlink()
    (tmp_path / "foreign" / FACES_FILE).write_bytes(b"frame,FaceRectX\n1,2\n")
    (tmp_path / "corrected wrongly" / CORRECTIONS_FILE).write_bytes(b"{")
    problems = {name: one.problem for name, one in found(tmp_path).items()}
    expected = {
        "good": "",
        "newer": "newer version",
        "damaged": "not JSON",
        "untold": "no recording.json",
        "empty": "no faces.csv",
        "foreign": "line 1, is not of a recording",
        "corrected wrongly": "corrections.json is damaged",
    }
    assert list(problems) == sorted(names)
    for name, words in expected.items():
        assert words in problems[name]
        assert bool(problems[name]) == bool(words)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_links_are_not_followed_and_pipes_not_waited_for(tmp_path: Path) -> None:
    folder = record(tmp_path / "real" / "r")
    place = tmp_path / "place"
    place.mkdir()
    (place / "loop").symlink_to(place / "loop")
    (place / "up").symlink_to(tmp_path, target_is_directory=True)
    (place / "elsewhere").symlink_to(folder, target_is_directory=True)
    shutil.copytree(folder, place / "piped")
    (place / "piped" / FACES_FILE).unlink()
    os.mkfifo(place / "piped" / FACES_FILE)
    (place / "piped" / "self").symlink_to(place / "piped" / "self")
    (one,) = find_recordings(place)
    assert one.folder.name == "piped"
    assert "not a file" in one.problem


def test_a_place_that_is_no_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RecordingError, match=r"cannot be read: .*Choose another"):
        list(find_recordings(tmp_path / "file"))


def test_those_in_folders_are_found_but_not_what_is_hidden_or_in_a_recording(
    tmp_path: Path,
) -> None:
    for place in ("b", "study/day 2/x.mp4", "study/day 1/x.mp4", ".unfinished/y", "b/copy"):
        record(tmp_path / "made" / place.replace("/", "_"))
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "made" / place.replace("/", "_")).rename(tmp_path / place)
    (tmp_path / "made").rmdir()
    found = [one.folder.relative_to(tmp_path).as_posix() for one in find_recordings(tmp_path)]
    assert found == ["b", "study/day 1/x.mp4", "study/day 2/x.mp4"]


def test_a_whole_disk_is_not_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ml.recording.found._MOST_SEARCHED", 3)
    record(tmp_path / "a" / "a" / "a" / "near")
    record(tmp_path / "a" / "a" / "b" / "b" / "far")
    assert [one.folder.name for one in find_recordings(tmp_path)] == ["near"]
