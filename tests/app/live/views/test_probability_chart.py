from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from app.live.views.probability_chart import ProbabilityChart
from app.theme import EXPRESSION_COLOURS
from ml.expressions import Expression


@pytest.fixture
def chart(qtbot: QtBot) -> ProbabilityChart:
    chart = ProbabilityChart()
    qtbot.addWidget(chart)
    chart.resize(300, 220)
    chart.show()
    return chart


def texts(chart: ProbabilityChart) -> list[str]:
    return [item.textItem.toPlainText() for item in chart._values]


def coloured_pixels(chart: ProbabilityChart, expression: Expression) -> int:
    image = chart.grab().toImage()
    wanted = EXPRESSION_COLOURS[expression].rgb()
    return sum(
        image.pixel(x, y) == wanted for x in range(image.width()) for y in range(image.height())
    )


def test_screen_readers_are_told_the_values(chart: ProbabilityChart) -> None:
    chart.set_probabilities([0.6, 0.3, 0.0, 0.1, 0.0, 0.0, 0.0])
    assert chart.accessibleDescription().startswith("angry 60%, disgust 30%, fear 0%, happy 10%")
    chart.set_probabilities(None)
    assert not chart.accessibleDescription()


def test_each_bar_is_as_long_as_its_probability(chart: ProbabilityChart) -> None:
    chart.set_probabilities([0.6, 0.3, 0.0, 0.1, 0.0, 0.0, 0.0])
    angry, disgust = (
        coloured_pixels(chart, expression) for expression in (Expression.ANGRY, Expression.DISGUST)
    )
    assert angry == pytest.approx(2 * disgust, rel=0.1)
    assert coloured_pixels(chart, Expression.SAD) == 0
    assert texts(chart) == ["60%", "30%", "0%", "10%", "0%", "0%", "0%"]


def test_no_face_empties_it(chart: ProbabilityChart) -> None:
    chart.set_probabilities([0.1] * 6 + [0.4])
    chart.set_probabilities(None)
    assert texts(chart) == ["–"] * 7
    assert coloured_pixels(chart, Expression.NEUTRAL) == 0


def test_the_best_is_also_told_by_weight_not_by_colour_alone(chart: ProbabilityChart) -> None:
    chart.set_probabilities([0.1, 0.1, 0.1, 0.4, 0.1, 0.1, 0.1])
    bold = [item.textItem.font().bold() for item in chart._values]
    assert bold == [False, False, False, True, False, False, False]
