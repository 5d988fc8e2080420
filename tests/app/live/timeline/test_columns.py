from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.live.timeline.columns import Columns
from ml.people.history import ROW, Rows

steps = st.lists(
    st.tuples(st.integers(1, 40), st.booleans(), st.integers(0, 6)), min_size=1, max_size=60
)
"""For each row: hundredths of a second until the next, whether it holds so long, its label."""
widths = st.sampled_from([0.0131, 0.0997, 0.7003])
"""Of a column in seconds; no row begins where one ends."""


def made(steps: list[tuple[int, bool, int]]) -> Rows:
    rows = np.zeros(len(steps), ROW)
    time = 0.0
    for row, (hundredths, holds, label) in zip(rows, steps, strict=True):
        row["time"] = time
        row["seconds"] = hundredths / 100 if holds else 0.005
        row["probabilities"] = row["raw"] = np.where(np.arange(7) == label, 0.7, 0.05)
        row["label"] = label
        time += hundredths / 100
    return rows


def by_column(rows: Rows, width: float) -> dict[int, list[int]]:
    """The numbers of the rows that begin in each column."""
    columns: dict[int, list[int]] = {}
    for n, row in enumerate(rows):
        columns.setdefault(int(row["time"] // width), []).append(n)
    return columns


@given(steps, widths)
def test_means_and_labels_are_those_of_each_columns_rows(
    steps: list[tuple[int, bool, int]], width: float
) -> None:
    rows = made(steps)
    columns = Columns(rows, width)
    parts = list(by_column(rows, width).values())
    assert len(columns) == len(parts)
    for n, part in enumerate(parts):
        mean = rows["probabilities"][part].astype(float).mean(axis=0)
        assert columns.mean("probabilities")[n] == pytest.approx(mean, abs=1e-5)
        assert columns.times[n] == pytest.approx(rows["time"][part].mean())
        labels = rows["label"][part].tolist()
        assert labels.count(columns.labels("probabilities")[n]) == max(map(labels.count, labels))
        assert mean[columns.labels("raw")[n]] == pytest.approx(mean.max(), abs=1e-3)


@given(steps, widths)
def test_a_gap_as_wide_as_a_column_is_left_open_and_a_narrower_one_is_not(
    steps: list[tuple[int, bool, int]], width: float
) -> None:
    rows = made(steps)
    columns = Columns(rows, width)
    seen = sum(
        columns.ends[piece.stop - 1] - columns.begins[piece.start] for piece in columns.pieces
    )
    gaps = rows["time"][1:] - (rows["time"][:-1] + rows["seconds"][:-1])
    whole = rows["time"][-1] + rows["seconds"][-1]
    assert seen == pytest.approx(whole - gaps[gaps >= width].sum(), abs=1e-4)
    assert len(columns.pieces) == 1 + (gaps >= width).sum()


@given(steps, widths)
def test_runs_cover_the_same_time_as_pieces_and_tell_each_columns_label(
    steps: list[tuple[int, bool, int]], width: float
) -> None:
    columns = Columns(made(steps), width)
    labels = columns.labels("probabilities")
    begins, ends, keys = columns.runs(labels)
    for begin, end, label in zip(columns.begins, columns.ends, labels, strict=True):
        (around,) = np.flatnonzero((begins <= begin) & (ends >= end))
        assert keys[around] == label
    touching = begins[1:] == ends[:-1]
    assert (keys[1:] != keys[:-1])[touching].all()
    pieces = columns.pieces
    seen = sum(columns.ends[piece.stop - 1] - columns.begins[piece.start] for piece in pieces)
    assert (ends - begins).sum() == pytest.approx(seen)


def test_no_rows_make_no_columns() -> None:
    columns = Columns(np.empty(0, ROW), 0.1)
    assert len(columns) == 0
    assert columns.pieces == []
    assert columns.mean("raw").shape == (0, 7)
    assert len(columns.runs(columns.labels("probabilities")).keys) == 0


@given(steps, st.integers(1, 30))
def test_a_column_stays_the_same_while_later_rows_come(
    steps: list[tuple[int, bool, int]], count: int
) -> None:
    rows = made(steps)
    early, late = Columns(rows[:count], 0.0997), Columns(rows, 0.0997)
    complete = len(early) - 1
    assert late.times[:complete].tolist() == early.times[:complete].tolist()
    assert (late.mean("raw")[:complete] == early.mean("raw")[:complete]).all()
