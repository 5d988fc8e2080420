"""What the table of past runs shows, with real run folders."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from app.training.runs.runs_model import Column
from app.training.runs.runs_panel import RunsPanel
from tests.app.training.runs.panel_steps import cell, column, row_of, select, tool_tip


def test_every_run_is_listed_with_its_figures(panel: RunsPanel) -> None:
    assert column(panel, Column.NAME)[:4] == ["failed", "crashed", "finished", "stopped"]
    words = [cell(panel, "finished", which) for which in Column if which is not Column.STARTED]
    assert words == [
        "finished", "Finished", "faces.zip", "quick", "8 / 8", "70.0%", "71.0%", "0.690",
        "4 min 00 s", "",
    ]  # fmt: skip
    assert cell(panel, "finished", Column.STARTED)
    assert cell(panel, "crashed", Column.TEST) == ""
    assert panel.count.text() == "6 runs"


def test_each_state_has_a_word_and_a_mark(panel: RunsPanel) -> None:
    marks = set()
    for name, word in (
        ("finished", "Finished"), ("stopped", "Stopped"), ("crashed", "Crashed"),
        ("failed", "Failed"), ("half", "Damaged"),
    ):  # fmt: skip
        assert cell(panel, name, Column.STATE) == word
        icon = panel.table.model().index(row_of(panel, name), Column.STATE).data(
            Qt.ItemDataRole.DecorationRole
        )  # fmt: skip
        image = icon.pixmap(16).toImage()
        opaque = frozenset(
            (x, y)
            for x in range(image.width())
            for y in range(image.height())
            if image.pixelColor(x, y).alpha() > 99
        )
        marks.add(opaque)
    assert len(marks) == 5


def test_what_is_damaged_says_why_and_is_left_alone(panel: RunsPanel, runs: Path) -> None:
    assert "not a run folder" in tool_tip(panel, "holiday", Column.STATE)
    assert "damaged" in tool_tip(panel, "half", Column.NAME)
    assert "disk is full" in tool_tip(panel, "failed", Column.STATE)
    for name in ("holiday", "half"):
        select(panel, name)
        assert not panel.resume.isEnabled()
        assert not panel.rename.isEnabled()
        assert not panel.write_note.isEnabled()
    assert [path.name for path in (runs / "holiday").iterdir()] == ["beach.jpg"]


@pytest.mark.parametrize("descending", [False, True])
def test_what_is_not_known_is_sorted_last(panel: RunsPanel, descending: bool) -> None:
    order = Qt.SortOrder.DescendingOrder if descending else Qt.SortOrder.AscendingOrder
    panel.table.sortByColumn(Column.VALIDATION, order)
    known = ["failed", "crashed", "stopped", "finished"]
    assert column(panel, Column.NAME)[:4] == (known[::-1] if descending else known)
    panel.table.sortByColumn(Column.TEST, order)
    assert column(panel, Column.NAME)[0] == "finished"
