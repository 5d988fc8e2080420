from __future__ import annotations

import math

import pytest
from pytestqt.qtbot import QtBot

from app.training.progress.curves import Curves
from tests.app.training.progress.drawn_curves import an_epoch


@pytest.fixture
def curves(qtbot: QtBot) -> Curves:
    curves = Curves()
    qtbot.addWidget(curves)
    curves.resize(1000, 500)
    with qtbot.waitExposed(curves):
        curves.show()
    return curves


@pytest.fixture
def two_runs(curves: Curves) -> Curves:
    curves.set_run("a", "quick", [an_epoch(1, 0.3), an_epoch(2, 0.4)])
    curves.set_run("b", 'with, "marks"', [an_epoch(1, math.nan)])
    return curves
