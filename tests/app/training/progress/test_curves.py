"""The two plots with the curves of one run or of several."""

from __future__ import annotations

import pyqtgraph as pg
import pytest
from PySide6.QtCore import QPoint
from pytestqt.qtbot import QtBot

from app.theme import DARK, LIGHT
from app.training.progress.curves import Curves
from app.training.progress.curves_run import Appearance, RunCurves
from ml.runs.events import Batch
from tests.app.training.progress.drawn_curves import a_batch, an_epoch, drawn, legend, point_at, run


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
