from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ml.recording import faces_csv
from ml.recording.columns import FACES, FACES_FILE
from ml.recording.errors import RecordingError
from ml.recording.faces import NOBODY, NONE, Faces, PictureFile
from ml.recording.faces_csv import read_faces
from ml.recording.writer import RecordingWriter
from tests.ml.people.faces import person
from tests.ml.recording.made_recordings import ABOUT, record

_COLUMNS = {column.name: place for place, column in enumerate(FACES)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return record(tmp_path / "recording")


@pytest.fixture(scope="module")
def usual() -> bytes:
    """A faces.csv as it was written."""
    with tempfile.TemporaryDirectory() as place:
        return (record(Path(place) / "recording") / FACES_FILE).read_bytes()


def read(content: bytes) -> tuple[Faces, str]:
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / FACES_FILE).write_bytes(content)
        return read_faces(Path(place))


def changed(content: bytes, line: int, **cells: str) -> bytes:
    """With other cells in a line, counted from 1."""
    lines = content.split(b"\n")
    old = lines[line - 1].split(b",")
    for name, cell in cells.items():
        old[_COLUMNS[name]] = cell.encode()
    lines[line - 1] = b",".join(old)
    return b"\n".join(lines)


def begins_with(faces: Faces, before: Faces, rows: int) -> bool:
    """Whether the first ``rows`` are the same in all arrays."""
    return all(
        np.array_equal(getattr(faces, name)[:rows], old[:rows], equal_nan=True)
        for name, old in vars(before).items()
        if isinstance(old, np.ndarray)
    )


def test_a_recording_reads_itself(folder: Path) -> None:
    faces, problem = read_faces(folder)
    assert problem == ""
    assert faces.person.tolist() == [1, 2] * 9 + [NOBODY]
    assert faces.time[::2] == pytest.approx([n / 10 for n in range(10)])
    assert faces.landmarks.shape == (19, 5, 2)
    assert np.isnan(faces.box[-1]).all()
    assert (faces.label[-1], faces.fault[-1], faces.views[-1]) == (NONE, NONE, 0)


def test_wherever_the_file_was_cut_off_the_rows_before_are_read(usual: bytes) -> None:
    whole, _ = read(usual)
    for size in range(0, len(usual), 97):
        faces, problem = read(usual[:size])
        complete = max(usual[:size].count(b"\n") - 1, 0)
        assert problem == ""
        assert len(faces) == complete
        assert begins_with(faces, whole, complete)


@given(st.binary(max_size=400))
@example(b"\0\n")
@example(b'"\n')
@example(b"a\rb\n")
def test_another_file_is_refused(garbage: bytes) -> None:
    if b"\n" in garbage:
        with pytest.raises(RecordingError, match=r"faces\.csv, line 1, is not of a recording"):
            read(garbage)
    else:
        faces, problem = read(garbage)
        assert (len(faces), problem) == (0, "")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [(b"time,time_utc", b"time_utc,time", "another order"), (b"score,", b"", "score expected")],
)
def test_other_columns_are_refused(usual: bytes, old: bytes, new: bytes, message: str) -> None:
    with pytest.raises(RecordingError, match=rf"faces\.csv, line 1, .*{message}"):
        read(usual.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (b"\n0.1000,", b"\n,", "no time"),
        (b"\n0.1000,", b"\nsoon,", "soon"),
        (b"\n0.1000,", b"\nnan,", "not finite"),
        (b"\n0.1000,", b"\n-1,", "before that of the line above"),
        (b"\n0.1000,", b"\n1e30,", "time cannot be 1e30"),
        (b"\n0.1000,", b"\n\n0.1000,", "0 cells instead of"),
        (b"\n0.1000,", b"\n0.1000,,", "cells instead of"),
        (b"\n0.1000,", b"\n" + b"9" * 5_000_000, "too long"),
        (b"\n0.1000,", b'\n"0.1000\n",', "end of data"),
        (b"\n0.1000,", b"\n" + b"\0" * 4096 + b"\n0.1000,", "zero bytes"),
        (b"\n0.1000,", b"\n0.1000,\xff", "utf-8"),
        (b"\n0.1000,", b"\n0.1000\r,", "new-line"),
    ],
)
def test_the_rows_before_a_wrong_line_are_kept(
    usual: bytes, old: bytes, new: bytes, why: str
) -> None:
    assert old in usual
    faces, problem = read(usual.replace(old, new, 1))
    assert problem.startswith("faces.csv, line 4, is not of a recording: ")
    assert why in problem
    assert begins_with(faces, read(usual)[0], 2)
    assert len(faces) == 2


@pytest.mark.parametrize("cell", ["nan", "inf", "-Infinity", "1e999", "1e30", "x", "9" * 5000])
@pytest.mark.parametrize("column", [c.name for c in FACES if c.decimals is not None])
def test_what_is_no_number_of_its_kind_is_refused(usual: bytes, column: str, cell: str) -> None:
    faces, problem = read(changed(usual, 9, **{column: cell}))
    assert "line 9, is not" in problem
    assert len(faces) == 7


@settings(max_examples=200)
@given(st.data())
def test_damage_takes_nothing_that_was_before_it(usual: bytes, data: st.DataObject) -> None:
    start = data.draw(st.integers(usual.index(b"\n") + 1, len(usual) - 1))
    end = data.draw(st.integers(start, min(start + 500, len(usual))))
    damage = data.draw(st.binary(max_size=20) | st.text('",\n\r09.- e', max_size=9).map(str.encode))
    content = usual[:start] + damage + usual[end:]
    faces, problem = read(content)
    whole, _ = read(usual)
    before = usual.count(b"\n", 0, start) - 1
    assert len(faces) >= before
    assert begins_with(faces, whole, before)
    assert (problem == "") == (len(faces) == content.count(b"\n") - 1)
    assert np.isfinite(faces.time).all()
    assert (np.diff(faces.time) >= 0).all()


@pytest.mark.parametrize("size", [1 << 12, 1 << 22])
@given(lines=st.sets(st.integers(1, 19), min_size=1))
def test_of_several_wrong_lines_the_first_is_told(usual: bytes, size: int, lines: set[int]) -> None:
    """Also if the file is parsed in several blocks."""
    content = usual
    for line in lines:
        content = changed(content, line + 1, **{("score" if line % 2 else "frame"): "?"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(faces_csv, "_BLOCK", size)
        faces, problem = read(content)
    assert f"line {min(lines) + 1}, " in problem
    assert len(faces) == min(lines) - 1


@pytest.mark.parametrize("name", ["An\rna", '"An\nna"', '"Anna'])
def test_a_name_is_one_line_of_text(usual: bytes, name: str) -> None:
    faces, problem = read(changed(usual, 5, name=name))
    assert "line 5, is not" in problem
    assert len(faces) == 3


def test_quotes_do_not_join_lines(usual: bytes) -> None:
    """Though both would have as many cells as one."""
    faces, problem = read(changed(changed(usual, 5, name='"An'), 6, name='na"'))
    assert "line 5, is not" in problem
    assert len(faces) == 3


def test_a_name_may_have_all_signs_but_line_breaks(usual: bytes) -> None:
    faces, problem = read(changed(usual, 18, name='"\0O\'Neil, ""Jo"""'))
    assert (faces.names, problem) == ({1: 'O\'Neil, "Jo"'}, "")


def test_a_measure_with_a_part_missing_is_none(usual: bytes) -> None:
    faces, problem = read(changed(usual, 2, width="", raw_sad="", nose_x="", quality=""))
    assert problem == ""
    for measure in (faces.box, faces.raw, faces.landmarks, faces.quality):
        assert np.isnan(measure[0]).all()
        assert not np.isnan(measure[1]).any()
    assert not np.isnan(faces.probabilities[0]).any()


def test_what_is_unknown_of_a_face_is_none(usual: bytes) -> None:
    faces, problem = read(changed(usual, 2, label="smug", fault="upside down", time_utc=""))
    assert problem == ""
    assert (faces.label[0], faces.fault[0]) == (NONE, NONE)
    assert np.isnan(faces.wall_time[0])


def test_the_last_name_of_each_person_counts(usual: bytes) -> None:
    content = changed(usual, 2, name="Anna")
    content = changed(content, 6, name="'=Anna")
    content = changed(content, 7, name="Bo\u2028")
    assert read(content)[0].names == {}, "taken away again"
    content = changed(content, 18, name="'=Anna")
    content = changed(content, 19, name="Bo\u2028")
    assert read(content)[0].names == {1: "=Anna", 2: "Bo"}


def test_what_is_no_file_of_a_recording_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path, tmp_path / "file", tmp_path / "nowhere"):
        with pytest.raises(RecordingError, match=rf"not a recording: it has no {FACES_FILE}"):
            read_faces(place)
    (tmp_path / FACES_FILE).mkdir()
    with pytest.raises(RecordingError, match="not a file"):
        read_faces(tmp_path)


def test_a_file_that_memory_does_not_hold_is_refused(tmp_path: Path) -> None:
    (tmp_path / FACES_FILE).touch()
    os.truncate(tmp_path / FACES_FILE, 1 << 40)
    with pytest.raises(RecordingError, match=r"too long: it has 1048576 MB"):
        read_faces(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / FACES_FILE)
    with pytest.raises(RecordingError, match="not a file"):
        read_faces(tmp_path)


def test_pictures_are_read_with_their_files(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "pictures", ABOUT, of_pictures=True)
    writer.add(
        0,
        0.0,
        0.0,
        [person(1), person(2, x=99.0)],
        {},
        file=PictureFile("=a.jpg", "0f" * 32, 90, 30, 40),
    )
    writer.add(1, 1.0, 0.0, [], {}, file=PictureFile("ü, b.png", "", 0, 640, 480))
    writer.close("done")
    faces, problem = read_faces(tmp_path / "pictures")
    assert not problem
    assert faces.person.tolist() == [1, 2, NOBODY]
    assert faces.pictures == {
        0: PictureFile("=a.jpg", "0f" * 32, 90, 30, 40),
        1: PictureFile("ü, b.png", "", 0, 640, 480),
    }


@pytest.mark.parametrize("cell", ["-90", "400", "much"])
def test_a_wrong_turn_ends_what_is_read(tmp_path: Path, cell: str) -> None:
    writer = RecordingWriter(tmp_path / "pictures", ABOUT, of_pictures=True)
    for n in range(2):
        writer.add(n, float(n), 0.0, [person(1)], {}, file=PictureFile("a.jpg", "", 90, 30, 40))
    writer.close("done")
    path = tmp_path / "pictures" / "faces.csv"
    head, _, last = path.read_bytes().rstrip(b"\n").rpartition(b",90,")
    path.write_bytes(head + f",{cell},".encode() + last + b"\n")
    faces, problem = read_faces(tmp_path / "pictures")
    assert len(faces) == 1
    assert "line 3" in problem
