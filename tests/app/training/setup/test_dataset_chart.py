"""The bars, of data that was really checked."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from app.theme import current_theme
from app.training.setup.dataset_panel import DatasetPanel
from ml.expressions import Expression
from tests.app.training.setup.checking import CLASSES, checked


def test_bars_are_as_long_as_their_counts(panel: DatasetPanel, qtbot: QtBot, folder: Path) -> None:
    checked(panel, qtbot, folder)
    panel.chart.resize(600, 300)
    image = panel.chart.grab().toImage()
    accent = QColor(current_theme().accent).rgb()
    rows: list[int] = []
    for y in range(image.height()):
        length = sum(image.pixel(x, y) == accent for x in range(image.width()))
        if length and (not rows or y - rows[-1] > 1):
            rows.append(y)
        elif length:
            rows[-1] = y
    lengths = [sum(image.pixel(x, y - 2) == accent for x in range(image.width())) for y in rows]
    bars = lengths[-CLASSES:]  # above them is the line that explains the shade
    assert bars[Expression.SAD] == pytest.approx(2.5 * bars[Expression.HAPPY], rel=0.05)
    assert bars[Expression.ANGRY] == pytest.approx(bars[Expression.NEUTRAL], abs=1)


def test_counts_are_also_told_to_those_who_see_no_bars(
    panel: DatasetPanel, qtbot: QtBot, folder: Path
) -> None:
    checked(panel, qtbot, folder)
    assert "Training: angry 4" in panel.chart.accessibleDescription()
