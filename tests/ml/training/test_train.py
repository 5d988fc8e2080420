from __future__ import annotations

import dataclasses
import importlib.util
import itertools
import json
import shutil
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import torch

import ml.training.loop
from ml.data.fer2013 import load
from ml.evaluation.evaluate import from_json, load_predictions
from ml.network.classifier import ExpressionClassifier
from ml.network.weights_files import load_weights, save_weights
from ml.runs.events import (
    Batch,
    Checkpoint,
    Epoch,
    Estimate,
    Evaluating,
    Event,
    Failed,
    Finished,
    Started,
    Stopped,
    to_line,
)
from ml.runs.folder import RunFolder, RunFolderError
from ml.runs.summaries import RunState, summarise_run
from ml.training.config import TrainConfig
from ml.training.engine import estimate_time
from ml.training.errors import TrainingError
from ml.training.loop import Controls
from ml.training.setup import load_data, make_student
from ml.training.targets import Targets
from ml.training.train import train
from tests.ml.training.tiny_runs import make_pictures, measured, state_of, tiny_config


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_pictures(tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="module")
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


def unheard(_: Event) -> None:
    pass


def of_type(events: list[Event], kind: type[Event]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def assert_same_run(folder: RunFolder, reference: tuple[RunFolder, list[Event]]) -> None:
    """Bit for bit."""
    assert measured(list(folder.read_events())) == measured(reference[1])
    found, expected = state_of(folder), state_of(reference[0])
    assert found.keys() == expected.keys()
    assert [name for name in found if not torch.equal(found[name], expected[name])] == []
    weights, others = (load_weights(f.weights_file) for f in (folder, reference[0]))
    assert (weights.temperature, weights.results) == (others.temperature, others.results)
    assert all(torch.equal(weights.state[name], others.state[name]) for name in weights.state)


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
        parameter.numel() for parameter in load_weights(folder.weights_file).model().parameters()
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


def test_the_folder_holds_all_that_a_run_leaves(
    reference: tuple[RunFolder, list[Event]], data: Path
) -> None:
    folder, events = reference
    finished = of_type(events, Finished)[0]
    stored = json.loads(folder.evaluation_file.read_text())
    assert stored == json.loads(json.dumps(finished.evaluation))
    evaluation = from_json(stored)
    assert set(evaluation.splits) == {"PublicTest", "PrivateTest"}
    assert load_predictions(folder.predictions_file).keys() == evaluation.splits.keys()
    assert folder.confusion_file.read_bytes().startswith(b"\x89PNG")
    assert json.loads(folder.check_file.read_text()) == of_type(events, Started)[0].check
    assert TrainConfig.from_json(folder.config()) == tiny_config(data)


def test_the_weights_file_gives_the_results_it_states(
    reference: tuple[RunFolder, list[Event]], data: Path
) -> None:
    weights = load_weights(reference[0].weights_file)
    test = load(data).test
    assert test is not None
    classifier = ExpressionClassifier(weights, torch.device("cpu"), exact=True)
    right = classifier.probabilities(test.pictures).argmax(1) == test.labels
    assert weights.results["PrivateTest"]["accuracy"] == pytest.approx(right.mean())
    pixels = load(data).train.pictures / 255
    assert weights.mean[0] == pytest.approx(pixels.mean(), abs=1e-4)
    assert weights.std[0] == pytest.approx(pixels.std(), abs=1e-4)


def test_the_temperature_is_fitted_on_the_validation_pictures(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def fit(logits: torch.Tensor, labels: torch.Tensor) -> float:
        asked.append((logits, labels))
        return 1.75

    monkeypatch.setattr("ml.training.result.fit_temperature", fit)
    folder = RunFolder(tmp_path / "run")
    train(tiny_config(data, epochs=1), folder, unheard)
    weights = load_weights(folder.weights_file)
    assert weights.temperature == 1.75
    validation = load(data).validation
    logits = ExpressionClassifier(weights, exact=True).logits(validation.pictures)
    torch.testing.assert_close(asked, [(logits, torch.from_numpy(validation.labels))])


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


# Stop and resume


class AfterBatches(threading.Event):
    """A wish to stop that comes after so many batches, each of which asks once."""

    def __init__(self, batches: int) -> None:
        super().__init__()
        self._left = batches

    def is_set(self) -> bool:
        self._left -= 1
        return self._left == 0


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


def test_a_run_does_not_go_on_with_other_data(data: Path, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    train(tiny_config(data), folder, unheard, Controls(stop=AfterBatches(3)))
    before = state_of(folder)
    other = make_pictures(tmp_path / "other", train=13)
    with pytest.raises(TrainingError, match="not, or no longer, what this run began with"):
        train(tiny_config(other), folder, unheard, resume=True)
    assert all(torch.equal(value, before[name]) for name, value in state_of(folder).items())


def test_the_data_of_a_run_may_have_moved(data: Path, tmp_path: Path) -> None:
    zipped = shutil.make_archive(str(tmp_path / "pictures"), "zip", data)
    folder = RunFolder(tmp_path / "run")
    controls = Controls(stop=AfterBatches(3))
    train(tiny_config(Path(zipped)), folder, unheard, controls)
    moved = Path(zipped).rename(tmp_path / "elsewhere.zip")
    assert train(tiny_config(moved), folder, unheard, resume=True)


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


# What a run can be told to start from and to learn


def test_it_starts_from_a_weights_file(
    data: Path, tmp_path: Path, reference: tuple[RunFolder, list[Event]]
) -> None:
    start = load_weights(reference[0].weights_file)
    backwards = list(reversed(range(7)))
    shuffled = dataclasses.replace(
        start,
        classes=tuple(start.classes[i] for i in backwards),
        state={
            name: value[backwards] if name.startswith("fc4.") else value
            for name, value in start.state.items()
        },
    )
    save_weights(shuffled, tmp_path / "start.safetensors")
    folder = RunFolder(tmp_path / "run")
    config = tiny_config(
        data, epochs=1, learning_rate=1e-7, start_from=(str(tmp_path / "start.safetensors"),)
    )
    train(config, folder, unheard)
    pictures = load(data).validation.pictures
    logits = [
        ExpressionClassifier(load_weights(f.weights_file), exact=True).logits(pictures)
        for f in (reference[0], folder)
    ]
    # Only the BatchNorm statistics have moved a little.
    torch.testing.assert_close(logits[0], logits[1], atol=0.1, rtol=0.1)


def test_it_starts_from_the_average_of_weights_files(
    data: Path, tmp_path: Path, reference: tuple[RunFolder, list[Event]]
) -> None:
    first = load_weights(reference[0].weights_file)
    second = dataclasses.replace(
        first,
        state={
            name: value + 1 if value.is_floating_point() else value
            for name, value in first.state.items()
        },
    )
    paths = [str(tmp_path / name) for name in ("first.safetensors", "second.safetensors")]
    for path, weights in zip(paths, (first, second), strict=True):
        save_weights(weights, Path(path))
    train_split = load(data).train
    student = make_student(tiny_config(data, start_from=tuple(paths)), train_split)
    for name, value in student.network.state_dict().items():
        if value.is_floating_point():  # the file holds them in half precision
            torch.testing.assert_close(value, first.state[name] + 0.5, atol=2e-3, rtol=2e-3)
        else:
            assert torch.equal(value, first.state[name])

    save_weights(dataclasses.replace(second, mean=(0.25,)), Path(paths[1]))
    with pytest.raises(ValueError, match=r"second\.safetensors holds another network than .*first"):
        make_student(tiny_config(data, start_from=tuple(paths)), train_split)


def test_it_goes_on_without_the_file_it_started_from(
    data: Path, tmp_path: Path, reference: tuple[RunFolder, list[Event]]
) -> None:
    start = Path(shutil.copy(reference[0].weights_file, tmp_path / "start.safetensors"))
    config = tiny_config(data, start_from=(str(start),), channels=(8, 8, 16, 8, 8, 8))
    folder = RunFolder(tmp_path / "run")
    assert not train(config, folder, unheard, Controls(stop=AfterBatches(10)))
    start.unlink()
    assert train(config, folder, unheard, resume=True)


def test_the_same_pictures_are_held_out_whatever_the_seed(data: Path) -> None:
    """What is evaluated later on the same data set has no other way to know them."""
    first, second = (
        load_data(tiny_config(data / "train", seed=seed), unheard).validation for seed in (0, 1)
    )
    assert first.names == second.names == load(data / "train").validation.names


def test_data_without_a_test_split_can_be_trained_on(data: Path, tmp_path: Path) -> None:
    events: list[Event] = []
    train(tiny_config(data / "train", epochs=1), RunFolder(tmp_path / "run"), events.append)
    assert "seeded" in of_type(events, Started)[0].protocol
    finished = of_type(events, Finished)[0]
    assert len(finished.evaluation["splits"]) == 1
    assert summarise_run(RunFolder(tmp_path / "run")).test_accuracy is None


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


def test_the_time_a_run_would_take_is_estimated(data: Path) -> None:
    events: list[Event] = []
    estimate_time(tiny_config(data), events.append)
    [estimate] = of_type(events, Estimate)
    assert estimate.run_seconds == pytest.approx(3 * estimate.epoch_seconds)
    pictures = estimate.epoch_seconds * estimate.images_per_second
    assert len(load(data).train) < pictures < 2 * len(load(data).train)


# What goes wrong


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
