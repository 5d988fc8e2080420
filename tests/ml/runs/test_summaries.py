from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from ml.runs.events import Checkpoint, Event
from ml.runs.folder import RunFolder
from ml.runs.summaries import RunState, format_runs, history, list_runs, summarise_run
from tests.ml.runs.made_runs import CONFIG, FAILED, STARTED, STOPPED, epoch, finished, write


def test_an_epoch_trained_again_after_a_crash_counts_once() -> None:
    first, last, again = epoch(1), epoch(3), epoch(2, 0.6)
    assert history([first, epoch(2, 0.55), STARTED, again, last]) == [first, again, last]


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ([], RunState.NEW),
        ([STARTED], RunState.CRASHED),
        ([STARTED, epoch(1), Checkpoint(1, 0, "last.ckpt")], RunState.CRASHED),
        ([STARTED, STOPPED], RunState.STOPPED),
        ([STARTED, STOPPED, STARTED], RunState.CRASHED),
        ([STARTED, FAILED], RunState.FAILED),
        ([STARTED, FAILED, STARTED, finished()], RunState.FINISHED),
    ],
)
def test_the_state_follows_from_the_events(
    folder: RunFolder, events: list[Event], state: RunState
) -> None:
    write(folder, *events)
    assert summarise_run(folder).state is state


def test_the_list_tells_what_the_folders_hold(tmp_path: Path) -> None:
    first = RunFolder.create(tmp_path / "first", CONFIG)
    write(first, STARTED, epoch(1, 0.4), epoch(2, 0.6), epoch(3, 0.5), finished())
    second = RunFolder.create(tmp_path / "second", CONFIG)
    write(second, dataclasses.replace(STARTED, time=STARTED.time + 60), epoch(1, 0.3, 30.0), FAILED)
    (tmp_path / "holiday").mkdir()
    (tmp_path / "holiday" / "photo.jpg").touch()
    half = RunFolder(tmp_path / "half")
    half.path.mkdir()
    half.config_file.write_text('{"schema": 1, "da')
    (tmp_path / ".cache").mkdir()
    (tmp_path / "a file").touch()

    runs = {run.name: run for run in list_runs(tmp_path)}
    assert {name: run.state.value for name, run in runs.items()} == {
        "first": "finished",
        "second": "failed",
        "holiday": "damaged",
        "half": "damaged",
    }
    assert next(iter(runs)) == "second"  # the latest
    run = runs["first"]
    assert (run.epochs_done, run.epochs, run.seconds) == (3, 3, 180.0)
    assert run.best_validation_accuracy == 0.6
    assert (run.test_accuracy, run.test_macro_f1) == (0.66, 0.62)
    assert runs["second"].problem == FAILED.message
    assert runs["second"].test_accuracy is None
    table = format_runs(runs.values())
    assert "66.0%" in table
    assert len(table.splitlines()) == 5
    assert [p.name for p in (tmp_path / "holiday").iterdir()] == ["photo.jpg"]


def test_a_run_without_a_test_split_has_no_test_figures(folder: RunFolder) -> None:
    write(folder, STARTED, epoch(1), finished("PublicTest"))
    assert summarise_run(folder).test_accuracy is None


def test_no_folder_no_runs(tmp_path: Path) -> None:
    assert list_runs(tmp_path / "none") == []


def test_config_values_of_a_wrong_kind_harm_nothing(folder: RunFolder) -> None:
    folder.config_file.write_text(json.dumps({"schema": 1, "epochs": "many", "data": [1]}))
    assert summarise_run(folder).epochs == 0
