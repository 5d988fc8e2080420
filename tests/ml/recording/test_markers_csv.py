from __future__ import annotations

from pathlib import Path

import pytest

from ml.recording.columns import MARKERS_FILE
from ml.recording.marker import Marker
from ml.recording.markers_csv import read_markers
from ml.recording.writer import RecordingWriter
from tests.ml.recording.made_recordings import ABOUT, BEGAN

_HEADER = b"time,until,label,note\n"


def test_markers_come_back_in_the_order_of_time(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "r", ABOUT)
    writer.add(0, 10.0, BEGAN, [], {})
    writer.mark(Marker(12.5, None, "joke", '"ha,\nha"'))
    writer.mark(Marker(9.0, 13.0, "=talk"))
    writer.close("stopped", 0)
    markers, problem = read_markers(tmp_path / "r")
    assert markers == (Marker(-1.0, 3.0, "=talk"), Marker(2.5, None, "joke", '"ha, ha"'))
    assert problem == ""


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"soon,,,", "soon"),
        (b",,,", "no time"),
        (b"inf,,,", "not finite"),
        (b"1e30,,,", "from 1e30"),
        (b"2,1,,", "from 2 to 1"),
        (b"1,,", "3 cells instead of 4"),
        (b"", "0 cells"),
        (b"\0\0", "cells instead of"),
        (b'1,,"a', "end of data"),
        (b"1,,\xff,", "utf-8"),
        (b"1,," + b"a" * 200_000 + b",", "field limit"),
    ],
)
def test_the_markers_before_a_wrong_line_are_kept(tmp_path: Path, line: bytes, why: str) -> None:
    (tmp_path / MARKERS_FILE).write_bytes(_HEADER + b"1.0,,a,\n" + line + b"\n3.0,,b,\n")
    markers, problem = read_markers(tmp_path)
    assert markers == (Marker(1.0, None, "a"),)
    assert problem.startswith("markers.csv, line 3, is not of a recording: ")
    assert why in problem


def test_a_missing_or_foreign_file_is_a_problem_only(tmp_path: Path) -> None:
    markers, problem = read_markers(tmp_path)
    assert markers == ()
    assert "it has no markers.csv" in problem
    (tmp_path / MARKERS_FILE).write_bytes(b"a,b\n1,2\n")
    markers, problem = read_markers(tmp_path)
    assert markers == ()
    assert "line 1, is not of a recording" in problem


def test_a_last_line_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    whole = _HEADER + b"1.0,,a,\n2.0,,b,\n"
    for size in range(len(whole)):
        (tmp_path / MARKERS_FILE).write_bytes(whole[:size])
        markers, problem = read_markers(tmp_path)
        assert len(markers) == max(whole[:size].count(b"\n") - 1, 0)
        assert problem == ""
