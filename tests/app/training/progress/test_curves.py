from __future__ import annotations

import csv
import math
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pyqtgraph as pg
import pytest
from PySide6.QtCore import QPoint, QPointF, QTimer
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit
from pytestqt.qtbot import QtBot

from app.theme import DARK, LIGHT
from app.training.progress.curves import Curves
from app.training.progress.curves_run import (
    MACRO_F1,
    TRAIN,
    VALIDATION,
    Appearance,
    RunCurves,
    smoothed,
)
from ml.runs.events import Batch, Epoch


def an_epoch(number: int, accuracy: float = 0.5, loss: float = 1.0) -> Epoch:
    return Epoch(
        number,
        train_loss=loss,
        train_accuracy=accuracy + 0.1,
        validation_loss=loss + 0.5,
        validation_accuracy=accuracy,
        validation_macro_f1=accuracy - 0.05,
        learning_rate=0.001,
        seconds=10.0,
        best=False,
    )


def a_batch(epoch: int, batch: int, loss: float = 0.7, accuracy: float = 0.6) -> Batch:
    return Batch(epoch, batch, 10, loss, accuracy, 0.001, 900.0, 5.0, 50.0)


@pytest.fixture
def curves(qtbot: QtBot) -> Curves:
    curves = Curves()
    qtbot.addWidget(curves)
    curves.resize(1000, 500)
    with qtbot.waitExposed(curves):
        curves.show()
    return curves


def run(curves: Curves, key: str = "a") -> RunCurves:
    return curves._runs[key]


def drawn(curves: Curves, field: str, key: str = "a") -> list[tuple[float, float]]:
    """What the screen shows of that field, once the window got to draw."""
    curves._redraw()
    halves = run(curves, key)._halves
    item = next(half._curves[field] for half in halves if field in half._curves)
    x, y = item.getOriginalDataset()
    return [] if x is None else list(zip(x.tolist(), y.tolist(), strict=True))


def live(curves: Curves) -> list[list[tuple[float, float]]]:
    curves._redraw()
    points = [half._live.getOriginalDataset() for half in run(curves)._halves]
    return [[] if x is None else list(zip(x.tolist(), y.tolist(), strict=True)) for x, y in points]


def legend(curves: Curves) -> list[str]:
    curves._redraw()
    return [entry.text + entry.detail for entry in curves._legend.entries]


# What is shown


def test_a_run_is_drawn_epoch_by_epoch(curves: Curves) -> None:
    curves.set_run("a", "quick", [an_epoch(1, 0.3, 1.8)])
    curves.add_epoch("a", an_epoch(2, 0.4, 1.6))
    assert drawn(curves, "train_loss") == [(1, 1.8), (2, 1.6)]
    assert drawn(curves, "validation_accuracy") == [(1, 0.3), (2, 0.4)]


def test_an_epoch_that_comes_again_takes_its_place(curves: Curves) -> None:
    curves.set_run("a", "quick", [an_epoch(1, 0.3), an_epoch(2, 0.4), an_epoch(3, 0.6)])
    curves.add_epoch("a", an_epoch(2, 0.5))
    assert drawn(curves, "validation_accuracy") == [(1, 0.3), (2, 0.5), (3, 0.6)]


def test_setting_a_run_again_forgets_what_it_no_longer_has(curves: Curves) -> None:
    curves.set_run("a", "quick", [an_epoch(n) for n in (1, 2, 3)])
    curves.set_progress("a", a_batch(4, 5))
    curves.set_run("a", "renamed", [an_epoch(1)])
    assert drawn(curves, "train_loss") == [(1, 1.0)]
    assert live(curves) == [[], []]
    assert "renamed" in legend(curves)[0]


def test_epochs_are_drawn_in_order_whatever_order_they_come_in(curves: Curves) -> None:
    for number in (3, 1, 2):
        curves.add_epoch("a", an_epoch(number, 0.1 * number))
    assert [x for x, _ in drawn(curves, "train_loss")] == [1, 2, 3]


def test_progress_goes_on_from_the_last_epoch(curves: Curves) -> None:
    curves.set_run("a", "quick", [an_epoch(1, 0.5, 1.0)])
    curves.set_progress("a", a_batch(2, 2, 0.9, 0.61))
    curves.set_progress("a", a_batch(2, 5, 0.8, 0.62))
    loss, accuracy = live(curves)
    assert loss == [(1, 1.0), (1.2, 0.9), (1.5, 0.8)]
    assert accuracy == [(1, 0.6), (1.2, 0.61), (1.5, 0.62)]


def test_progress_of_the_first_epoch_stands_alone(curves: Curves) -> None:
    curves.set_progress("a", a_batch(1, 5, 1.9, 0.2))
    assert live(curves) == [[(0.5, 1.9)], [(0.5, 0.2)]]


def test_progress_ends_with_its_epoch_and_begins_anew(curves: Curves) -> None:
    curves.set_progress("a", a_batch(1, 9))
    curves.add_epoch("a", an_epoch(1))
    assert live(curves) == [[], []]
    curves.set_progress("a", a_batch(2, 3))
    assert [x for x, _ in live(curves)[0]] == [1, 1.3]


def test_progress_that_goes_back_after_a_resume_begins_anew(curves: Curves) -> None:
    for n in (2, 6, 8):
        curves.set_progress("a", a_batch(1, n))
    curves.set_progress("a", a_batch(1, 5))
    assert [x for x, _ in live(curves)[0]] == [0.5]


def test_runs_can_be_removed_and_cleared(curves: Curves) -> None:
    for key in "abc":
        curves.set_run(key, f"run {key}", [an_epoch(1)])
    curves.remove_run("b")
    curves.remove_run("nobody")
    assert [text.split("  ")[0] for text in legend(curves)[:2]] == ["run a", "run c"]
    curves.clear()
    assert not curves._runs
    assert len(legend(curves)) == 1


def test_nothing_of_a_removed_run_stays_in_the_plots(curves: Curves) -> None:
    plots = (curves._loss, curves._accuracy)
    before = [len(plot.items) for plot in plots]
    curves.set_run("a", "quick", [an_epoch(1)])
    curves.set_progress("a", a_batch(2, 3))
    curves._redraw()
    assert all(len(plot.items) > n for plot, n in zip(plots, before, strict=True))
    curves.remove_run("a")
    assert [len(plot.items) for plot in plots] == before


def test_two_runs_of_one_name_are_two_runs(curves: Curves) -> None:
    curves.set_run("a", "same", [an_epoch(1)])
    curves.set_run("b", "same", [an_epoch(1), an_epoch(2)])
    assert len(drawn(curves, "train_loss", "a")) == 1
    assert len(drawn(curves, "train_loss", "b")) == 2


def test_runs_differ_in_colour_and_in_symbol_and_keep_both(curves: Curves) -> None:
    for key in "abcde":
        curves.set_run(key, key, [an_epoch(1)])
    runs = list(curves._runs.values())
    for theme in (LIGHT, DARK):
        assert len({one.colour(theme).name() for one in runs}) == len(runs)
    assert len({one.symbol for one in runs}) == len(runs)
    kept = run(curves, "b")
    curves.remove_run("a")
    assert run(curves, "b") is kept
    curves.set_run("f", "f", [])
    assert run(curves, "f").symbol not in {run(curves, key).symbol for key in "bcde"}


def test_every_line_stands_out_from_its_background(curves: Curves) -> None:
    def luminance(name: str) -> float:
        parts = [int(name[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))

    for n in range(6):
        curves.set_run(str(n), str(n), [])
    for theme in (LIGHT, DARK):
        surface = luminance(theme.surface)
        for one in curves._runs.values():
            low, high = sorted((surface, luminance(one.colour(theme).name())))
            assert (high + 0.05) / (low + 0.05) >= 3  # WCAG 2.1, 1.4.11


def test_kinds_of_curves_differ_in_more_than_colour() -> None:
    assert len({line.dashes for line in (VALIDATION, TRAIN, MACRO_F1)}) == 3
    assert VALIDATION.dashes == ()


def test_the_best_epoch_is_marked_with_its_value(curves: Curves) -> None:
    curves.set_run("a", "quick", [an_epoch(1, 0.3), an_epoch(2, 0.725), an_epoch(3, 0.6)])
    assert "72.5%" in legend(curves)[0]
    assert "epoch 2" in legend(curves)[0]
    x, y = run(curves)._ring.getData()
    assert (x.tolist(), y.tolist()) == ([2], [0.725])
    assert run(curves)._value.toPlainText() == "72.5%"


def test_what_is_drawn_is_also_told_to_who_cannot_see_it(curves: Curves) -> None:
    curves.set_run("a", "quick", [an_epoch(7, 0.725)])
    curves._redraw()
    assert "quick  best 72.5% in epoch 7" in curves.canvas.accessibleDescription()


def test_a_thousand_things_at_once_are_drawn_once(
    curves: Curves, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    redraws = []
    redraw = RunCurves.redraw

    def counted(run: RunCurves, appearance: Appearance) -> None:
        redraws.append(run)
        redraw(run, appearance)

    monkeypatch.setattr(RunCurves, "redraw", counted)
    for n in range(1, 1001):
        curves.set_progress("a", a_batch(n, 5))
        curves.add_epoch("a", an_epoch(n, n / 2000))
    for n in range(1000):
        curves.set_progress("a", Batch(1001, n, 1000, 1.0, 0.5, 0.1, 1.0, 1.0, 1.0))
    assert not redraws
    qtbot.waitUntil(lambda: bool(redraws))
    qtbot.wait(250)
    assert len(redraws) == 1
    assert len(drawn(curves, "train_loss")) == 1000


# A run that diverged


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("smooth", [False, True])
@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf, 0.0, 3.4e38, 1e-300])
def test_odd_numbers_break_nothing(curves: Curves, odd: float, smooth: bool, log: bool) -> None:
    curves.smooth.setChecked(smooth)
    curves.macro_f1.setChecked(True)
    curves.log.setChecked(log)
    curves.set_run("only", "only odd", [an_epoch(n, odd, odd) for n in (1, 2, 3)])
    curves.set_run("some", "some odd", [an_epoch(1), an_epoch(2, odd, odd), an_epoch(3)])
    curves.set_progress("only", a_batch(4, 3, odd, odd))
    curves.set_progress("new", a_batch(1, 3, odd, odd))
    curves._redraw()
    point_at(curves, 2)
    curves.grab()
    curves.fit()
    curves.grab()


def test_a_gap_stays_a_gap_and_the_end_is_the_last_number(curves: Curves) -> None:
    curves.set_run("a", "bad", [an_epoch(1, 0.3), an_epoch(2, 0.4), an_epoch(3, math.nan)])
    points = drawn(curves, "validation_accuracy")
    assert math.isnan(points[2][1])
    x, y = run(curves)._halves[1]._ends.getData()
    assert (2, 0.4) in list(zip(x.tolist(), y.tolist(), strict=True))
    assert "epoch 2" in legend(curves)[0]


def test_smoothing_leaves_gaps_alone() -> None:
    result = smoothed(np.array([np.nan, 1.0, np.nan, 2.0]))
    assert np.isnan(result[[0, 2]]).all()
    assert result[1] == 1.0
    assert result[3] == pytest.approx(0.6 * 1.0 + 0.4 * 2.0)
    assert smoothed(np.array([])).size == 0


# What the user can choose


def test_macro_f1_is_shown_on_demand(curves: Curves) -> None:
    curves.set_run("a", "quick", [an_epoch(1), an_epoch(2)])
    curves._redraw()
    item = run(curves)._halves[1]._curves["validation_macro_f1"]
    assert not item.isVisible()
    assert "macro-F1" not in legend(curves)
    curves.macro_f1.setChecked(True)
    assert item.isVisible()
    assert "macro-F1" in legend(curves)


def test_smoothing_keeps_what_was_measured_behind_it(curves: Curves) -> None:
    curves.set_run("a", "quick", [an_epoch(1, loss=2.0), an_epoch(2, loss=1.0)])
    curves.smooth.setChecked(True)
    assert drawn(curves, "train_loss")[1][1] == pytest.approx(1.6)
    raw = run(curves)._halves[0]._raw["train_loss"]
    assert raw.isVisible()
    assert raw.getOriginalDataset()[1].tolist() == [2.0, 1.0]
    curves.smooth.setChecked(False)
    assert drawn(curves, "train_loss") == [(1, 2.0), (2, 1.0)]
    assert not raw.isVisible()


def test_a_logarithmic_loss_leaves_the_accuracy_linear(curves: Curves) -> None:
    curves.set_run("a", "quick", [an_epoch(1, 0.5, 10.0), an_epoch(2, 0.6, 0.1)])
    curves.log.setChecked(True)
    curves.grab()
    low, high = curves._loss.viewRange()[1]
    assert low < -1 < 1 < high < 3
    low, high = curves._accuracy.viewRange()[1]
    assert 0 < low < 0.5 < 0.7 < high < 1


def test_fit_shows_everything_again_after_zooming(curves: Curves) -> None:
    curves.set_run("a", "quick", [an_epoch(n, 0.4 + n / 100) for n in range(1, 21)])
    curves._redraw()
    curves._loss.setRange(xRange=(5, 7), yRange=(0.9, 1.1), padding=0)
    curves._accuracy.setRange(yRange=(0.4, 0.41))
    curves.add_epoch("a", an_epoch(21))
    curves._redraw()
    curves.grab()
    assert curves._loss.viewRange()[0] == pytest.approx([5, 7])  # what comes moves nothing
    curves.fit_button.click()
    curves.grab()
    for plot in (curves._loss, curves._accuracy):
        left, right = plot.viewRange()[0]
        assert left <= 1 < 21 <= right


def test_zooming_one_plot_zooms_the_epochs_of_the_other(curves: Curves) -> None:
    curves.set_run("a", "quick", [an_epoch(n) for n in range(1, 21)])
    curves._redraw()
    curves.grab()
    curves._accuracy.setXRange(3, 9, padding=0)
    assert curves._loss.viewRange()[0] == pytest.approx([3, 9])


@pytest.mark.parametrize("size", [(1, 1), (40, 400), (400, 40), (120, 120)])
def test_a_tiny_window_breaks_nothing(curves: Curves, size: tuple[int, int]) -> None:
    curves.set_run("a", "quick", [an_epoch(1), an_epoch(2)])
    curves._redraw()
    point_at(curves, 1)
    curves.resize(*size)
    point_at(curves, 2)
    curves.grab()


def test_a_batch_of_an_empty_epoch_breaks_nothing(curves: Curves) -> None:
    curves.set_progress("a", Batch(1, 0, 0, 1.0, 0.5, 0.1, 1.0, 1.0, 1.0))
    assert live(curves)[0] == [(0, 1.0)]


@pytest.mark.parametrize(
    ("width", "height", "beside"), [(1000, 500, True), (560, 420, True), (420, 800, False)]
)
def test_the_plots_find_a_place_in_any_window(
    curves: Curves, qtbot: QtBot, width: int, height: int, beside: bool
) -> None:
    curves.set_run("a", "a rather long name that goes on and on and on", [an_epoch(1)])
    curves.resize(800, 300)
    curves.resize(width, height)
    curves.grab()
    loss, accuracy = (p.sceneBoundingRect() for p in (curves._loss, curves._accuracy))
    assert (accuracy.left() > loss.right() - 1) is beside
    assert (accuracy.top() > loss.bottom() - 1) is not beside
    assert not curves._legend.sceneBoundingRect().intersects(loss)
    shape = curves.canvas.size()
    assert accuracy.right() <= shape.width()
    assert accuracy.bottom() <= shape.height()


# Values under the pointer


def point_at(curves: Curves, x: float) -> None:
    """The pointer goes over the middle of the loss at epoch ``x``."""
    view = curves._loss.getViewBox()
    curves.grab()
    place = view.mapViewToScene(QPointF(x, 0)).x()
    curves.canvas.scene().sigMouseMoved.emit(QPointF(place, view.sceneBoundingRect().center().y()))


def test_the_pointer_tells_the_values_of_the_nearest_epoch(curves: Curves) -> None:
    curves.set_run("a", "quick", [an_epoch(n, 0.1 * n, 2.0 - n / 10) for n in range(1, 6)])
    curves._redraw()
    point_at(curves, 3.2)
    loss, accuracy = curves._crosshair.texts
    assert "Epoch 3" in loss
    assert "1.7000" in loss
    assert "2.2000" in loss
    assert "30.00%" in accuracy
    assert "40.00%" in accuracy
    assert "macro-F1" not in accuracy
    curves.macro_f1.setChecked(True)
    assert "0.250" in curves._crosshair.texts[1]


def test_the_pointer_tells_of_every_run_even_of_a_shorter_one(curves: Curves) -> None:
    curves.set_run("a", "long", [an_epoch(n, loss=1.0) for n in range(1, 11)])
    curves.set_run("b", "<b>short</b>", [an_epoch(n, loss=0.25) for n in range(1, 4)])
    curves._redraw()
    point_at(curves, 8)
    loss = curves._crosshair.texts[0]
    assert "Epoch 8" in loss
    assert "long" in loss
    assert "<b>short</b>, epoch 3" in loss
    assert "0.2500" in loss


def test_the_values_go_when_the_pointer_leaves(curves: Curves) -> None:
    curves.set_run("a", "quick", [an_epoch(1), an_epoch(2)])
    curves._redraw()
    point_at(curves, 1)
    assert curves._crosshair.texts
    curves.canvas.left.emit()
    assert not curves._crosshair.texts


def test_the_pointer_over_an_empty_plot_tells_nothing(curves: Curves) -> None:
    point_at(curves, 1)
    assert not curves._crosshair.texts


def test_the_values_follow_what_comes(curves: Curves) -> None:
    curves.set_run("a", "quick", [an_epoch(1, loss=1.0), an_epoch(2, loss=0.9)])
    curves._redraw()
    point_at(curves, 1)
    curves.add_epoch("a", an_epoch(1, loss=0.8))
    curves._redraw()
    assert "0.8000" in curves._crosshair.texts[0]
    curves.clear()
    curves._redraw()
    assert not curves._crosshair.texts


# Files


@pytest.fixture
def two_runs(curves: Curves) -> Curves:
    curves.set_run("a", "quick", [an_epoch(1, 0.3), an_epoch(2, 0.4)])
    curves.set_run("b", 'with, "marks"', [an_epoch(1, math.nan)])
    return curves


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


# Appearance


def test_it_follows_the_theme(two_runs: Curves, monkeypatch: pytest.MonkeyPatch) -> None:
    two_runs._redraw()
    corner = QPoint(2, two_runs.canvas.height() - 2)
    assert two_runs.canvas.grab().toImage().pixelColor(corner).name() == LIGHT.surface.lower()
    monkeypatch.setattr("app.training.progress.curves.current_theme", lambda: DARK)
    two_runs.refresh_theme()
    assert two_runs.canvas.grab().toImage().pixelColor(corner).name() == DARK.surface.lower()
    pen = run(two_runs)._halves[0]._curves["validation_loss"].opts["pen"]
    assert pg.mkPen(pen).color().name() == run(two_runs).colour(DARK).name()


def test_the_axes_count_in_whole_epochs_and_in_percent(curves: Curves) -> None:
    curves.set_run("a", "quick", [an_epoch(1), an_epoch(2)])
    curves._redraw()
    curves.grab()
    axis = curves._loss.getAxis("bottom")
    for spacing, values in axis.tickValues(0.5, 2.5, 500):
        assert all(float(value).is_integer() for value in values), spacing
    percent = curves._accuracy.getAxis("left")
    assert percent.tickStrings([0.1, 0.2], 1.0, 0.1) == ["10%", "20%"]
    assert percent.tickStrings([0.71, 0.715], 1.0, 0.005) == ["71.0%", "71.5%"]
