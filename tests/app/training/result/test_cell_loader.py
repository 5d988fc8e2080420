"""Loading the pictures behind a cell, and what keeps them from being loaded."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.training.result.result_view import ResultView
from ml.evaluation.results import save_predictions
from tests.app.training.result.cell_steps import choose, names_shown
from tests.app.training.result.made_result import HAPPY, SAD, Result

# The offscreen platform's own.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


def test_moved_data_is_told_and_found_again(view: ResultView, qtbot: QtBot, result: Result) -> None:
    moved = result.data.rename(result.data.with_name("elsewhere"))
    assert str(result.data) in choose(view, qtbot, HAPPY, SAD)
    assert names_shown(view) == []
    view.show_result(result.evaluation, result.predictions, moved)
    assert "3 pictures" in choose(view, qtbot, HAPPY, SAD)


def test_another_data_set_in_its_place_is_told(
    view: ResultView, qtbot: QtBot, result: Result
) -> None:
    (result.data / "test" / "happy" / "PublicTest_3.png").unlink()
    note = choose(view, qtbot, HAPPY, SAD)
    assert "test/happy/PublicTest_3.png is missing" in note
    assert names_shown(view) == []


def test_broken_pictures_elsewhere_do_not_matter(
    view: ResultView, qtbot: QtBot, result: Result
) -> None:
    (result.data / "test" / "happy" / "PublicTest_0.png").write_bytes(b"rubbish")
    assert "3 pictures" in choose(view, qtbot, HAPPY, SAD)


@pytest.mark.parametrize("damage", ["rubbish", "absent", "none", "no data", "another split"])
def test_what_keeps_pictures_from_being_shown_is_told(
    view: ResultView, qtbot: QtBot, result: Result, damage: str
) -> None:
    predictions: Path | None = result.predictions
    data: Path | None = result.data
    if damage == "rubbish":
        result.predictions.write_bytes(b"rubbish")
    elif damage == "absent":
        result.predictions.unlink()
    elif damage == "none":
        predictions = None
    elif damage == "no data":
        data = None
    else:
        save_predictions({}, result.predictions)
    view.show_result(result.evaluation, predictions, data)
    assert "Evaluate again" in choose(view, qtbot, HAPPY, SAD)
    assert names_shown(view) == []


def test_closing_while_pictures_load_is_in_order(
    qtbot: QtBot, result: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading is given up within the data set, not after it."""
    import ml.data.fer2013

    def endless(*_: object, progress: object, **__: object) -> None:
        assert callable(progress)
        while True:
            progress(1, 2)

    monkeypatch.setattr(ml.data.fer2013, "load", endless)
    view = ResultView()
    qtbot.addWidget(view)
    view.show_result(result.evaluation, result.predictions, result.data)
    view.confusion.cell_chosen.emit(int(SAD), int(SAD))
    assert view._loader.isRunning()
    assert view.shut_down()
    assert not view._loader.isRunning()


def test_another_result_does_not_wait_for_the_one_before(
    view: ResultView, qtbot: QtBot, result: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ml.data.fer2013

    real = ml.data.fer2013.load

    def slow(path: Path, *, progress: object, **rest: object) -> object:
        assert callable(progress)
        while path == Path("slow"):
            progress(1, 2)
        return real(path, progress=progress, **rest)  # type: ignore[arg-type]

    monkeypatch.setattr(ml.data.fer2013, "load", slow)
    view.show_result(result.evaluation, result.predictions, Path("slow"))
    view.confusion.cell_chosen.emit(int(HAPPY), int(SAD))
    view.show_result(result.evaluation, result.predictions, result.data)
    assert not view._pictures.isVisible()
    assert "3 pictures" in choose(view, qtbot, HAPPY, SAD)
