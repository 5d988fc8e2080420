from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from app.live.markers.key_button import KeyButton


@pytest.fixture
def button(qtbot: QtBot) -> KeyButton:
    button = KeyButton(3)
    qtbot.addWidget(button)
    button.show_label("Q & A", "0:04")
    button.show()
    return button


def test_it_shows_all_of_it_where_there_is_room(button: KeyButton) -> None:
    button.resize(button.sizeHint())
    assert button.shown == "3 Q && A ● 0:04", "an & that is no shortcut's"
    assert button.shortcut().isEmpty()


def test_the_label_gives_way_first_and_the_key_never(button: KeyButton) -> None:
    shown = []
    for width in range(button.sizeHint().width(), button.minimumSizeHint().width() - 1, -1):
        button.resize(width, button.height())
        shown.append(button.shown)
    stages = list(dict.fromkeys(shown))
    assert all(text.startswith("3") for text in stages)
    assert stages[0] == "3 Q && A ● 0:04"
    assert stages[-2:] == ["3 ● 0:04", "3"]
    assert len(stages) > 3, "the label is cut short before it is left out"


def test_it_is_marked_while_its_interval_runs(button: KeyButton) -> None:
    assert button.property("running")
    button.show_label("Q & A", "")
    assert not button.property("running")
