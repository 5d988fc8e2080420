"""A data set to train on, and a run on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml.runs.events import Event
from ml.runs.folder import RunFolder
from ml.training.train import train
from tests.ml.training.tiny_runs import make_pictures, tiny_config


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_pictures(tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="session")
def reference(
    data: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[RunFolder, list[Event]]:
    """A run that was never interrupted, and its events."""
    folder = RunFolder(tmp_path_factory.mktemp("runs") / "reference")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        events: list[Event] = []
        assert train(tiny_config(data), folder, events.append)
    return folder, events
