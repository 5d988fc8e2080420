"""The values under the pointer."""

from __future__ import annotations

from app.training.progress.curves import Curves
from tests.app.training.progress.drawn_curves import an_epoch, point_at


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
