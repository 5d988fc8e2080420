from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ml.data.dataset import DatasetError
from ml.data.fer2013 import load
from ml.data.ferplus import load_ferplus
from ml.expressions import Expression
from tests.ml.data.small_data_sets import official_files, write_folder

FERPLUS = "file,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"


def ferplus_row(name: str, *votes: object) -> str:
    return ",".join([name, *map(str, votes)])


def test_ferplus_votes_become_shares(tmp_path: Path) -> None:
    jpegs = {name.replace(".png", ".jpg"): p for name, p in official_files().items()}
    dataset = load(write_folder(tmp_path / "data", jpegs))
    votes = dict.fromkeys(official_files(), (10, 0, 0, 0, 0, 0, 0, 0, 0, 0))
    votes["train/happy/Training_0.png"] = (1, 5, 2, 0, 0, 0, 0, 1, 1, 0)
    votes["train/sad/Training_0.png"] = (0, 0, 0, 0, 0, 0, 0, 0, 0, 9)
    votes["train/fear/Training_0.png"] = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    table = tmp_path / "ferplus.csv"
    table.write_text("\n".join([FERPLUS, *(ferplus_row(n, *v) for n, v in votes.items())]))

    shares = load_ferplus(table, dataset)
    assert (shares.shape, shares.dtype) == ((14, 10), np.float32)
    row_of = {name: shares[i] for i, name in enumerate(dataset.train.names)}
    of_happy = np.zeros(10)
    of_happy[[Expression.NEUTRAL, Expression.HAPPY, Expression.SURPRISE, 7, 8]] = [1, 5, 2, 1, 1]
    np.testing.assert_allclose(row_of["train/happy/Training_0.jpg"], of_happy / 10)
    np.testing.assert_array_equal(row_of["train/sad/Training_0.jpg"], np.eye(10)[9])
    np.testing.assert_array_equal(row_of["train/fear/Training_0.jpg"], 0)
    np.testing.assert_array_equal(
        row_of["train/angry/Training_1.jpg"], np.eye(10)[Expression.NEUTRAL]
    )


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "cannot be read"),
        (b"", "not a table of"),
        (b"\xff\xfe\x00", "not a table of"),
        (b"emotion,pixels,Usage\n", "not a table of"),
        (f"{FERPLUS}\n".encode(), "has no votes for train/angry/Training_0.png"),
        (f"{FERPLUS}\ntrain/angry/Training_0.png,1,2\n".encode(), "not a table of"),
        (f"{FERPLUS}\ntrain/angry/a.png,{','.join('x' * 10)}\n".encode(), "not a table of"),
        (f"{FERPLUS}\ntrain/angry/a.png,-1{',0' * 9}\n".encode(), "row 2 makes no sense"),
        (f"{FERPLUS}\ntrain/angry/a.png,nan{',0' * 9}\n".encode(), "row 2 makes no sense"),
        (f"{FERPLUS}\na.png{',1' * 10}\n".encode(), "row 2 makes no sense"),
    ],
)
def test_a_ferplus_file_that_does_not_fit(
    tmp_path: Path, content: bytes | None, problem: str
) -> None:
    dataset = load(write_folder(tmp_path / "data", official_files()))
    table = tmp_path / "ferplus.csv"
    if content is not None:
        table.write_bytes(content)
    with pytest.raises(DatasetError, match=problem) as caught:
        load_ferplus(table, dataset)
    assert "ferplus.csv" in str(caught.value)
