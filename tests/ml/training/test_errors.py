from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from ml.runs.events import Checkpoint, Event
from ml.runs.folder import RunFolder
from ml.runs.summaries import summarise_run
from ml.training.errors import TrainingError
from ml.training.targets import Targets
from ml.training.train import train
from tests.ml.training.tiny_runs import assert_same_run, of_type, tiny_config, unheard


@pytest.mark.skipif(sys.platform == "win32", reason="limits file sizes as only Unix can")
def test_a_full_disk_ends_the_run_and_keeps_the_last_good_checkpoint(
    data: Path, tmp_path: Path, reference: tuple[RunFolder, list[Event]]
) -> None:
    import resource

    folder, events = RunFolder(tmp_path / "run"), list[Event]()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def report(event: Event) -> None:
        events.append(event)
        if isinstance(event, Checkpoint):
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))

    try:
        with pytest.raises(TrainingError, match="no space left") as raised:
            train(tiny_config(data), folder, report)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "resume" in raised.value.hint
    assert len(of_type(events, Checkpoint)) == 1
    assert train(tiny_config(data), folder, unheard, resume=True)
    assert_same_run(folder, reference)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
        MemoryError(),
    ],
)
def test_too_little_memory_says_which_batch_size_to_try(
    data: Path, tmp_path: Path, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(Targets, "loss", fail)
    with pytest.raises(TrainingError, match="batches of 12") as raised:
        train(tiny_config(data), RunFolder(tmp_path / "run"), unheard)
    assert "batch size of 6" in raised.value.hint


def test_a_fault_of_the_program_is_traced(
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: object) -> None:
        raise LookupError("a bug")

    monkeypatch.setattr(Targets, "loss", fail)
    with pytest.raises(TrainingError, match="LookupError: a bug"):
        train(tiny_config(data), RunFolder(tmp_path / "run"), unheard)
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"data": "nowhere.zip"}, "nowhere.zip"),
        ({"start_from": ("nowhere.safetensors",)}, "no weights file nowhere.safetensors"),
        ({"teacher": ("nowhere.safetensors",)}, "no weights file nowhere.safetensors"),
        ({"ferplus": "nowhere.csv"}, "nowhere.csv"),
    ],
)
def test_files_that_are_missing_are_named(
    data: Path, tmp_path: Path, overrides: dict[str, Any], message: str
) -> None:
    folder = RunFolder(tmp_path / "run")
    with pytest.raises(TrainingError, match=message):
        train(tiny_config(**{"data": data, **overrides}), folder, unheard)
    assert summarise_run(folder).problem
