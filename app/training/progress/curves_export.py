"""Curves as PNG, SVG or CSV."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QRectF
from PySide6.QtGui import QImage, QImageWriter, QPaintDevice, QPainter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QGraphicsView

from app.training.progress.curves_run import RunCurves
from ml.files import replacing
from ml.runs.events import Epoch

_SHARPNESS = 2
"""Pixels in the PNG for each on the screen."""


def write_curves(path: Path, view: QGraphicsView, runs: Iterable[RunCurves]) -> None:
    """Write what ``view`` shows (.png, .svg), or the epochs of ``runs`` (.csv).

    Raises OSError.
    """
    match path.suffix.lower():
        case ".png":
            content = _png(view)
        case ".svg":
            content = _svg(view)
        case _:
            content = _csv(runs)
    with replacing(path) as stream:
        stream.write(content)


def _png(view: QGraphicsView) -> bytes:
    picture = QImage(view.size() * _SHARPNESS, QImage.Format.Format_RGB32)
    picture.setDevicePixelRatio(_SHARPNESS)
    _paint(view, picture)
    buffer = QBuffer()
    QImageWriter(buffer, QByteArray(b"PNG")).write(picture)
    return bytes(buffer.data().data())


def _svg(view: QGraphicsView) -> bytes:
    # pyqtgraph's own exporter fails on rounded shapes; Qt's can clip in this SVG version.
    drawing = QSvgGenerator(QSvgGenerator.SvgVersion.Svg11)
    buffer = QBuffer()
    drawing.setOutputDevice(buffer)
    drawing.setResolution(view.logicalDpiX())  # otherwise text is too small for the lines
    drawing.setSize(view.size())
    drawing.setViewBox(view.rect())
    drawing.setTitle(view.accessibleName())
    drawing.setDescription(view.accessibleDescription())
    _paint(view, drawing)
    return bytes(buffer.data().data())


def _paint(view: QGraphicsView, device: QPaintDevice) -> None:
    painter = QPainter(device)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    view.render(painter, QRectF(view.rect()), view.rect())
    painter.end()


def _csv(runs: Iterable[RunCurves]) -> bytes:
    """One row for each run and epoch; NaN is left empty."""
    fields = [field.name for field in dataclasses.fields(Epoch)]
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["run", *fields])
    for run in runs:
        for epoch in run.epochs:
            values = (getattr(epoch, field) for field in fields)
            writer.writerow([run.name, *("" if v != v else v for v in values)])
    return text.getvalue().encode()
