from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.training.result.result_view import ResultView
from tests.app.training.result.made_result import Result, made_result


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
