"""The stress table: accuracy on validation pictures degraded as by a webcam, at three strengths.

For choosing between networks without looking at PrivateTest. A network may have been trained with
most of these degradations: ``ml.training.augmentation`` has them up to about the medium strengths,
and glasses up to the severe ones; but its tilts and shifts are small, and it turns no heads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from ml.data import degradation
from ml.data.dataset import Split
from ml.network.classifier import ExpressionClassifier


@dataclass(frozen=True)
class Stress:
    """A way to degrade pictures."""

    name: str
    unit: str
    """Of the strengths, in words."""
    strengths: tuple[float, float, float]
    """From slight to severe."""
    way: degradation.Way

    def __call__(self, pictures: degradation.Picture, level: int) -> degradation.Picture:
        """``pictures`` uint8 [N, 48, 48], degraded the same way every time; ``level`` is 0 to 2."""
        random = np.random.default_rng(level)
        strength = self.strengths[level]
        return np.stack(
            [degradation.degraded(self.way, picture, strength, random) for picture in pictures]
        )


def stress_table(
    classifier: ExpressionClassifier,
    split: Split,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, tuple[float, ...]]:
    """Accuracy, without flip averaging: on the pictures as they are, then by stress and strength.

    ``progress`` is called with the evaluations done and in total. Raises ValueError without
    pictures.
    """
    if not len(split):
        raise ValueError("The data set has no validation pictures to degrade.")
    total = 1 + 3 * len(STRESSES)
    table: dict[str, tuple[float, ...]] = {
        "as they are": (_accuracy(classifier, split, split.pictures),)
    }
    for n, stress in enumerate(STRESSES):
        accuracies = []
        for level in range(3):
            if progress is not None:
                progress(1 + 3 * n + level, total)
            accuracies.append(_accuracy(classifier, split, stress(split.pictures, level)))
        table[stress.name] = tuple(accuracies)
    if progress is not None:
        progress(total, total)
    return table


def format_stress_table(table: dict[str, tuple[float, ...]]) -> str:
    """The table in Markdown, with the mean of all stresses in the last row."""
    about = {stress.name: stress for stress in STRESSES}
    lines = ["| validation pictures | slight | medium | severe |", "|---|---|---|---|"]
    for name, accuracies in table.items():
        if name in about:
            stress = about[name]
            name += f" ({stress.unit} {', '.join(f'{s:g}' for s in stress.strengths)})"
        cells = [f"{accuracy:.1%}".replace("%", " %") for accuracy in accuracies]
        lines.append(f"| {' | '.join([name, *cells, '', ''][:4])} |")
    worse = np.array([table[stress.name] for stress in STRESSES])
    means = [f"{mean:.1%}".replace("%", " %") for mean in worse.mean(axis=0)]
    lines.append(f"| mean of the {len(STRESSES)} | {' | '.join(means)} |")
    return "\n".join(lines)


def _accuracy(
    classifier: ExpressionClassifier, split: Split, pictures: degradation.Picture
) -> float:
    return float((classifier.logits(pictures).argmax(1) == split.labels).mean())


STRESSES: Final = (
    Stress("far away", "pixels", (36, 24, 16), degradation.far),
    Stress("out of focus", "sigma, pixels", (0.8, 1.4, 2.0), degradation.blurred),
    Stress("moving", "pixels", (3, 5, 7), degradation.moved),
    Stress("noisy", "sigma, grey levels", (8, 16, 24), degradation.noisy),
    Stress("compressed", "JPEG quality", (40, 20, 10), degradation.compressed),
    Stress("dim room", "gain", (0.5, 0.3, 0.15), degradation.dim),
    Stress("backlit", "gain", (0.7, 0.5, 0.3), degradation.backlit),
    Stress("glasses", "shade of the lenses", (0.0, 0.4, 0.8), degradation.wearing_glasses),
    Stress("turned head", "degrees", (20, 35, 50), degradation.turned),
    Stress("tilted head", "degrees", (10, 20, 30), degradation.tilted),
    Stress("misplaced box", "share of the side", (0.06, 0.12, 0.18), degradation.misplaced),
)
