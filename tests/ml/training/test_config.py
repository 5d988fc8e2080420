from __future__ import annotations

import argparse
import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.training.config import PRESETS, TrainConfig, add_options

FIELDS = {field.name: field for field in dataclasses.fields(TrainConfig)}


def parse(*words: str) -> dict[str, Any]:
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_options(parser)
    return vars(parser.parse_args(words))


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_is_a_config_that_json_can_hold(preset: str) -> None:
    config = TrainConfig.of_preset(preset, data="x.zip")
    assert config.preset == preset
    values = json.loads(json.dumps(dataclasses.asdict(config)))
    assert TrainConfig.from_json(values) == config


@pytest.mark.parametrize(("old", "new"), [("", ()), ("a.safetensors", ("a.safetensors",))])
def test_runs_from_before_weights_could_be_averaged_are_read(
    old: str, new: tuple[str, ...]
) -> None:
    assert TrainConfig.from_json({"start_from": old}).start_from == new


def test_overrides_replace_what_the_preset_says() -> None:
    config = TrainConfig.of_preset("quick", epochs=3)
    assert config.epochs == 3
    assert config.mixup == PRESETS["quick"]["mixup"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"epochs": 0}, "epochs must be between 1"),
        ({"epochs": 1.5}, "epochs must be of type int"),
        ({"epochs": True}, "epochs must be of type int"),
        ({"learning_rate": float("nan")}, "learning_rate must be between"),
        ({"learning_rate": "fast"}, "learning_rate must be of type float"),
        ({"optimizer": "adam"}, "optimizer must be one of sgd, adamw"),
        ({"channels": [1, 2, 3]}, "channels takes 6 values"),
        ({"channels": 64}, "channels takes 6 values"),
        ({"head": [0, 1, 1]}, "head must be between 1"),
        ({"epoch": 3}, "no option epoch"),
    ],
)
def test_values_out_of_range_are_named(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TrainConfig.from_json(values)


def test_an_unknown_preset_is_named() -> None:
    with pytest.raises(ValueError, match=r"no preset slow, only .*quick"):
        TrainConfig.of_preset("slow")


@given(
    st.dictionaries(
        st.sampled_from(sorted(FIELDS)),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text()),
    )
)
def test_a_config_is_sane_or_refused(values: dict[str, Any]) -> None:
    try:
        config = TrainConfig.from_json(values)
    except ValueError:
        return
    for name, field in FIELDS.items():
        value = getattr(config, name)
        if isinstance(value, int | float):
            assert field.metadata["least"] <= value <= field.metadata["most"]


def test_every_field_explains_itself() -> None:
    for field in FIELDS.values():
        assert field.metadata["help"]


def test_options_come_from_the_fields() -> None:
    assert parse() == {}
    assert parse("--epochs", "7", "--no-flip", "--learning-rate", "1e-3") == {
        "epochs": 7,
        "flip": False,
        "learning_rate": 0.001,
    }
    assert parse("--channels", *"123456")["channels"] == [1, 2, 3, 4, 5, 6]
    assert parse("--teacher", "a", "b")["teacher"] == ["a", "b"]
    options = parse("--teacher", "a", "--head", "1", "2", "3", "--optimizer", "adamw")
    config = TrainConfig.of_preset("quick", **options)
    assert (config.teacher, config.head, config.optimizer) == (("a",), (1, 2, 3), "adamw")
