from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from ml.data.fer2013 import load
from ml.network.classifier import ExpressionClassifier
from ml.network.model import state_of
from ml.network.weights_files import load_weights, save_weights
from ml.runs.events import Event, Finished, Started
from ml.runs.folder import RunFolder
from ml.runs.summaries import summarise_run
from ml.training.setup import load_data, make_student
from ml.training.train import train
from tests.ml.training.tiny_runs import of_type, tiny_config, unheard


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
    np.testing.assert_allclose(logits[0], logits[1], atol=0.1, rtol=0.1)


def test_it_starts_from_the_average_of_weights_files(
    data: Path, tmp_path: Path, reference: tuple[RunFolder, list[Event]]
) -> None:
    first = load_weights(reference[0].weights_file)
    second = dataclasses.replace(
        first,
        state={
            name: value + 1 if value.dtype.kind == "f" else value
            for name, value in first.state.items()
        },
    )
    paths = [str(tmp_path / name) for name in ("first.safetensors", "second.safetensors")]
    for path, weights in zip(paths, (first, second), strict=True):
        save_weights(weights, Path(path))
    train_split = load(data).train
    student = make_student(tiny_config(data, start_from=tuple(paths)), train_split)
    for name, value in state_of(student.network).items():
        if value.dtype.kind == "f":  # the file holds them in half precision
            np.testing.assert_allclose(value, first.state[name] + 0.5, atol=2e-3, rtol=2e-3)
        else:
            np.testing.assert_array_equal(value, first.state[name])

    save_weights(dataclasses.replace(second, mean=(0.25,)), Path(paths[1]))
    with pytest.raises(ValueError, match=r"second.* and .*first.* hold different networks"):
        make_student(tiny_config(data, start_from=tuple(paths)), train_split)


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
