from __future__ import annotations

from pathlib import Path

import pytest

from ml.runs.folder import RunFolder
from tests.ml.runs.made_runs import CONFIG


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path / "a run", CONFIG)
