"""One run's curves."""

from __future__ import annotations

import math

import numpy as np
import pytest

from app.theme import DARK, LIGHT
from app.training.progress.curves import Curves
from app.training.progress.curves_run import MACRO_F1, TRAIN, VALIDATION, smoothed
from ml.runs.events import Batch
from tests.app.training.progress.drawn_curves import (
    a_batch,
    an_epoch,
    drawn,
    legend,
    live,
    point_at,
    run,
)


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


def test_a_batch_of_an_empty_epoch_breaks_nothing(curves: Curves) -> None:
    curves.set_progress("a", Batch(1, 0, 0, 1.0, 0.5, 0.1, 1.0, 1.0, 1.0))
    assert live(curves)[0] == [(0, 1.0)]


def test_the_best_epoch_is_marked_with_its_value(curves: Curves) -> None:
    curves.set_run("a", "quick", [an_epoch(1, 0.3), an_epoch(2, 0.725), an_epoch(3, 0.6)])
    assert "72.5%" in legend(curves)[0]
    assert "epoch 2" in legend(curves)[0]
    x, y = run(curves)._ring.getData()
    assert (x.tolist(), y.tolist()) == ([2], [0.725])
    assert run(curves)._value.toPlainText() == "72.5%"


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


# Telling them apart


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
