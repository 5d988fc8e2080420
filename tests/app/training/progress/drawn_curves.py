"""Epochs to draw, and what is then seen of them."""

from __future__ import annotations

from PySide6.QtCore import QPointF

from app.training.progress.curves import Curves
from app.training.progress.curves_run import RunCurves
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


def point_at(curves: Curves, x: float) -> None:
    """The pointer goes over the middle of the loss at epoch ``x``."""
    view = curves._loss.getViewBox()
    curves.grab()
    place = view.mapViewToScene(QPointF(x, 0)).x()
    curves.canvas.scene().sigMouseMoved.emit(QPointF(place, view.sceneBoundingRect().center().y()))
