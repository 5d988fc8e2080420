from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from ml.data.fer2013 import load
from ml.evaluation.results import from_json, load_predictions
from ml.network.classifier import ExpressionClassifier
from ml.network.weights_files import load_weights
from ml.runs.events import Event, Finished, Started
from ml.runs.folder import RunFolder
from ml.training.config import TrainConfig
from ml.training.train import train
from tests.ml.training.tiny_runs import of_type, tiny_config, unheard


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
    classifier = ExpressionClassifier(weights, "cpu", exact=True)
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
    expected = (torch.from_numpy(logits), torch.from_numpy(validation.labels))
    torch.testing.assert_close(asked, [expected])
