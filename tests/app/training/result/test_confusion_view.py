from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QHelpEvent
from PySide6.QtWidgets import QApplication, QToolTip
from pytestqt.qtbot import QtBot

from app.theme import current_theme
from app.training.result.confusion_view import Cell, ConfusionView
from ml.evaluation.metrics import measure
from ml.evaluation.results import Scores
from ml.expressions import EXPRESSIONS, Expression

ANGRY, DISGUST, HAPPY, NEUTRAL = (
    Expression.ANGRY,
    Expression.DISGUST,
    Expression.HAPPY,
    Expression.NEUTRAL,
)

# The offscreen platform's own.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


def scores_of(counts: dict[Cell, int]) -> Scores:
    pairs = [cell for cell, count in counts.items() for _ in range(count)]
    labels = np.array([true for true, _ in pairs], np.int64)
    probabilities = np.eye(len(EXPRESSIONS), dtype=np.float32)[[p for _, p in pairs]]
    return measure(labels, probabilities)


@pytest.fixture
def view(qtbot: QtBot) -> ConfusionView:
    view = ConfusionView()
    qtbot.addWidget(view)
    view.resize(500, 420)
    view.show()
    counts = {(HAPPY, HAPPY): 1200, (HAPPY, NEUTRAL): 61, (HAPPY, ANGRY): 1, (ANGRY, HAPPY): 3}
    view.set_scores(scores_of(counts))
    return view


def centre(view: ConfusionView, cell: Cell) -> QPoint:
    return view.cell_rect(cell).center().toPoint()


def colour(view: ConfusionView, cell: Cell) -> QColor:
    """Beside the text."""
    place = view.cell_rect(cell)
    return view.grab().toImage().pixelColor(QPoint(round(place.center().x()), int(place.y()) + 4))


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ((HAPPY, NEUTRAL), "happy classified as neutral: 61 pictures, 4.8 % of happy"),
        ((HAPPY, HAPPY), "happy classified correctly: 1,200 pictures, 95.1 % of happy"),
        ((HAPPY, ANGRY), "happy classified as angry: 1 picture, 0.1 % of happy"),
        ((ANGRY, ANGRY), "angry classified correctly: 0 pictures, 0.0 % of angry"),
        ((DISGUST, HAPPY), "there are no pictures of disgust"),
    ],
)
def test_cells_are_told_in_words(view: ConfusionView, qtbot: QtBot, cell: Cell, words: str) -> None:
    place = centre(view, cell)
    event = QHelpEvent(QHelpEvent.Type.ToolTip, place, view.mapToGlobal(place))
    QApplication.sendEvent(view, event)
    assert QToolTip.text() == words
    QToolTip.hideText()


def test_colour_tells_shares_of_the_row(view: ConfusionView) -> None:
    theme = current_theme()
    assert colour(view, (ANGRY, HAPPY)) == QColor(theme.accent)  # all of angry, though three only
    assert colour(view, (ANGRY, ANGRY)) == QColor(theme.raised)
    strengths = [
        abs(colour(view, (HAPPY, predicted)).red() - QColor(theme.raised).red())
        for predicted in (DISGUST, NEUTRAL, HAPPY)
    ]
    assert strengths == sorted(set(strengths))


def test_a_click_chooses_the_cell_under_it(view: ConfusionView, qtbot: QtBot) -> None:
    chosen: list[tuple[int, int]] = []
    view.cell_chosen.connect(lambda *cell: chosen.append(cell))
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=centre(view, (HAPPY, NEUTRAL)))
    qtbot.mouseClick(view, Qt.MouseButton.RightButton, pos=centre(view, (HAPPY, HAPPY)))
    qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(3, 3))
    assert chosen == [(HAPPY, NEUTRAL)]


def test_the_keyboard_does_what_the_mouse_does(view: ConfusionView, qtbot: QtBot) -> None:
    view.setFocus()
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Up, *3 * [Qt.Key.Key_Down], *9 * [Qt.Key.Key_Right]):
        qtbot.keyClick(view, key)
    assert view.current == (HAPPY, NEUTRAL)
    assert QToolTip.text() == view.describe((HAPPY, NEUTRAL))
    assert view.accessibleDescription() == view.describe((HAPPY, NEUTRAL))
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
        with qtbot.waitSignal(view.cell_chosen) as chosen:
            qtbot.keyClick(view, key)
        assert chosen.args == [HAPPY, NEUTRAL]


def test_every_cell_is_found_where_it_is_painted_at_any_size(view: ConfusionView) -> None:
    for width, height in ((340, 270), (1200, 300), (360, 900)):
        view.resize(width, height)
        for true in EXPRESSIONS:
            for predicted in EXPRESSIONS:
                place = view.cell_rect((true, predicted))
                assert view.rect().contains(place.toAlignedRect())
                assert view.cell_at(place.center()) == (true, predicted)


def test_without_scores_there_is_nothing_to_choose(view: ConfusionView, qtbot: QtBot) -> None:
    view.set_scores(None)
    with qtbot.assertNotEmitted(view.cell_chosen):
        qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=centre(view, (HAPPY, HAPPY)))
        qtbot.keyClick(view, Qt.Key.Key_Return)
    assert view.describe((HAPPY, HAPPY)) == ""
    assert colour(view, (HAPPY, HAPPY)) == QColor(current_theme().raised)
