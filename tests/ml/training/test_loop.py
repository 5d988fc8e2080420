from __future__ import annotations

import itertools
import shutil
from pathlib import Path

import pytest
import torch

import ml.training.loop
from ml.evaluation.results import from_json
from ml.network.model import network_of
from ml.network.weights_files import load_weights
from ml.runs.events import (
    Batch,
    Checkpoint,
    Epoch,
    Evaluating,
    Event,
    Failed,
    Finished,
    Started,
    Stopped,
    to_line,
)
from ml.runs.folder import RunFolder
from ml.runs.summaries import RunState, summarise_run
from ml.training.config import TrainConfig
from ml.training.errors import TrainingError
from ml.training.loop import Controls
from ml.training.train import train
from tests.ml.training.tiny_runs import (
    AfterBatches,
    assert_same_run,
    make_pictures,
    of_type,
    state_of,
    tiny_config,
    unheard,
)

# A whole run


def test_a_run_tells_its_course_in_order(reference: tuple[RunFolder, list[Event]]) -> None:
    folder, events = reference
    types = [event.type for event in events if event.type not in ("loading", "batch")]
    assert types == [
        "started", *["epoch", "checkpoint"] * 3, "evaluating", "finished"
    ]  # fmt: skip
    assert [to_line(e) for e in folder.read_events()] == [to_line(e) for e in events]
    started = of_type(events, Started)[0]
    assert started.check["counts"]["Training"]["disgust"] == 12
    assert started.batches == 7 * 12 // 12
    assert started.parameters == sum(
        parameter.numel()
        for parameter in network_of(load_weights(folder.weights_file)).parameters()
    )
    assert summarise_run(folder).state is RunState.FINISHED


def test_progress_is_told_at_most_five_times_a_second(
    reference: tuple[RunFolder, list[Event]],
) -> None:
    batches = of_type(reference[1], Batch)
    assert [b.batch for b in batches if b.batch == b.batches] == [7, 7, 7]
    for earlier, later in itertools.pairwise(batches):
        if later.batch != later.batches and later.epoch == earlier.epoch:
            assert later.time - earlier.time > 0.15
    assert all(b.images_per_second > 0 and b.run_seconds_left >= 0 for b in batches)


def test_it_learns(data: Path, tmp_path: Path) -> None:
    config = tiny_config(
        data, epochs=12, ema=0.9, mixup=0.0, augmentation=0.0, flip=False, erasing=0.0,
        head_dropout=0.0, learning_rate=0.03,
    )  # fmt: skip
    events: list[Event] = []
    train(config, RunFolder(tmp_path / "run"), events.append)
    epochs = of_type(events, Epoch)
    assert epochs[-1].train_loss < epochs[0].train_loss - 0.5
    evaluation = from_json(of_type(events, Finished)[0].evaluation)
    assert evaluation.splits["PrivateTest"].full.single.accuracy.value > 0.6  # guessing: 0.14


def test_the_best_epoch_is_what_is_kept(data: Path, tmp_path: Path) -> None:
    events: list[Event] = []
    train(tiny_config(data, epochs=4, ema=0.0), RunFolder(tmp_path / "run"), events.append)
    epochs = of_type(events, Epoch)
    highest = max(epoch.validation_accuracy for epoch in epochs)
    first = next(epoch for epoch in epochs if epoch.validation_accuracy == highest)
    assert [event.epoch for event in of_type(events, Evaluating)] == [first.epoch]
    assert [epoch.epoch for epoch in epochs if epoch.best][-1] == first.epoch


def test_it_stops_early_when_nothing_gets_better(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ml.training.loop, "learning_rate", lambda *_: 0.0)
    events: list[Event] = []
    assert train(
        tiny_config(data, epochs=50, patience=2), RunFolder(tmp_path / "run"), events.append
    )
    assert len(of_type(events, Epoch)) < 50
    assert not any(epoch.best for epoch in of_type(events, Epoch)[-2:])
    assert of_type(events, Finished)


def test_threads_can_be_changed_while_it_trains(data: Path, tmp_path: Path) -> None:
    before = torch.get_num_threads()
    controls, threads = Controls(), []

    def report(event: Event) -> None:
        if isinstance(event, Epoch):
            threads.append(torch.get_num_threads())
            controls.threads = 2

    try:
        train(tiny_config(data, epochs=2), RunFolder(tmp_path / "run"), report, controls)
    finally:
        torch.set_num_threads(before)
    assert threads == [1, 2]


def test_the_original_recipe_runs(data: Path, tmp_path: Path) -> None:
    config = TrainConfig.of_preset(
        "original", data=str(data), epochs=1, width=0.07, precision="float32"
    )
    folder = RunFolder(tmp_path / "run")
    train(config, folder, unheard)
    checkpoint = folder.load_checkpoint()
    assert checkpoint is not None
    group = checkpoint["optimizer"]["param_groups"][0]
    assert (group["lr"], group["momentum"], group["weight_decay"]) == (0.001, 0.9, 1e-4)
    buffers = [s["momentum_buffer"] for s in checkpoint["optimizer"]["state"].values()]
    assert all(buffer.abs().sum() > 0 for buffer in buffers[:3])
    assert load_weights(folder.weights_file).architecture.in_channels == 3


def test_an_exploding_loss_ends_the_run_and_keeps_the_last_good_checkpoint(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        ml.training.loop, "learning_rate", lambda _, step, *__: 1e-3 if step < 7 else 1e12
    )
    folder, events = RunFolder(tmp_path / "run"), list[Event]()
    with pytest.raises(TrainingError, match="exploded in epoch 2") as raised:
        train(tiny_config(data, clip_norm=0.0), folder, events.append)
    assert "lower learning rate" in raised.value.hint
    assert isinstance(events[-1], Failed)
    assert list(folder.read_events())[-1] == events[-1]
    assert all(bool(value.isfinite().all()) for value in state_of(folder).values())
    assert len(of_type(events, Checkpoint)) == 1
    assert load_weights(folder.weights_file)
    assert summarise_run(folder).state is RunState.FAILED


# Stop and resume


@pytest.mark.parametrize("stops", [[3], [7], [10, 2]], ids=["within", "at the end", "twice"])
def test_a_stopped_run_goes_on_bit_for_bit(
    data: Path, tmp_path: Path, reference: tuple[RunFolder, list[Event]], stops: list[int]
) -> None:
    folder = RunFolder(tmp_path / "run")
    for number, batches in enumerate(stops):
        events: list[Event] = []
        controls = Controls(stop=AfterBatches(batches))
        done = train(tiny_config(data), folder, events.append, controls, resume=number > 0)
        assert not done
        assert [event.type for event in events[-2:]] == ["checkpoint", "stopped"]
        assert summarise_run(folder).state is RunState.STOPPED
    stopped = of_type(events, Stopped)[0]
    assert stopped.epoch * 7 + stopped.batch == sum(stops)
    assert train(tiny_config(data), folder, unheard, resume=True)
    assert_same_run(folder, reference)


def test_another_process_can_ask_for_the_stop(data: Path, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")

    def report(event: Event) -> None:
        if isinstance(event, Started):
            folder.request_stop()

    assert not train(tiny_config(data), folder, report)
    assert [event.batch for event in of_type(list(folder.read_events()), Stopped)] == [1]


def test_a_run_does_not_go_on_with_other_data(data: Path, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    train(tiny_config(data), folder, unheard, Controls(stop=AfterBatches(3)))
    before = state_of(folder)
    other = make_pictures(tmp_path / "other", train=13)
    with pytest.raises(TrainingError, match="not, or no longer, the data set this run began with"):
        train(tiny_config(other), folder, unheard, resume=True)
    assert all(torch.equal(value, before[name]) for name, value in state_of(folder).items())


def test_the_data_of_a_run_may_have_moved(data: Path, tmp_path: Path) -> None:
    zipped = shutil.make_archive(str(tmp_path / "pictures"), "zip", data)
    folder = RunFolder(tmp_path / "run")
    controls = Controls(stop=AfterBatches(3))
    train(tiny_config(Path(zipped)), folder, unheard, controls)
    moved = Path(zipped).rename(tmp_path / "elsewhere.zip")
    assert train(tiny_config(moved), folder, unheard, resume=True)


def test_it_goes_on_without_the_file_it_started_from(
    data: Path, tmp_path: Path, reference: tuple[RunFolder, list[Event]]
) -> None:
    start = Path(shutil.copy(reference[0].weights_file, tmp_path / "start.safetensors"))
    config = tiny_config(data, start_from=(str(start),), channels=(8, 8, 16, 8, 8, 8))
    folder = RunFolder(tmp_path / "run")
    assert not train(config, folder, unheard, Controls(stop=AfterBatches(10)))
    start.unlink()
    assert train(config, folder, unheard, resume=True)
