"""Curves in files."""

from __future__ import annotations

import csv
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit
from pytestqt.qtbot import QtBot

from app.theme import LIGHT
from app.training.progress.curves import Curves
from tests.app.training.progress.drawn_curves import point_at, run


def test_the_picture_is_sharper_than_the_screen(two_runs: Curves, tmp_path: Path) -> None:
    two_runs.export(tmp_path / "curves.png")
    picture = QImage(str(tmp_path / "curves.png"))
    assert picture.size() == two_runs.canvas.size() * 2
    colours = {
        picture.pixelColor(x, y).name()
        for x in range(0, picture.width(), 2)
        for y in range(0, picture.height(), 2)
    }
    assert {run(two_runs, key).colour(LIGHT).name() for key in "ab"} <= colours


def test_the_drawing_has_the_legend_and_the_axes(two_runs: Curves, tmp_path: Path) -> None:
    two_runs.export(tmp_path / "curves.svg")
    root = ElementTree.parse(tmp_path / "curves.svg").getroot()
    assert root.tag.endswith("svg")
    words = " ".join(root.itertext())
    for word in ("quick", "validation", "train", "Loss", "Accuracy", "Epoch"):
        assert word in words


def test_the_numbers_are_all_there(two_runs: Curves, tmp_path: Path) -> None:
    two_runs.export(tmp_path / "curves.CSV")
    with (tmp_path / "curves.CSV").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["run"], row["epoch"]) for row in rows] == [
        ("quick", "1"),
        ("quick", "2"),
        ('with, "marks"', "1"),
    ]
    assert float(rows[1]["validation_accuracy"]) == 0.4
    assert rows[2]["validation_accuracy"] == ""


def test_what_the_pointer_shows_is_not_in_the_picture(two_runs: Curves, tmp_path: Path) -> None:
    two_runs._redraw()
    two_runs.export(tmp_path / "before.png")
    point_at(two_runs, 1)
    two_runs.export(tmp_path / "after.png")
    assert QImage(str(tmp_path / "before.png")) == QImage(str(tmp_path / "after.png"))


@pytest.mark.parametrize("suffix", [".png", ".svg", ".csv"])
def test_a_place_that_cannot_be_written_is_told(
    two_runs: Curves, tmp_path: Path, qtbot: QtBot, suffix: str
) -> None:
    (tmp_path / "file").write_text("in the way")
    path = tmp_path / "file" / f"curves{suffix}"
    with qtbot.waitSignal(two_runs.message) as told:
        two_runs.export(path)
    assert str(path) in told.args[0]
    assert (tmp_path / "file").read_text() == "in the way"


def test_what_was_there_stays_when_writing_fails(
    two_runs: Curves, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    path = tmp_path / "curves.csv"
    path.write_text("old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with qtbot.waitSignal(two_runs.message) as told:
        two_runs.export(path)
    assert "No space left on device" in told.args[0]
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["curves.csv"]


def test_the_menu_asks_where(two_runs: Curves, tmp_path: Path, qtbot: QtBot) -> None:
    def answer() -> None:
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, QFileDialog)
        dialog.findChild(QLineEdit).setText(str(tmp_path / "mine"))
        dialog.accept()

    QTimer.singleShot(200, answer)
    actions = two_runs.export_button.menu().actions()
    assert len(actions) == 3
    actions[2].trigger()
    qtbot.waitUntil(lambda: (tmp_path / "mine.csv").exists())
