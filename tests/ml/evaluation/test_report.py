"""The evaluation as text and as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from ml.evaluation.metrics import measure
from ml.evaluation.report import format_evaluation, save_confusion_png
from ml.evaluation.results import Evaluation, Measured, SplitEvaluation
from ml.expressions import EXPRESSIONS, LABELS, Expression


def some_evaluation(labels: Sequence[int], predicted: Sequence[int]) -> Evaluation:
    probabilities = np.full((len(labels), len(EXPRESSIONS)), 0.05, np.float32)
    probabilities[np.arange(len(labels)), predicted] = 0.7
    scores = measure(np.array(labels), probabilities)
    split = SplitEvaluation(Measured(scores, scores), None)
    return Evaluation("made up", 1.5, {"validation": split, "test": split})


H, S = Expression.HAPPY, Expression.SAD


def test_text_names_every_figure() -> None:
    text = format_evaluation(some_evaluation([H, H, H, S], [H, H, S, S]))
    assert "Splits: made up" in text
    assert "Temperature: 1.5" in text
    for name in ("validation", "test"):
        assert f"{name}, all 4 pictures" in text
    for expected in ("75.0 %", "with flip averaging", "precision", "recall", "top-2", *LABELS):
        assert expected in text
    happy = next(line for line in text.splitlines() if line.startswith("happy"))
    assert happy.split() == ["happy", "100.0", "%", "66.7", "%", "0.800", "3", "2", "0.67"]


def test_columns_line_up() -> None:
    text = format_evaluation(some_evaluation([H] * 12_000, [H] * 11_000 + [S] * 1_000))
    block = text.split("\n\n")[2].splitlines()
    assert len({len(line) for line in block}) == 1


def test_class_without_pictures_has_no_ratio() -> None:
    text = format_evaluation(some_evaluation([H], [S]))
    sad = next(line for line in text.splitlines() if line.startswith("sad"))
    assert sad.split()[-3:] == ["0", "1", "–"]


@pytest.mark.parametrize("name", [None, "validation"])
def test_picture_shades_the_shares_of_the_rows(tmp_path: Path, name: str | None) -> None:
    path = tmp_path / "new" / "confusion.png"
    # All happy ones right; of the sad ones one in four, the rest taken for happy.
    save_confusion_png(some_evaluation([H] * 5 + [S] * 4, [H] * 5 + [S, H, H, H]), path, name)
    picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    assert picture is not None

    left, top, cell = 180, 230, 124

    def shade(true: Expression, predicted: Expression) -> int:
        """Of the corner of a cell, where nothing is written."""
        return int(picture[top + true * cell + 10, left + predicted * cell + 10])

    assert shade(H, H) < shade(S, H) < shade(S, S) < shade(H, S)
    empty = shade(Expression.FEAR, Expression.FEAR)  # a class without pictures
    assert empty == shade(H, S)
    assert list(path.parent.iterdir()) == [path]
