"""An evaluation as text for the terminal, and its confusion matrix as an image."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from ml.evaluation.results import (
    ClassScores,
    Estimate,
    Evaluation,
    Measured,
    Scores,
    SplitEvaluation,
)
from ml.expressions import LABELS
from ml.files import replacing

Colour = tuple[int, int, int]

_CELL: Final = 124
_LEFT, _TOP, _RIGHT, _BOTTOM = 180, 230, 40, 76
_PAPER: Final = (255, 255, 255)
_INK: Final = (32, 36, 44)
_FAINT: Final = (105, 112, 124)
_NONE: Final = (244, 246, 249)
_FULL: Final = (16, 62, 128)


def format_evaluation(evaluation: Evaluation) -> str:
    """Text for the terminal: the metrics, classes and confusion matrix of every split."""
    lines = [f"Splits: {evaluation.protocol}", f"Temperature: {evaluation.temperature:.3g}"]
    for name, split in evaluation.splits.items():
        lines += ["", *_figures(name, split), ""]
        lines += [*_classes(split.full.single.classes), "", *_confusion(split.full.single)]
    return "\n".join(lines)


def _figures(name: str, split: SplitEvaluation) -> list[str]:
    rows = [_measured(f"{name}, all {split.full.single.pictures:,} pictures", split.full)]
    if split.without_training_duplicates:
        pictures = split.without_training_duplicates.single.pictures
        rows.append(
            _measured(f"{pictures:,} not in the training split", split.without_training_duplicates)
        )
    header = ["", "accuracy (95 %)", "macro-F1 (95 %)", "top-2", "calibration error"]
    return _table([header, *(row for pair in rows for row in pair)])


def _measured(title: str, measured: Measured) -> list[list[str]]:
    return [
        [
            row,
            _percent(scores.accuracy.value) + f" ({_range(scores.accuracy)})",
            f"{scores.macro_f1.value:.3f} ({scores.macro_f1.low:.3f}–{scores.macro_f1.high:.3f})",
            _percent(scores.top2),
            _percent(scores.calibration_error),
        ]
        for row, scores in (
            (title, measured.single),
            ("  with flip averaging", measured.flip_averaged),
        )
    ]


def _classes(classes: Sequence[ClassScores]) -> list[str]:
    header = ["", "precision", "recall", "F1", "pictures", "predicted", "predicted ÷ pictures"]
    rows = [
        [
            label,
            _percent(scores.precision),
            _percent(scores.recall),
            f"{scores.f1:.3f}",
            f"{scores.support:,}",
            f"{scores.predicted:,}",
            "–" if scores.ratio is None else f"{scores.ratio:.2f}",
        ]
        for label, scores in zip(LABELS, classes, strict=True)
    ]
    return _table([header, *rows])


def _confusion(scores: Scores) -> list[str]:
    rows = [
        [label, *(f"{count:,}" for count in counts)]
        for label, counts in zip(LABELS, scores.confusion, strict=True)
    ]
    return _table([["true ↓  predicted →", *LABELS], *rows])


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns: the first aligned to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _range(estimate: Estimate, to: str = "–") -> str:
    return f"{100 * estimate.low:.1f}{to}{100 * estimate.high:.1f}"


def save_confusion_png(evaluation: Evaluation, path: Path, split: str | None = None) -> None:
    """Draw the confusion matrix of ``split``, or of the last one, on all its pictures.

    The larger a cell's share of its row, that is of the true class, the darker it is.
    """
    name = split or list(evaluation.splits)[-1]
    with replacing(path) as file:
        _drawn(name, evaluation.splits[name].full.single).save(file, "PNG", optimize=True)


def _drawn(name: str, scores: Scores) -> Image.Image:
    side = _CELL * len(LABELS)
    image = Image.new("RGB", (_LEFT + side + _RIGHT, _TOP + side + _BOTTOM), _PAPER)
    draw = ImageDraw.Draw(image)
    large, medium, small = (ImageFont.load_default(size) for size in (38, 26, 20))

    # Pillow's own font has no dashes.
    accuracy = f"Accuracy {_percent(scores.accuracy.value)}, 95 % confidence interval "
    accuracy += f"{_range(scores.accuracy, to=' to ')} %"
    draw.text((_LEFT, 36), f"{name}, {scores.pictures:,} pictures", _INK, large)
    draw.text((_LEFT, 92), accuracy, _FAINT, medium)
    draw.text((_LEFT + side / 2, _TOP - 62), "Predicted", _FAINT, small, anchor="ms")
    draw.text((_LEFT - 14, _TOP - 18), "True", _FAINT, small, anchor="rs")

    for row, label in enumerate(LABELS):
        middle = (row + 0.5) * _CELL
        support = scores.classes[row].support
        draw.text((_LEFT + middle, _TOP - 18), label.title(), _INK, medium, anchor="ms")
        draw.text((_LEFT - 14, _TOP + middle), label.title(), _INK, medium, anchor="rs")
        draw.text((_LEFT - 14, _TOP + middle + 28), f"{support:,}", _FAINT, small, anchor="rs")
        for column, count in enumerate(scores.confusion[row]):
            share = count / support if support else 0.0
            x, y = _LEFT + column * _CELL, _TOP + row * _CELL
            draw.rectangle((x + 1, y + 1, x + _CELL - 2, y + _CELL - 2), _shade(share))
            ink = _PAPER if share > 0.5 else _INK
            draw.text((x + _CELL / 2, y + 62), f"{100 * share:.0f} %", ink, medium, anchor="ms")
            draw.text((x + _CELL / 2, y + 92), f"{count:,}", ink, small, anchor="ms")
    note = "Shades and percentages are shares of the true class (the row)."
    draw.text((_LEFT, _TOP + side + 44), note, _FAINT, small, anchor="ls")
    return image


def _shade(share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share**0.7) for a, b in zip(_NONE, _FULL, strict=True))
    return red, green, blue
