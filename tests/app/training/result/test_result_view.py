"""What is shown of an evaluation, and the pictures behind a cell, from real files."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

import app.training.result.cell_loader as cell_loader
from app.training.result.result_view import ResultView
from ml.evaluation.evaluate import Evaluation, Predictions, save_predictions, summarise
from ml.expressions import EXPRESSIONS, Expression

HAPPY, SAD = Expression.HAPPY, Expression.SAD
_LOADING = 30_000

# The offscreen platform's own.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


@dataclass(frozen=True)
class Result:
    evaluation: Evaluation
    predictions: Path
    data: Path


def probabilities(chosen: list[int], confidences: list[float]) -> npt.NDArray[np.float32]:
    rest = (1 - np.array(confidences)) / (len(EXPRESSIONS) - 1)
    made = np.repeat(rest[:, None], len(EXPRESSIONS), axis=1).astype(np.float32)
    made[np.arange(len(chosen)), chosen] = confidences
    return made


def made_result(folder: Path) -> Result:
    """PublicTest: happy 0 to 4, of which 1, 2 and 3 are taken for sad, and with flip averaging
    only 3; 2 is in Training too. Picture n is of the grey 20 n."""
    confidences = [0.9, 0.5, 0.8, 0.7, 0.9]
    names = []
    for part, prefix in (("train", "Training"), ("test", "PublicTest"), ("test", "PrivateTest")):
        for expression in EXPRESSIONS:
            inside = folder / "data" / part / expression.label
            inside.mkdir(parents=True, exist_ok=True)
            for n in range(5 if expression is HAPPY else 1):
                name = f"{prefix}_{n}.png"
                cv2.imwrite(str(inside / name), np.full((48, 48), 20 * n, np.uint8))
                if prefix == "PublicTest" and expression is HAPPY:
                    names.append(f"test/{expression.label}/{name}")
    public = Predictions(
        names=tuple(names),
        labels=np.full(5, HAPPY, np.int64),
        in_training=np.array([False, False, True, False, False]),
        single=probabilities([HAPPY, SAD, SAD, SAD, HAPPY], confidences),
        flip_averaged=probabilities([HAPPY, HAPPY, HAPPY, SAD, HAPPY], confidences),
    )
    private = Predictions(
        names=("test/sad/PrivateTest_0.png",),
        labels=np.array([SAD]),
        in_training=np.array([True]),
        single=probabilities([SAD], [0.6]),
        flip_averaged=probabilities([SAD], [0.6]),
    )
    predictions = {"PublicTest": public, "PrivateTest": private}
    save_predictions(predictions, folder / "predictions.npz")
    evaluation = summarise(predictions, "made up", 1.0)
    return Result(evaluation, folder / "predictions.npz", folder / "data")


@pytest.fixture
def result(tmp_path: Path) -> Result:
    return made_result(tmp_path)


@pytest.fixture
def view(qtbot: QtBot, result: Result) -> Iterator[ResultView]:
    view = ResultView()
    qtbot.addWidget(view)
    view.resize(880, 560)
    view.show()
    view.show_result(result.evaluation, result.predictions, result.data)
    view.split.setCurrentText("PublicTest")
    yield view
    assert view.shut_down()


def choose(view: ResultView, qtbot: QtBot, true: Expression, predicted: Expression) -> str:
    """Click a cell; what the window then says, when it has finished loading."""
    place = view.confusion.cell_rect((true, predicted)).center().toPoint()
    qtbot.mouseClick(view.confusion, Qt.MouseButton.LeftButton, pos=place)
    note = view._pictures.note
    qtbot.waitUntil(lambda: note.text() != "Loading pictures…", timeout=_LOADING)
    assert view._pictures.isVisible()
    return note.text()


def names_shown(view: ResultView) -> list[str]:
    pictures = view._pictures.pictures
    return [pictures.item(row).text() for row in range(pictures.count())]


# Figures


def test_the_test_split_is_shown_first_and_others_can_be_chosen(
    view: ResultView, result: Result
) -> None:
    view.clear()
    view.split.clear()
    view.show_result(result.evaluation, None, None)
    assert view.split.currentText() == "PrivateTest"
    assert view.count.value.text() == "1"
    view.split.setCurrentText("PublicTest")
    assert view.count.value.text() == "5"
    assert view.accuracy.value.text() == "40.0 %"
    assert "made up" in view.protocol.text()


def test_a_single_split_needs_no_choice(view: ResultView, result: Result) -> None:
    assert view.split.isVisible()
    splits = {"all": result.evaluation.splits["PublicTest"]}
    view.show_result(Evaluation("one", 1.0, splits), None, None)
    assert not view.split.isVisible()
    assert view.count.value.text() == "5"


def test_every_figure_follows_both_switches(view: ResultView, result: Result) -> None:
    split = result.evaluation.splits["PublicTest"]
    new = split.without_training_duplicates
    assert new is not None
    seen = []
    for without in (False, True):
        for flip in (False, True):
            view.without.setChecked(without)
            view.flip.setChecked(flip)
            measured = new if without else split.full
            scores = measured.flip_averaged if flip else measured.single
            assert view.scores is scores
            assert view.accuracy.value.text() == f"{100 * scores.accuracy.value:.1f} %"
            assert f"{100 * scores.accuracy.low:.1f}" in view.accuracy.note.text()
            assert view.macro_f1.value.text() == f"{100 * scores.macro_f1.value:.1f} %"
            assert view.count.value.text() == str(scores.pictures)
            assert str(scores.confusion[HAPPY][SAD]) in view.confusion.describe((HAPPY, SAD))
            seen.append(view.accuracy.value.text())
    assert len(set(seen)) == 4


def test_leaving_out_is_offered_only_where_it_leaves_something(view: ResultView) -> None:
    assert view.without.isEnabled()
    assert "1" in view.without.text()
    view.without.setChecked(True)
    view.split.setCurrentText("PrivateTest")
    assert not view.without.isEnabled()
    assert "All pictures" in view.without.toolTip()
    assert view.count.value.text() == "1"
    view.split.setCurrentText("PublicTest")
    assert view.count.value.text() == "4"


def test_classes_and_calibration_are_drawn(view: ResultView, result: Result) -> None:
    scores = result.evaluation.splits["PublicTest"].full.single
    bars, support = view.classes._rows[HAPPY]
    assert [bar.accessibleDescription() for bar in bars] == ["100.0 %", "40.0 %", "57.1 %"]
    assert support.text() == "5"
    x, y = view.calibration._points.getData()
    assert list(x) == pytest.approx([point.confidence for point in scores.reliability])
    assert list(y) == pytest.approx([point.accuracy for point in scores.reliability])


def test_clear_empties_everything(view: ResultView) -> None:
    view.clear()
    assert view.scores is None
    assert view.accuracy.value.text() == "–"
    assert view.protocol.text() == ""
    assert len(view.calibration._points.getData()[0]) == 0
    assert view.classes._rows[HAPPY][1].text() == "–"
    with_focus = view.confusion.describe((HAPPY, SAD))
    assert with_focus == ""


@pytest.mark.parametrize("width", [480, 880, 1150])
def test_nothing_is_cut_off_at_the_side(view: ResultView, qtbot: QtBot, width: int) -> None:
    view.resize(width, 560)
    parts = (view.confusion, view.classes, view.calibration, view.top2, view.count, view.without)
    qtbot.waitUntil(
        lambda: all(part.mapTo(view, part.rect().topRight()).x() < width for part in parts)
    )


# Pictures behind a cell


def test_most_confident_mistakes_come_first(view: ResultView, qtbot: QtBot) -> None:
    note = choose(view, qtbot, HAPPY, SAD)
    assert "3 pictures of PublicTest" in note
    assert view._pictures.windowTitle() == "Happy taken for sad"
    assert names_shown(view) == ["PublicTest_2.png", "PublicTest_3.png", "PublicTest_1.png"]
    first = view._pictures.pictures.item(0)
    assert first.toolTip() == "test/happy/PublicTest_2.png, 80.0 % sure"
    picture = first.data(Qt.ItemDataRole.DecorationRole).toImage()
    assert (picture.width(), picture.pixelColor(5, 5).red()) == (48, 40)


def test_cells_hold_what_the_switches_leave(view: ResultView, qtbot: QtBot) -> None:
    view.without.setChecked(True)
    choose(view, qtbot, HAPPY, SAD)
    assert names_shown(view) == ["PublicTest_3.png", "PublicTest_1.png"]
    view.flip.setChecked(True)
    choose(view, qtbot, HAPPY, SAD)
    assert names_shown(view) == ["PublicTest_3.png"]


def test_of_many_the_first_are_shown(
    view: ResultView, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cell_loader, "MOST", 2)
    assert "2 pictures and 1 more of PublicTest" in choose(view, qtbot, HAPPY, SAD)
    assert names_shown(view) == ["PublicTest_2.png", "PublicTest_3.png"]


def test_an_empty_cell_says_so(view: ResultView, qtbot: QtBot) -> None:
    assert "no such pictures" in choose(view, qtbot, HAPPY, Expression.FEAR)
    assert names_shown(view) == []


def test_the_cell_chosen_last_is_shown(view: ResultView, qtbot: QtBot) -> None:
    for predicted in (SAD, HAPPY, SAD, HAPPY):
        view.confusion.cell_chosen.emit(int(HAPPY), int(predicted))
    assert "2 pictures" in choose(view, qtbot, HAPPY, HAPPY)
    assert names_shown(view) == ["PublicTest_0.png", "PublicTest_4.png"]


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
    assert "it has no test/happy/PublicTest_3.png" in note
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


def test_views_leave_torch_and_opencv_alone() -> None:
    code = (
        "import sys, app.training.result.result_view\n"
        "assert not {'torch', 'cv2'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
