"""Predictions and figures on small data sets, and their files."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ml.data.dataset import Dataset, Split
from ml.evaluation.evaluate import evaluate, predict, summarise
from ml.evaluation.results import (
    Predictions,
    from_json,
    load_predictions,
    save_predictions,
    to_json,
)
from ml.expressions import EXPRESSIONS, Expression
from ml.network.classifier import ExpressionClassifier
from ml.network.weights import Weights
from resources import bundled_weights

A, D, F, H = Expression.ANGRY, Expression.DISGUST, Expression.FEAR, Expression.HAPPY


@pytest.fixture(scope="module")
def classifier(weights: Weights) -> ExpressionClassifier:
    return ExpressionClassifier(weights, "cpu", exact=True)


def some_split(seed: int, labels: Sequence[int]) -> Split:
    pictures = np.random.default_rng(seed).integers(0, 256, (len(labels), 48, 48), np.uint8)
    names = tuple(f"{seed}/{n}.png" for n in range(len(labels)))
    return Split(pictures, np.array(labels, np.int64), names)


def joined(*splits: Split) -> Split:
    return Split(
        np.concatenate([split.pictures for split in splits]),
        np.concatenate([split.labels for split in splits]),
        tuple(name for split in splits for name in split.names),
    )


def dataset_of(train: Split, validation: Split, test: Split | None = None) -> Dataset:
    return Dataset(train, validation, test, "made up", (), {}, "key", official=True)


@pytest.fixture
def dataset() -> Dataset:
    """Two of the five PublicTest pictures are in Training too."""
    train = some_split(1, list(EXPRESSIONS) * 2)
    repeated = Split(train.pictures[3:5], train.labels[3:5], ("x", "y"))
    return dataset_of(train, joined(some_split(2, [A, D, H]), repeated), some_split(3, [H, H, F]))


# Predictions


def test_probabilities_are_the_classifiers_with_the_temperature(
    weights: Weights, dataset: Dataset
) -> None:
    hot = ExpressionClassifier(replace(weights, temperature=3.0), "cpu", exact=True)
    of_test = predict(hot, dataset)["PrivateTest"]
    assert dataset.test is not None
    logits = torch.from_numpy(hot.logits(dataset.test.pictures))
    mirrored = torch.from_numpy(hot.logits(dataset.test.pictures[:, :, ::-1]))
    expected = torch.softmax(logits / 3, 1).numpy()
    both = (expected + torch.softmax(mirrored / 3, 1).numpy()) / 2
    np.testing.assert_allclose(of_test.single, expected, atol=1e-6)
    np.testing.assert_allclose(of_test.flip_averaged, both, atol=1e-6)
    assert np.abs(expected - both).max() > 1e-5  # else mirroring would be no test
    assert of_test.names == dataset.test.names


def test_symmetric_pictures_gain_nothing_from_flipping(classifier: ExpressionClassifier) -> None:
    split = some_split(4, [A, H])
    split.pictures[:, :, 24:] = split.pictures[:, :, 23::-1]
    predictions = predict(classifier, dataset_of(some_split(1, [A]), split))["PublicTest"]
    np.testing.assert_allclose(predictions.flip_averaged, predictions.single, atol=1e-6)


def test_training_is_left_out_unless_it_is_named(
    classifier: ExpressionClassifier, dataset: Dataset
) -> None:
    assert set(predict(classifier, dataset)) == {"PublicTest", "PrivateTest"}
    training = evaluate(classifier, dataset, splits=["Training"]).splits["Training"]
    assert training.full.single.pictures == 14
    assert training.without_training_duplicates is None


def test_pictures_that_are_in_training_too_are_marked_and_left_out(
    classifier: ExpressionClassifier, dataset: Dataset
) -> None:
    predictions = predict(classifier, dataset)
    assert predictions["PublicTest"].in_training.tolist() == [False] * 3 + [True] * 2
    split = evaluate(classifier, dataset).splits["PublicTest"]
    assert split.full.single.pictures == 5
    assert split.without_training_duplicates is not None
    without = evaluate(
        classifier, dataset_of(dataset.train, some_split(2, [A, D, H])), splits=["PublicTest"]
    )
    assert split.without_training_duplicates == without.splits["PublicTest"].full


def test_data_set_without_splits_is_evaluated_whole(
    classifier: ExpressionClassifier, dataset: Dataset
) -> None:
    everything = joined(dataset.train, dataset.validation)
    undivided = replace(dataset, undivided=everything)
    split = evaluate(classifier, undivided).splits["all"]
    assert split.full.single.pictures == 19
    # Its pictures are their own training split only in name.
    assert split.without_training_duplicates == split.full
    told = evaluate(classifier, undivided).protocol
    assert told != dataset.protocol
    assert "has seen" in told


@pytest.mark.parametrize("splits", [["Test"], ["PublicTest", "Test"]])
def test_unknown_split_is_named(
    classifier: ExpressionClassifier, dataset: Dataset, splits: list[str]
) -> None:
    with pytest.raises(ValueError, match="no split Test; it has Training, PublicTest, PrivateTest"):
        predict(classifier, dataset, splits=splits)


def test_empty_split_is_no_split(classifier: ExpressionClassifier) -> None:
    dataset = dataset_of(some_split(1, [A, H]), some_split(2, []))
    with pytest.raises(ValueError, match="no split but the training one; it has Training"):
        predict(classifier, dataset)
    with pytest.raises(ValueError, match="no split PublicTest"):
        predict(classifier, dataset, splits=["PublicTest"])


def test_progress_runs_from_nothing_to_all(
    classifier: ExpressionClassifier, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ml.evaluation.evaluate._CHUNK", 2)
    seen: list[tuple[int, int]] = []
    whole = predict(classifier, dataset, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(done, 8) for done in (0, 2, 4, 5, 7, 8)]
    assert [len(split.single) for split in whole.values()] == [5, 3]


def made_predictions(labels: list[int], chosen: list[int], confidences: list[float]) -> Predictions:
    probabilities = np.zeros((len(labels), len(EXPRESSIONS)), np.float32)
    probabilities[np.arange(len(labels)), chosen] = confidences
    return Predictions(
        names=tuple(f"grinning face {n} 😀.png" for n in range(len(labels))),
        labels=np.array(labels, np.int64),
        in_training=np.zeros(len(labels), np.bool_),
        single=probabilities,
        flip_averaged=probabilities[:, ::-1].copy(),
    )


def test_most_confident_mistakes_come_first() -> None:
    predictions = made_predictions(
        [A, H, A, A, A, A], [H, H, H, A, H, F], [0.5, 0.9, 0.8, 0.7, 0.6, 0.99]
    )
    assert predictions.cell(A, H).tolist() == [2, 4, 0]
    assert predictions.cell(A, A).tolist() == [3]
    assert predictions.cell(H, A).tolist() == []


def test_cells_hold_the_pictures_that_the_confusion_matrix_counts(
    classifier: ExpressionClassifier, dataset: Dataset
) -> None:
    predictions = predict(classifier, dataset)
    evaluation = summarise(predictions, "made up", 1.0)
    for name, split in evaluation.splits.items():
        for true in EXPRESSIONS:
            for predicted in EXPRESSIONS:
                counted = split.full.single.confusion[true][predicted]
                assert len(predictions[name].cell(true, predicted)) == counted


# Files


def test_evaluation_survives_json(classifier: ExpressionClassifier, dataset: Dataset) -> None:
    evaluation = evaluate(classifier, dataset)
    assert from_json(json.loads(json.dumps(to_json(evaluation), allow_nan=False))) == evaluation


def _without_a_row(data: dict[str, Any]) -> None:
    data["splits"]["PublicTest"]["full"]["single"]["confusion"].pop()


def _text_for_a_number(data: dict[str, Any]) -> None:
    data["splits"]["PublicTest"]["full"]["single"]["accuracy"]["low"] = "much"


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda data: data.pop("splits"), id="no splits"),
        pytest.param(lambda data: data.update(version=99), id="another version"),
        pytest.param(lambda data: data.update(classes=["happy"]), id="other classes"),
        pytest.param(lambda data: data.update(splits=[1]), id="a list of splits"),
        pytest.param(lambda data: data["splits"].update(x={"full": None}), id="half a split"),
        pytest.param(lambda data: data.update(temperature="warm"), id="text for the temperature"),
        pytest.param(_without_a_row, id="six rows"),
        pytest.param(_text_for_a_number, id="text for a number"),
    ],
)
def test_damaged_json_is_refused(
    classifier: ExpressionClassifier, dataset: Dataset, damage: Callable[[dict[str, Any]], object]
) -> None:
    data = json.loads(json.dumps(to_json(evaluate(classifier, dataset))))
    damage(data)
    with pytest.raises(ValueError, match=r"."):
        from_json(data)


def test_predictions_survive_their_file(tmp_path: Path) -> None:
    written = {
        "PublicTest": made_predictions([A, H], [H, H], [0.5, 0.9]),
        "a/b": made_predictions([F], [F], [1.0]),
    }
    save_predictions(written, tmp_path / "runs" / "predictions.npz")
    read = load_predictions(tmp_path / "runs" / "predictions.npz")
    assert list(read) == list(written)
    for name, split in written.items():
        assert read[name].names == split.names
        for field in ("labels", "in_training", "single", "flip_averaged"):
            np.testing.assert_array_equal(getattr(read[name], field), getattr(split, field))
    assert [file.name for file in (tmp_path / "runs").iterdir()] == ["predictions.npz"]


def _pickled(path: Path) -> None:
    np.savez(path, **{"x/names": np.array([{}], object)})  # type: ignore[arg-type]


def _short_labels(path: Path) -> None:
    good = made_predictions([A, H], [H, H], [0.5, 0.9])
    save_predictions({"x": replace(good, labels=good.labels[:1])}, path)


def _single_array(path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, np.zeros(3))


def _truncated(path: Path) -> None:
    save_predictions({"x": made_predictions([A, H], [H, H], [0.5, 0.9])}, path)
    path.write_bytes(path.read_bytes()[:-200])


@pytest.mark.parametrize(
    "make",
    [
        _pickled,
        _short_labels,
        _truncated,
        pytest.param(lambda path: path.write_bytes(b""), id="empty"),
        pytest.param(lambda path: path.write_text("rubbish"), id="rubbish"),
        pytest.param(lambda path: np.savez(path, labels=np.zeros(3)), id="another npz"),
        _single_array,
    ],
)
def test_what_holds_no_predictions_is_refused(
    tmp_path: Path, make: Callable[[Path], object]
) -> None:
    path = tmp_path / "predictions.npz"
    make(path)
    with pytest.raises(ValueError, match=r"predictions\.npz"):
        load_predictions(path)


# The bundled weights


@pytest.mark.data
def test_bundled_weights_give_what_they_record(fer2013_path: Path) -> None:
    """On PublicTest: what the model card and the README say is what comes out."""
    from ml.data.fer2013 import load
    from ml.network.weights_files import load_weights

    weights = load_weights(bundled_weights())
    recorded = weights.results["PublicTest"]
    evaluation = evaluate(
        ExpressionClassifier(weights, exact=True), load(fer2013_path), splits=["PublicTest"]
    )
    found = evaluation.splits["PublicTest"].full

    # Other processors round a picture or two differently, and copies of the data may be JPEGs.
    assert found.single.accuracy.value == pytest.approx(recorded["accuracy"], abs=0.005)
    assert found.flip_averaged.accuracy.value == pytest.approx(
        recorded["accuracy_flip_averaged"], abs=0.005
    )
    assert found.single.macro_f1.value == pytest.approx(recorded["macro_f1"], abs=0.01)
    assert all(0.6 <= c.predicted / c.support <= 1.6 for c in found.single.classes), "none starves"
