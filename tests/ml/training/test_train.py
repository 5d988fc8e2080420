from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from ml.data.fer2013 import load
from ml.runs.events import Estimate, Event
from ml.runs.folder import RunFolder, RunFolderError
from ml.training.engine import estimate_time
from ml.training.train import train
from tests.ml.training.tiny_runs import of_type, tiny_config, unheard


def test_a_run_is_never_overwritten(data: Path, reference: tuple[RunFolder, list[Event]]) -> None:
    before = reference[0].weights_file.read_bytes()
    with pytest.raises(RunFolderError, match="Choose another name"):
        train(tiny_config(data), reference[0], unheard)
    assert reference[0].weights_file.read_bytes() == before


@pytest.mark.skipif(
    bool(importlib.util.find_spec("tensorboard") or importlib.util.find_spec("tensorboardX")),
    reason="tensorboard is installed",
)
def test_an_extra_that_is_not_installed_is_named(data: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"pip install face-expression-detector\[tensorboard\]"):
        train(tiny_config(data, log="tensorboard"), RunFolder(tmp_path / "run"), print)
    assert not (tmp_path / "run").exists()


def test_the_time_a_run_would_take_is_estimated(data: Path) -> None:
    events: list[Event] = []
    estimate_time(tiny_config(data), events.append)
    [estimate] = of_type(events, Estimate)
    assert estimate.run_seconds == pytest.approx(3 * estimate.epoch_seconds)
    pictures = estimate.epoch_seconds * estimate.images_per_second
    assert len(load(data).train) < pictures < 2 * len(load(data).train)
