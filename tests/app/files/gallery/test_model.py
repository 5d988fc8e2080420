from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextDocument
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from app.files.gallery.crops import Crops
from app.files.gallery.found_face import FoundFace
from app.files.gallery.model import FacesModel, Sorting
from app.files.gallery.reading import Reading, read
from ml.expressions import Expression
from ml.recording.corrections import Corrections, write_corrections
from tests.app.files.gallery.made_results import face, pictures_result, video_result

ANGRY, HAPPY, SAD = Expression.ANGRY, Expression.HAPPY, Expression.SAD


@pytest.fixture
def readings(tmp_path: Path) -> list[Reading]:
    """Of a video with three episodes, and of two pictures with three faces."""
    video = video_result(
        tmp_path / "1", [[face(1, SAD, 0.9)], [face(1, HAPPY, 0.5)], [face(1, SAD, 0.6)]], "a.mp4"
    )
    pictures = pictures_result(
        tmp_path / "2", [[face(1, ANGRY, 0.4), face(2, HAPPY, 0.8)], [face(1, SAD, 0.7)]]
    )
    return [read(*video), read(*pictures)]


@pytest.fixture
def model(qtbot: QtBot, readings: list[Reading]) -> Iterator[FacesModel]:
    crops = Crops()
    model = FacesModel(crops)
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Warning)
    model.show(readings)
    yield model
    assert crops.shut_down()
    del tester


def shown(model: FacesModel) -> list[FoundFace]:
    return [model.face(row) for row in range(model.rowCount())]


def told(model: FacesModel) -> list[tuple[Expression, float]]:
    return [(one.expression, round(one.probability, 2)) for one in shown(model)]


def test_at_first_each_expression_with_the_most_certain_first(model: FacesModel) -> None:
    assert told(model) == [
        (ANGRY, 0.4),
        (HAPPY, 0.8),
        (HAPPY, 0.5),
        (SAD, 0.9),
        (SAD, 0.7),
        (SAD, 0.6),
    ]
    assert model.counts == [1, 0, 0, 2, 3, 0, 0]


def test_the_most_doubtful_first(model: FacesModel) -> None:
    model.sort_by(Sorting.DOUBT)
    assert [p for _, p in told(model)] == [0.4, 0.5, 0.6, 0.7, 0.8, 0.9]


def test_in_the_order_of_files_and_time(model: FacesModel) -> None:
    model.sort_by(Sorting.FILE)
    assert [(one.place.file.name, one.time, one.person) for one in shown(model)] == [
        ("a.mp4", 0.0, 1),
        ("a.mp4", 0.04, 1),
        ("a.mp4", 0.08, 1),
        ("0.png", 0.0, 1),
        ("0.png", 0.0, 2),
        ("1.png", 1.0, 1),
    ]


def test_the_worst_quality_first(model: FacesModel) -> None:
    model.sort_by(Sorting.QUALITY)
    qualities = [one.quality for one in shown(model)]
    assert qualities == pytest.approx([0.3, 0.6, 0.6, 0.7, 0.7, 0.7])


def test_only_some_expressions(model: FacesModel) -> None:
    model.show_only([ANGRY, HAPPY])
    assert told(model) == [(ANGRY, 0.4), (HAPPY, 0.8), (HAPPY, 0.5)]
    model.sort_by(Sorting.DOUBT)
    assert told(model) == [(ANGRY, 0.4), (HAPPY, 0.5), (HAPPY, 0.8)]
    assert model.counts == [1, 0, 0, 2, 3, 0, 0], "counts are of all"
    model.show_only([])
    assert model.rowCount() == 0


def test_faces_are_known_again_when_others_come(model: FacesModel, readings: list[Reading]) -> None:
    origins = [model.origin(row) for row in range(model.rowCount())]
    assert [model.row(*origin) for origin in origins] == list(range(6))
    before = shown(model)
    model.show(readings[:1])
    for origin, one in zip(origins, before, strict=True):
        row = model.row(*origin)
        assert (row is None) == (origin[0] is readings[1])
        if row is not None:
            assert model.face(row) == one
    model.show_only([HAPPY])
    assert [model.row(*origin) for origin in origins if origin[0] is readings[0]] == [0, None, None]


def test_without_anything(model: FacesModel) -> None:
    model.show([])
    for sorting in Sorting:
        model.sort_by(sorting)
        assert model.rowCount() == 0
    assert model.counts == [0] * 7


def test_all_is_told_as_plain_text(qtbot: QtBot, tmp_path: Path, model: FacesModel) -> None:
    item, folder = video_result(tmp_path, [[face(1, SAD, 0.9)]] * 2, "<b>a & b.mp4")
    write_corrections(folder, Corrections(names={1: "<i>Ana"}))
    model.show([read(item, folder)])
    tip = QTextDocument()
    tip.setHtml(model.index(0).data(Qt.ItemDataRole.ToolTipRole))
    lines = tip.toPlainText().splitlines()
    assert lines[0] == "<b>a & b.mp4, 0:00.00, <i>Ana"
    assert lines[1] == "Quality 70 %"
    assert lines[2] == "Sad 90.0 %"
    assert {line.split()[0].lower() for line in lines[2:]} == {e.label for e in Expression}
    accessible = model.index(0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert accessible == "Sad 90 %, <b>a & b.mp4, 0:00.00, <i>Ana"
