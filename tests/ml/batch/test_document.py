"""docs/files.md says what is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ml.batch.summary import COLUMNS
from ml.cli import main
from ml.expressions import LABELS

_DOCUMENT = (Path(__file__).parents[3] / "docs" / "files.md").read_text(encoding="utf-8")


def test_it_tells_every_column_of_the_summary() -> None:
    rows = re.findall(r"^\| `(\w+)`( …)? \| (.*?) \| (.*?) \| (.*) \|$", _DOCUMENT, re.M)
    told = []
    for name, more, *rest in rows:
        names = [name.replace("angry", label) for label in LABELS] if more else [name]
        told += [(each, *rest) for each in names]
    assert told == [
        (c.name, c.unit, "" if c.decimals is None else str(c.decimals), c.meaning) for c in COLUMNS
    ]


def test_it_tells_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["analyze", "--help"])
    offered = set(re.findall(r"^  (--[\w-]+)", capsys.readouterr().out, re.M))
    assert offered - {"--out"} <= set(re.findall(r"--[\w-]+", _DOCUMENT))
