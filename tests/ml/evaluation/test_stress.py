from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from ml.cli import main
from ml.data.dataset import Split
from ml.evaluation.stress import STRESSES, Stress, format_stress_table, stress_table
from ml.network.classifier import ExpressionClassifier
from ml.network.weights_files import load_weights
from resources import bundled_weights
from tests.ml.training.tiny_runs import make_pictures


@pytest.fixture(scope="module")
def faces(portrait: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """[4, 48, 48], crops of a real face."""
    grey = portrait[:, :, 1]
    return np.stack([grey[y : y + 144 : 3, 150 : 150 + 144 : 3] for y in (20, 30, 40, 50)])


@pytest.mark.parametrize("stress", STRESSES, ids=lambda stress: stress.name)
def test_each_step_is_worse_and_the_same_every_time(
    stress: Stress, faces: npt.NDArray[np.uint8]
) -> None:
    before = faces.copy()
    steps = [stress(faces, level) for level in range(3)]

    assert all(step.shape == faces.shape and step.dtype == np.uint8 for step in steps)
    assert all(np.array_equal(step, stress(faces, level)) for level, step in enumerate(steps))
    away = [np.abs(step.astype(int) - faces).mean() for step in steps]
    assert 0.5 < away[0] < away[1] < away[2]
    assert np.array_equal(faces, before)


def test_table(faces: npt.NDArray[np.uint8]) -> None:
    classifier = ExpressionClassifier(load_weights(bundled_weights()), exact=True)
    labels = classifier.logits(faces).argmax(1)
    told: list[tuple[int, int]] = []
    names = tuple(f"{n}.png" for n in range(len(faces)))

    table = stress_table(classifier, Split(faces, labels, names), lambda *done: told.append(done))

    assert table["as they are"] == (1.0,)
    assert [len(table[stress.name]) for stress in STRESSES] == [3] * len(STRESSES)
    assert told[-1] == (1 + 3 * len(STRESSES), 1 + 3 * len(STRESSES))
    rows = format_stress_table(table).splitlines()
    assert rows[2] == "| as they are | 100.0 % |  |  |"
    mean = np.mean([table[stress.name][2] for stress in STRESSES])
    assert rows[-1].endswith(f"| {100 * mean:.1f} % |")


def test_nothing_to_make_worse() -> None:
    classifier = ExpressionClassifier(load_weights(bundled_weights()), exact=True)
    nothing = Split(np.empty((0, 48, 48), np.uint8), np.empty(0, np.int64), ())
    with pytest.raises(ValueError, match="no validation pictures"):
        stress_table(classifier, nothing)


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = make_pictures(tmp_path / "data")
    assert main(["stress", str(bundled_weights()), str(data)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(STRESSES) + 4
