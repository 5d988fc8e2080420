from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from ml.data.dataset import Dataset
from ml.data.fer2013 import load
from ml.expressions import ALPHABETICAL, LABELS, Expression
from ml.network.architecture import Architecture
from ml.network.classifier import ExpressionClassifier
from ml.network.model import ResEmoteNet, state_of
from ml.network.weights import Weights
from ml.network.weights_files import save_weights
from ml.training.config import TrainConfig
from ml.training.targets import Targets, class_weights, likely_labels
from tests.ml.training.tiny_runs import make_pictures

CPU = torch.device("cpu")
SMALL = Architecture(channels=(4, 4, 16, 8, 8, 8), head=(8, 8, 8), in_channels=1, input_size=16)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return load(make_pictures(tmp_path_factory.mktemp("pictures"), train=3, others=1))


def teacher(path: Path, seed: int) -> Path:
    torch.manual_seed(seed)
    state = state_of(ResEmoteNet(SMALL))
    save_weights(Weights(SMALL, state, (0.5,), (0.2,), ALPHABETICAL), path)
    return path


def test_labels_are_certain(dataset: Dataset) -> None:
    targets = Targets(TrainConfig(), dataset, CPU).of(np.array([0, 20]))
    labels = torch.from_numpy(dataset.train.labels[[0, 20]])
    assert torch.equal(targets[:, 0], F.one_hot(labels, 7).float())


def test_the_loss_is_the_cross_entropy(dataset: Dataset) -> None:
    targets = Targets(TrainConfig(label_smoothing=0.1), dataset, CPU)
    logits = torch.randn(21, 7)
    labels = torch.from_numpy(dataset.train.labels)
    expected = F.cross_entropy(logits, labels, label_smoothing=0.1)
    torch.testing.assert_close(targets.loss(logits, targets.of(np.arange(21))), expected)


def test_what_ferplus_votes_tell_is_blended_in(dataset: Dataset, tmp_path: Path) -> None:
    """All pictures have the same votes, which then tell nothing but how common each label is."""
    path = tmp_path / "ferplus.csv"
    columns = "neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
    rows = [f"file,{columns}"] + [
        f"train/{label}/Training_{number}.png,0,5,0,5,0,0,0,0,0,0"
        for label in LABELS
        for number in range(3)
    ]
    path.write_text("\n".join(rows))
    config = TrainConfig(ferplus=str(path), ferplus_weight=0.4)
    targets = Targets(config, dataset, CPU).of(np.arange(21))[:, 0]
    of_anger = targets[torch.from_numpy(dataset.train.labels) == Expression.ANGRY]
    expected = torch.full((7,), 0.4 / 7)
    expected[Expression.ANGRY] += 0.6
    torch.testing.assert_close(of_anger, expected.expand(3, 7))


def test_votes_are_told_in_the_labels_terms() -> None:
    """Where people vote neutral, the labels here say sad three times in four."""
    votes = torch.zeros(800, 10)
    votes[:400, Expression.NEUTRAL] = 1
    votes[400:, Expression.HAPPY] = 1
    labels = torch.tensor(
        [Expression.SAD] * 300 + [Expression.NEUTRAL] * 100 + [Expression.HAPPY] * 400
    )
    likely = likely_labels(votes, labels)
    assert likely.dtype == torch.float32
    torch.testing.assert_close(likely.sum(1), torch.ones(800))
    of_neutral, of_happy = likely[0], likely[-1]
    assert of_neutral[Expression.SAD] == pytest.approx(0.75, abs=0.02)
    assert of_neutral[Expression.NEUTRAL] == pytest.approx(0.25, abs=0.02)
    assert of_happy[Expression.HAPPY] > 0.97


def test_teachers_are_averaged_over_both_views(dataset: Dataset, tmp_path: Path) -> None:
    paths = [teacher(tmp_path / f"{seed}.safetensors", seed) for seed in (1, 2)]
    config = TrainConfig(
        teacher=tuple(map(str, paths)), teacher_weight=0.3, teacher_temperature=2.0
    )
    targets = Targets(config, dataset, CPU)
    from ml.network.weights_files import load_weights

    pictures = dataset.train.pictures
    logits = torch.stack(
        [
            torch.from_numpy(
                ExpressionClassifier(load_weights(path), "cpu", exact=True).logits(view)
            )
            for path in paths
            for view in (pictures, pictures[:, :, ::-1])
        ]
    ).mean(0)
    expected = torch.softmax(logits / 2, dim=1)
    both = targets.of(np.arange(21))
    torch.testing.assert_close(both[:, 1], expected)

    answers = torch.randn(21, 7)
    hard = F.cross_entropy(answers, both[:, 0], label_smoothing=0.1)
    soft = F.cross_entropy(answers / 2, expected) * 4
    torch.testing.assert_close(targets.loss(answers, both), 0.7 * hard + 0.3 * soft)


@pytest.mark.parametrize(("weighting", "ratio"), [("none", 1.0), ("sqrt", 3.0), ("balanced", 9.0)])
def test_rare_classes_can_count_more(weighting: str, ratio: float) -> None:
    labels = torch.tensor([0] * 9 + [1] + [2] * 9)
    weights = class_weights(labels, weighting)
    assert weights[1] / weights[0] == pytest.approx(ratio)
    assert weights[labels].mean() == pytest.approx(1)
    assert weights.isfinite().all()  # also for classes without pictures
