from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QSlider, QSpinBox
from pytestqt.qtbot import QtBot

from app.live.controls.answer_options import AnswerOptions
from app.settings import LEAST_QUALITY, LEAVE_OUT, SMOOTHING, Settings


def test_every_change_is_saved_and_told(qtbot: QtBot, tmp_path: Path) -> None:
    settings = Settings(tmp_path / "settings.ini")
    options = AnswerOptions(settings)
    qtbot.addWidget(options)
    slider, quality = options.findChild(QSlider), options.findChild(QSpinBox)
    assert slider is not None
    assert quality is not None
    with qtbot.waitSignal(options.smoothing_changed):
        qtbot.keyClick(slider, Qt.Key.Key_Right)
    assert options.smoothing > SMOOTHING.default
    with qtbot.waitSignal(options.changed):
        quality.setValue(60)
    assert options.least_quality == pytest.approx(0.6)
    assert options.least_summarised == 0, "only dimmed, unless the user says so"
    with qtbot.waitSignal(options.changed):
        options.leave_out.setChecked(True)
    assert options.least_summarised == pytest.approx(0.6)

    again = AnswerOptions(settings)
    qtbot.addWidget(again)
    assert again.smoothing == options.smoothing
    assert again.least_summarised == pytest.approx(0.6)


def test_smoothing_reaches_off_and_says_so(qtbot: QtBot, tmp_path: Path) -> None:
    options = AnswerOptions(Settings(tmp_path / "settings.ini"))
    qtbot.addWidget(options)
    slider = options.findChild(QSlider)
    assert slider is not None
    qtbot.keyClick(slider, Qt.Key.Key_Home)
    assert options.smoothing == 0
    assert options.smoothing_text.text() == "off"


@pytest.mark.parametrize("wrong", ["-5", "1e12", "999999999999", "nan", "often"])
def test_settings_of_somebody_else_are_survived(qtbot: QtBot, tmp_path: Path, wrong: str) -> None:
    settings = Settings(tmp_path / "settings.ini")
    for setting in (SMOOTHING, LEAST_QUALITY):
        settings.set(setting, wrong)  # type: ignore[arg-type]
    settings.set(LEAVE_OUT, True)
    options = AnswerOptions(settings)
    qtbot.addWidget(options)
    assert 0 <= options.smoothing <= 5
    assert 0 <= options.least_quality <= 1


def test_what_is_on_demand_starts_off(qtbot: QtBot, tmp_path: Path) -> None:
    options = AnswerOptions(Settings(tmp_path / "settings.ini"))
    qtbot.addWidget(options)
    on_demand: list[QCheckBox] = [options.raw, options.explain]
    assert not any(box.isChecked() for box in on_demand)
