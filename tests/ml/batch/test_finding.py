from __future__ import annotations

import os
import sys
from pathlib import Path, PurePath

import pytest

from ml.batch.finding import find
from ml.batch.items import Item, Kind


def _touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def _places(items: tuple[Item, ...]) -> list[str]:
    return [item.place.as_posix() for item in items]


def test_the_results_mirror_the_folders(folder: Path) -> None:
    found = find([folder])
    assert _places(found.items) == [
        "Día 1/50 % #2/b.avi",
        "Día 1/a.avi",
        "Día 1/Día 1 (pictures)",
    ]
    pictures = found.items[-1]
    assert [file.name for file in pictures.files] == [
        "0 顔.png",
        "1 顔.png",
        "2 顔.png",
        "broken.jpg",
    ]
    assert all(file.is_absolute() for item in found.items for file in item.files)


def test_what_is_neither_is_named(folder: Path) -> None:
    (left_out,) = find([folder]).left_out
    assert left_out.path.name == "notes.txt"
    assert not left_out.serious


@pytest.mark.parametrize(("kinds", "count"), [((Kind.VIDEO,), 2), ((Kind.PICTURES,), 1), ((), 0)])
def test_kinds_are_chosen(folder: Path, kinds: tuple[Kind, ...], count: int) -> None:
    found = find([folder], kinds)
    assert len(found.items) == count
    assert {item.kind for item in found.items} == set(kinds)


def test_hidden_files_and_what_systems_add_are_left_out_without_a_word(tmp_path: Path) -> None:
    _touch(
        tmp_path / "in" / "seen.mp4",
        tmp_path / "in" / ".hidden.mp4",
        tmp_path / "in" / ".git" / "clip.mp4",
        tmp_path / "in" / "__MACOSX" / "._seen.mp4",
        tmp_path / "in" / "Thumbs.db",
    )
    found = find([tmp_path / "in"])
    assert _places(found.items) == ["in/seen.mp4"]
    assert not found.left_out


def test_a_hidden_file_that_is_named_is_analysed(tmp_path: Path) -> None:
    _touch(tmp_path / ".hidden.mp4")
    assert _places(find([tmp_path / ".hidden.mp4"]).items) == [".hidden.mp4"]


def test_links_are_followed_once_and_never_in_circles(tmp_path: Path) -> None:
    _touch(tmp_path / "elsewhere" / "far.mp4", tmp_path / "in" / "near.mp4")
    (tmp_path / "in" / "more").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (tmp_path / "in" / "up").symlink_to(tmp_path / "in", target_is_directory=True)
    (tmp_path / "elsewhere" / "round").symlink_to(tmp_path / "in", target_is_directory=True)
    (tmp_path / "in" / "same.mp4").symlink_to(tmp_path / "in" / "near.mp4")
    found = find([tmp_path / "in"])
    assert _places(found.items) == ["in/more/far.mp4", "in/near.mp4"]


def test_a_link_to_nothing_and_a_missing_path_are_serious(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "gone.mp4").symlink_to(tmp_path / "nowhere")
    found = find([folder, tmp_path / "missing"])
    assert [(left.path.name, left.serious) for left in found.left_out] == [
        ("gone.mp4", True),
        ("missing", True),
    ]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    _touch(tmp_path / "in" / "closed" / "a.mp4", tmp_path / "in" / "b.mp4")
    (tmp_path / "in" / "closed").chmod(0)
    found = find([tmp_path / "in"])
    (tmp_path / "in" / "closed").chmod(0o700)
    assert _places(found.items) == ["in/b.mp4"]
    assert found.left_out[0].serious


def test_a_pipe_is_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    found = find([tmp_path])
    assert not found.items
    assert [left.path.name for left in found.left_out] == ["pipe.mp4"]


def test_the_results_and_other_recordings_are_left_out(tmp_path: Path) -> None:
    _touch(
        tmp_path / "in" / "a.mp4",
        tmp_path / "in" / "results" / "in" / "a.mp4" / "video.webm",
        tmp_path / "in" / "2026-11-28" / "recording.json",
        tmp_path / "in" / "2026-11-28" / "faces.csv",
        tmp_path / "in" / "2026-11-28" / "video.webm",
    )
    found = find([tmp_path / "in"], results=tmp_path / "in" / "results")
    assert _places(found.items) == ["in/a.mp4"]


def test_nothing_is_found_twice(tmp_path: Path) -> None:
    _touch(tmp_path / "in" / "a.mp4")
    found = find([tmp_path / "in", tmp_path / "in" / "a.mp4", tmp_path / "in"])
    assert _places(found.items) == ["in/a.mp4"]


def test_of_two_that_would_be_one_the_second_is_left_out(tmp_path: Path) -> None:
    _touch(tmp_path / "x" / "day" / "a.mp4", tmp_path / "y" / "day" / "a.mp4")
    _touch(tmp_path / "x" / "day" / "a.jpg", tmp_path / "y" / "day" / "b.jpg")
    found = find([tmp_path / "x" / "day", tmp_path / "y" / "day"])
    assert _places(found.items) == ["day/a.mp4", "day/day (pictures)"]
    assert all("x" in file.parts for item in found.items for file in item.files)
    assert {left.path for left in found.left_out} == {
        tmp_path / "y" / "day" / "a.mp4",
        tmp_path / "y" / "day",
    }
    assert all(left.serious and "day" in left.reason for left in found.left_out)


def test_no_result_is_inside_another(tmp_path: Path) -> None:
    _touch(tmp_path / "day" / "a.jpg", tmp_path / "day" / "day (pictures)" / "b.jpg")
    _touch(tmp_path / "day" / "day (pictures)" / "c.mp4")
    found = find([tmp_path / "day"])
    assert _places(found.items) == ["day/day (pictures)"]
    assert len(found.left_out) == 2


@pytest.mark.parametrize("out", ["", "sub/.."])
def test_a_result_never_takes_the_place_of_its_source(tmp_path: Path, out: str) -> None:
    _touch(tmp_path / "anna.mp4", tmp_path / "sub" / "ben.mp4")
    found = find([tmp_path / "anna.mp4", tmp_path / "sub"], results=tmp_path / out)
    assert not found.items
    assert {left.path.name for left in found.left_out} == {"anna.mp4", "ben.mp4"}
    assert all(left.serious for left in found.left_out)


def test_the_folder_for_results_is_not_analysed(tmp_path: Path) -> None:
    _touch(tmp_path / "in" / "a.mp4")
    (left_out,) = find([tmp_path / "in"], results=tmp_path / "in").left_out
    assert "folder for results" in left_out.reason
    assert left_out.serious


def test_a_named_pipe_and_nobodys_home_are_names_like_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    _touch(tmp_path / "~anna.mp4")
    found = find([Path("pipe"), Path("~anna.mp4")])
    assert _places(found.items) == ["~anna.mp4"]
    assert [left.path.name for left in found.left_out] == ["pipe"]


def test_folders_may_be_as_deep_as_they_like(tmp_path: Path) -> None:
    folder = tmp_path
    for _ in range(400):
        folder /= "d"
    _touch(folder / "a.mp4")
    assert len(find([tmp_path / "d"]).items) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has names that are no text")
def test_names_that_are_no_text_are_names_like_others(tmp_path: Path) -> None:
    for name in (b"a\xff.mp4", b"b\xff.jpg", b"c\xff.txt"):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(b"x")
    found = find([tmp_path])
    assert len(found.items) == 2
    assert len(find([*tmp_path.iterdir()]).items) == 3  # what is named is tried


def test_a_search_can_be_given_up(tmp_path: Path) -> None:
    _touch(tmp_path / "in" / "a" / "a.mp4", tmp_path / "in" / "b" / "b.mp4")
    asked = iter([False, False, True])
    found = find([tmp_path / "in"], give_up=lambda: next(asked))
    assert _places(found.items) == ["in/a/a.mp4"]


def test_a_relative_path_is_named_by_its_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert all(item.place.parts[0] == "Día 1" for item in find([Path()]).items)


def test_a_named_file_is_what_is_in_it(folder: Path) -> None:
    without = folder / "clip"
    (folder / "a.avi").rename(without)
    picture = folder / "scan.0001"
    (folder / "0 顔.png").rename(picture)
    found = find([without, picture])
    assert {item.kind: item.place for item in found.items} == {
        Kind.VIDEO: PurePath("clip"),
        Kind.PICTURES: PurePath("Día 1 (pictures)"),
    }
