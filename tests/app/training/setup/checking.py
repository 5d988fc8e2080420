"""Letting a panel check its data, and reading what it lists."""

from __future__ import annotations

from pathlib import Path

from pytestqt.qtbot import QtBot

from app.training.setup.dataset_panel import DatasetPanel
from ml.expressions import LABELS

CHECKING = 60_000
"""Milliseconds that a check may take."""
CLASSES = len(LABELS)


def checked(panel: DatasetPanel, qtbot: QtBot, path: Path) -> None:
    panel.choose(path)
    qtbot.waitUntil(lambda: not panel._process.running, timeout=CHECKING)


def details(panel: DatasetPanel) -> dict[str, list[str]]:
    groups = (panel.details.topLevelItem(n) for n in range(panel.details.topLevelItemCount()))
    return {
        group.text(0): [group.child(n).text(0) for n in range(group.childCount())]
        for group in groups
        if group is not None
    }
