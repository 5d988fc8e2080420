"""Sample pictures, drawn from real files."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.training.setup.contact_sheet import EACH
from app.training.setup.dataset_panel import DatasetPanel
from ml.expressions import Expression
from tests.app.training.setup.checking import CHECKING, checked


def test_sample_pictures(panel: DatasetPanel, qtbot: QtBot, folder: Path) -> None:
    checked(panel, qtbot, folder)
    panel.samples.click()
    sheet = panel._sheet
    assert sheet is not None
    assert not sheet.isModal()
    qtbot.waitUntil(sheet.others.isEnabled, timeout=CHECKING)
    for expression, labels in sheet.pictures.items():
        names = [label.toolTip() for label in labels if label.toolTip()]
        assert len(names) == (10 if expression is Expression.SAD else 4)
        assert len(set(names)) == len(names) <= EACH
        assert all(f"train/{expression.label}/" in name for name in names)
        assert all(label.pixmap().isNull() is (not label.toolTip()) for label in labels)

    before = [label.toolTip() for label in sheet.pictures[Expression.SAD]]
    for _ in range(20):  # some draw is another
        sheet.others.click()
        qtbot.waitUntil(sheet.others.isEnabled, timeout=CHECKING)
        if [label.toolTip() for label in sheet.pictures[Expression.SAD]] != before:
            break
    else:
        pytest.fail("the same ten pictures in the same order, twenty times")


def test_sample_pictures_of_what_is_gone(
    panel: DatasetPanel, qtbot: QtBot, folder: Path, tmp_path: Path
) -> None:
    checked(panel, qtbot, folder)
    folder.rename(tmp_path / "away")
    panel.samples.click()
    assert panel._sheet is not None
    qtbot.waitUntil(panel._sheet.others.isEnabled, timeout=CHECKING)
    assert str(folder) in panel._sheet.note.text()
    panel.choose(tmp_path / "away")
    assert not panel._sheet.isVisible()


def test_closing_while_pictures_are_drawn(qtbot: QtBot, folder: Path) -> None:
    panel = DatasetPanel()
    qtbot.addWidget(panel)
    checked(panel, qtbot, folder)
    panel.samples.click()
    assert panel.shut_down()
