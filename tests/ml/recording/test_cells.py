from __future__ import annotations

import csv
import io
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.recording.cells import from_cell, from_utc, one_line, to_cell, to_utc
from ml.recording.columns import FACES, Column

_TEXT = Column("name", "", None, "")


@given(st.text(), st.booleans())
def test_a_text_comes_back_on_one_line_and_is_no_formula(text: str, after_sign: bool) -> None:
    text = "=" + text if after_sign else text
    cell = to_cell(_TEXT, text)
    assert from_cell(_TEXT, cell) == one_line(text)
    assert not cell.startswith(("=", "+", "-", "@"))
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow([cell, "end"])
    line = out.getvalue().encode().decode()
    assert line.splitlines(keepends=True) == [line]
    assert list(csv.reader([line], strict=True)) == [[cell, "end"]]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Anna\nMaria", "Anna Maria"),
        ("\t=1+1\0", "=1+1"),
        ("می‌خواهم", "می‌خواهم"),  # its joiner is invisible, but belongs to the word
        ('👩‍🔬 O\'Neil, "Jo"', '👩‍🔬 O\'Neil, "Jo"'),
        ("x" * 5000, "x" * 1000),
    ],
)
def test_of_a_name_only_line_breaks_and_excess_are_lost(text: str, kept: str) -> None:
    assert one_line(text) == kept


@given(st.sampled_from([c for c in FACES if c.decimals is not None]), st.none() | st.floats())
def test_a_number_comes_back_to_its_decimals(column: Column, value: float | None) -> None:
    back = from_cell(column, to_cell(column, value))
    assert column.decimals is not None
    if value is None or not math.isfinite(value):
        assert back is None
    else:
        assert back == pytest.approx(value, rel=1e-12, abs=0.51 * 10**-column.decimals)


@pytest.mark.parametrize("cell", ["nan", "inf", "-Infinity", "1e999", "x", "1,5", "9" * 5000])
@pytest.mark.parametrize("decimals", [0, 4])
def test_what_is_no_number_is_refused(cell: str, decimals: int) -> None:
    with pytest.raises(ValueError, match=r".+"):
        from_cell(Column("x", "px", decimals, ""), cell + ("" if decimals else "."))


@given(st.floats(0, 4e9))
def test_a_moment_comes_back_to_the_millisecond(seconds: float) -> None:
    assert from_utc(to_utc(seconds)) == pytest.approx(seconds, abs=0.001001)


def test_moments_are_in_utc() -> None:
    assert to_utc(86_400.5) == "1970-01-02T00:00:00.500Z"
    assert from_utc("1970-01-02T02:00:00.500+02:00") == 86_400.5
    with pytest.raises(ValueError, match="time zone"):
        from_utc("1970-01-02T00:00:00")
