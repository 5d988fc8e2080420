"""docs/recordings.md says what is written."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ml.expressions import LABELS
from ml.recording.about import ABOUT_FILE
from ml.recording.columns import FACES, FACES_FILE, MARKERS, OF_PICTURES, Column
from ml.recording.corrections import CORRECTIONS_FILE, Corrections, write_corrections
from tests.ml.recording.made_recordings import BEGAN, record

_DOCUMENT = (Path(__file__).parents[3] / "docs" / "recordings.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    found = re.search(rf"^## {re.escape(title)}$(.*?)(?=^## |\Z)", _DOCUMENT, re.M | re.S)
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    ("title", "columns"),
    [
        ("faces.csv", FACES),
        ("Recordings of pictures", OF_PICTURES),
        ("markers.csv", MARKERS),
    ],
)
def test_it_tells_every_column(title: str, columns: tuple[Column, ...]) -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) \| (.*) \|$", section(title), re.M)
    assert rows == [
        (c.name, c.unit, "" if c.decimals is None else str(c.decimals), c.meaning) for c in columns
    ]


@pytest.mark.parametrize(
    ("file", "write"),
    [
        (ABOUT_FILE, lambda folder: record(folder)),
        (CORRECTIONS_FILE, lambda folder: write_corrections(folder, Corrections())),
    ],
)
def test_it_tells_every_name(tmp_path: Path, file: str, write: Callable[[Path], object]) -> None:
    write(tmp_path)
    cells = re.findall(r"^\| (`.*?) \|", section(file), re.M)
    told = [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]
    assert sorted(told) == sorted(json.loads((tmp_path / file).read_bytes()))


def test_its_pandas_example_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    record(tmp_path / "recording", names={1: "None", 2: '=1+1, "Jo"'})
    monkeypatch.chdir(tmp_path)
    known: dict[str, Any] = {}
    exec(textwrap.dedent(section("With pandas")), known)
    faces = known["faces"]
    assert len(faces) == 19
    assert list(faces["name"][:2]) == ["None", '=1+1, "Jo"']
    assert faces[list(LABELS)].sum(axis=1)[:18].tolist() == pytest.approx([1] * 18, abs=1e-3)
    assert faces["time_utc"][0].timestamp() == BEGAN
    assert faces["person"].isna().tolist() == [False] * 18 + [True]
    assert len(known["predictions"]) == 18
    assert "happy" in capsys.readouterr().out
    assert (tmp_path / "recording" / FACES_FILE).read_bytes().count(b"\n") == 20
