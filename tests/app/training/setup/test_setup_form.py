from __future__ import annotations

import argparse
from pathlib import Path

import pytest
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QSpinBox
from pytestqt.qtbot import QtBot

from app.training.setup.setup_form import SetupForm
from ml.training.config import PRESETS, TrainConfig, add_options


@pytest.fixture
def form(qtbot: QtBot) -> SetupForm:
    form = SetupForm()
    qtbot.addWidget(form)
    return form


def config(options: list[str]) -> TrainConfig:
    """What the command makes of the options."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--preset")
    add_options(parser)
    given = vars(parser.parse_args(options))
    return TrainConfig.of_preset(given.pop("preset"), **given)


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_is_passed_on_as_it_is(form: SetupForm, preset: str) -> None:
    form.choose_preset(preset)
    assert form.options() == ["--preset", preset, "--device", "auto"]
    assert config(form.options()) == TrainConfig.of_preset(preset)


def test_what_is_changed_reaches_the_command(form: SetupForm, tmp_path: Path) -> None:
    form.choose_preset("quick")
    for name, value in (("epochs", 3), ("learning_rate", 0.0025), ("width", 0.5), ("seed", 7)):
        field = form.fields[name]
        assert isinstance(field, QSpinBox | QDoubleSpinBox)
        field.setValue(value)
    schedule = form.fields["schedule"]
    assert isinstance(schedule, QComboBox)
    schedule.setCurrentText("plateau")
    form.start_from.setText(str(tmp_path / "my weights.safetensors"))
    form.device.setCurrentIndex(form.device.findData("cpu"))
    assert config(form.options()) == TrainConfig.of_preset(
        "quick",
        epochs=3,
        learning_rate=0.0025,
        width=0.5,
        seed=7,
        schedule="plateau",
        start_from=(str(tmp_path / "my weights.safetensors"),),
        device="cpu",
    )


def test_another_preset_replaces_what_was_changed(form: SetupForm) -> None:
    epochs = form.fields["epochs"]
    assert isinstance(epochs, QSpinBox)
    epochs.setValue(999)
    form.choose_preset("best")
    assert epochs.value() == PRESETS["best"]["epochs"]


def test_every_field_tells_what_it_does_its_range_and_its_default(form: SetupForm) -> None:
    for field in form.fields.values():
        assert "Default: " in field.toolTip()
        assert field.accessibleName()
        if not isinstance(field, QComboBox):
            assert "Between " in field.toolTip()


def test_more_is_hidden_until_it_is_asked_for(form: SetupForm, qtbot: QtBot) -> None:
    form.show()
    assert not form.fields["epochs"].isVisible()
    form.more.click()
    assert form.fields["epochs"].isVisible()


def test_the_time_is_said_in_words(form: SetupForm) -> None:
    form.show_estimate(3725)
    assert form.estimate.text() == "about 1 h 02 min on this computer"
    form.show_estimate(None)
    assert "estimated" in form.estimate.text()
