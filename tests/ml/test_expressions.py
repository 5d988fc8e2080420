from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.expressions import ALPHABETICAL, EXPRESSIONS, LABELS, Expression, parse_expression


def test_values_are_fer2013s() -> None:
    # The data set's own description: 0=Angry, 1=Disgust, 2=Fear, 3=Happy, 4=Sad, 5=Surprise,
    # 6=Neutral.
    assert LABELS == ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
    assert [int(expression) for expression in EXPRESSIONS] == list(range(7))


def test_alphabetical_order_is_that_of_class_folders() -> None:
    assert [expression.label for expression in ALPHABETICAL] == sorted(LABELS)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_labels_and_numbers_parse(expression: Expression) -> None:
    for name in (expression.label, f" {expression.label.upper()} ", str(int(expression))):
        assert parse_expression(name) is expression


@pytest.mark.parametrize(
    ("alias", "expression"),
    [
        ("Anger", Expression.ANGRY),
        ("disgusted", Expression.DISGUST),
        ("fearful", Expression.FEAR),
        ("Happiness", Expression.HAPPY),
        ("sadness", Expression.SAD),
        ("surprised", Expression.SURPRISE),
    ],
)
def test_usual_aliases_parse(alias: str, expression: Expression) -> None:
    assert parse_expression(alias) is expression


@pytest.mark.parametrize("name", ["", " ", "7", "-1", "01", "²", "٣", "contempt", "happy sad"])
def test_others_are_none(name: str) -> None:
    assert parse_expression(name) is None


@given(st.text())
def test_any_text_is_an_expression_or_none(name: str) -> None:
    found = parse_expression(name)
    assert found is None or found in EXPRESSIONS
