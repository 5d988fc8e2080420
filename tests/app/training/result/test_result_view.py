"""What is shown of an evaluation, from real files."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pytestqt.qtbot import QtBot

from app.training.result.result_view import ResultView
from ml.evaluation.results import Evaluation
from tests.app.training.result.made_result import HAPPY, SAD, Result

# The offscreen platform's own.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


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


def test_views_leave_torch_and_opencv_alone() -> None:
    code = (
        "import sys, app.training.result.result_view\n"
        "assert not {'torch', 'cv2'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
