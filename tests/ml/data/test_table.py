from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.data.dataset import DatasetError
from ml.data.fer2013 import load
from ml.data.table import parse_pixels
from ml.expressions import Expression
from ml.picture import SIDE
from tests.ml.data.small_data_sets import (
    by_name,
    csv_rows,
    csv_text,
    noise,
    row,
    write_folder,
    write_zip,
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("header", ["emotion,pixels,Usage", " Emotion , pixels, Usage"])
def test_csv(tmp_path: Path, encoding: str, header: str) -> None:
    path = tmp_path / "fer2013.csv"
    path.write_text(csv_text(csv_rows(), header), encoding=encoding)
    dataset = load(path)
    assert dataset.protocol.startswith("official")
    assert [len(split) for split in dataset.splits().values()] == [7, 1, 1]
    assert dataset.train.names[0] == "row 2"
    assert by_name(dataset)["row 9"] == (noise(20).tobytes(), Expression.HAPPY)


def test_icml_face_data_has_its_columns_in_another_order(tmp_path: Path) -> None:
    lines = []
    for line in csv_rows():
        emotion, pixels, usage = line.split(",")
        lines.append(f"{emotion},{usage},{pixels}")
    path = tmp_path / "icml_face_data.csv"
    path.write_text(csv_text(lines, "emotion, Usage, pixels"))
    other = tmp_path / "fer2013.csv"
    other.write_text(csv_text(csv_rows()))
    assert by_name(load(path)) == by_name(load(other))


def test_competition_csv_has_no_test_split(tmp_path: Path) -> None:
    rows = [row(int(label), noise(10 * i + label), None) for i in range(10) for label in range(7)]
    path = tmp_path / "train.csv"
    path.write_text(csv_text(rows, "emotion,pixels"))
    dataset = load(path)
    assert dataset.test is None
    assert "stratified" in dataset.protocol
    assert dataset.protocol.endswith("there is no test split")
    assert (len(dataset.train), len(dataset.validation)) == (63, 7)
    assert len(dataset.splits()["all"]) == 70


@pytest.mark.parametrize("write", [write_folder, write_zip])
def test_csv_in_a_folder_or_zip(tmp_path: Path, write: Callable[..., Path]) -> None:
    text = csv_text(csv_rows()).encode()
    files = {
        "x/fer2013.csv": text,
        "x/train.csv": b"",
        "x/README": b"",
        "__MACOSX/fer2013.csv": b"",
    }
    assert len(load(write(tmp_path / "data.zip", files)).train) == 7


def test_contempt_in_a_csv_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "ck.csv"
    path.write_text(csv_text([*csv_rows(), row(7, noise(1))]))
    assert load(path).left_out == {"contempt": 1}


NUMBERS = " ".join(["1"] * SIDE * SIDE)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("3,1 2 3,Training", "has 3 pixel values instead of 2304"),
        (f"3,{NUMBERS} 1,Training", "has 2305 pixel values"),
        (f"3,256{NUMBERS[1:]},Training", "the pixel value '256'"),
        (f"3,-1{NUMBERS[1:]},Training", "the pixel value '-1'"),
        (f"3,x{NUMBERS[1:]},Training", "the pixel value 'x'"),
        (f"3,{'9' * 5000}{NUMBERS[1:]},Training", "the pixel value '99999"),
        (f"8,{NUMBERS},Training", "the unknown class '8'"),
        (f"hapy,{NUMBERS},Training", "the unknown class 'hapy'"),
        (f"3,{NUMBERS},Trainig", "the unknown Usage 'Trainig'"),
        (f"3,{NUMBERS}", "has 2 of 3 columns"),
        (f"3,{'1' * 200_000},Training", "is not csv"),
    ],
)
def test_bad_rows_are_named_or_skipped(tmp_path: Path, line: str, problem: str) -> None:
    path = tmp_path / "fer2013.csv"
    path.write_text(csv_text([line, *csv_rows()]))
    with pytest.raises(DatasetError, match=f"row 2.*{problem}") as caught:
        load(path)
    assert "fer2013.csv" in str(caught.value)
    assert "--skip-bad" in str(caught.value)
    dataset = load(path, skip_bad=True)
    assert len(dataset.bad) == 1
    assert problem in dataset.bad[0]
    assert len(dataset.train) == 7


@pytest.mark.parametrize(
    "content",
    [
        csv_text(csv_rows()).encode("utf-16"),
        csv_text(csv_rows()).encode("utf-16-le"),
        csv_text([*csv_rows(), "3,é,Training"]).encode("latin-1"),
        b"\xfe\xfe" + csv_text(csv_rows()).encode(),
    ],
)
def test_csv_in_another_encoding(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "fer2013.csv"
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=r"fer2013\.csv is not UTF-8 text"):
        load(path, skip_bad=True)


@pytest.mark.parametrize("content", ["", "\n", "a;b\n", "emotion,Usage\n", "pixels\n"])
def test_csv_without_its_columns(tmp_path: Path, content: str) -> None:
    path = tmp_path / "fer2013.csv"
    path.write_text(content)
    with pytest.raises(DatasetError, match=r"fer2013\.csv has no column"):
        load(path)


def test_csv_with_a_header_only(tmp_path: Path) -> None:
    path = tmp_path / "fer2013.csv"
    path.write_text(csv_text([]))
    with pytest.raises(DatasetError, match="no picture that can be used"):
        load(path, skip_bad=True, cache_dir=tmp_path / "cache")


@given(st.binary(min_size=SIDE * SIDE, max_size=SIDE * SIDE), st.sampled_from([" ", "  ", "\t"]))
@settings(max_examples=20, deadline=None)
def test_pixels_survive_a_csv(content: bytes, space: str) -> None:
    assert parse_pixels(space.join(map(str, content))).tobytes() == content


@given(st.text() | st.text("0123456789 -.\t\xa0"))
def test_other_text_is_no_picture(text: str) -> None:
    with pytest.raises(ValueError, match="pixel value"):
        parse_pixels(text)
