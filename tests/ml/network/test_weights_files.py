from __future__ import annotations

import dataclasses
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.torch import save_file

from ml.expressions import EXPRESSIONS
from ml.network.architecture import Architecture
from ml.network.classifier import ExpressionClassifier
from ml.network.model import ResEmoteNet, network_of, state_of
from ml.network.weights import Weights, WeightsError
from ml.network.weights_files import load_weights, save_weights
from resources import bundled_weights
from tests.ml.network.plain_networks import SMALL, SMALL_HEAD, as_if_trained
from tests.ml.network.small_weights import (
    IMAGENET,
    PUBLISHED_ORDER,
    inputs,
    refusal,
    small_state,
    small_weights,
)

# Our format


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_round_trip(tmp_path: Path, dtype: type[np.floating[Any]]) -> None:
    weights = small_weights()
    path = tmp_path / "new folder" / "mine.safetensors"

    save_weights(weights, path, dtype)
    back = load_weights(path)

    for field in dataclasses.fields(Weights):
        if field.name != "state":
            assert getattr(back, field.name) == getattr(weights, field.name)
    assert back.state.keys() == weights.state.keys()
    for name, value in weights.state.items():
        assert back.state[name].dtype == value.dtype
        kept = value.astype(dtype) if value.dtype.kind == "f" else value
        np.testing.assert_array_equal(back.state[name], kept)
    with safe_open(path, framework="np") as file:
        assert file.get_tensor("fc1.weight").dtype == dtype
        assert file.metadata()["architecture"] == "resemotenet"
    assert [p.name for p in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    "options",
    [{"conv_bias": False, "head_activation": False}, {"convolutions": (1, 2, 3)}],
    ids=str,
)
def test_round_trip_of_other_variants(tmp_path: Path, options: dict[str, Any]) -> None:
    architecture = Architecture(channels=SMALL, head=SMALL_HEAD, input_size=48, **options)
    model = as_if_trained(ResEmoteNet(architecture))
    weights = small_weights(
        architecture=architecture, state=state_of(model), mean=IMAGENET[0], std=IMAGENET[1]
    )

    save_weights(weights, tmp_path / "w.safetensors", np.float32)

    back = load_weights(tmp_path / "w.safetensors")
    assert back.architecture == architecture
    with torch.no_grad():
        assert torch.equal(network_of(back)(inputs(size=48)), model(inputs(size=48)))


def test_bundled_file_loads() -> None:
    weights = load_weights(bundled_weights())

    assert set(weights.classes) == set(EXPRESSIONS)
    assert weights.results.keys() == {"PublicTest", "PrivateTest"}
    assert weights.trained_on.startswith("fer2013.zip")
    assert weights.temperature != 1.0, "calibrated"
    assert bundled_weights().stat().st_size < 20e6


def test_values_float16_cannot_hold_are_not_written(tmp_path: Path) -> None:
    weights = small_weights()
    weights.state["fc4.bias"][0] = 1e6

    with pytest.raises(WeightsError, match=r"fc4\.bias.*nothing was written"):
        save_weights(weights, tmp_path / "w.safetensors")

    assert not list(tmp_path.iterdir())
    save_weights(weights, tmp_path / "w.safetensors", np.float32)
    assert load_weights(tmp_path / "w.safetensors").state["fc4.bias"][0] == 1e6


@pytest.mark.parametrize("moment", ["while writing", "before renaming"])
def test_interrupted_save_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    path = tmp_path / "w.safetensors"
    save_weights(small_weights(), path)
    before = path.read_bytes()

    def half_written(handle: int) -> None:
        raise KeyboardInterrupt

    def not_renamed(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    if moment == "while writing":
        monkeypatch.setattr("os.fsync", half_written)
    else:
        monkeypatch.setattr(Path, "replace", not_renamed)
    with pytest.raises((KeyboardInterrupt, OSError)):
        save_weights(small_weights(temperature=3.0), path)

    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


# What bad input gets


@pytest.mark.parametrize("suffix", [".safetensors", ".pth", ".pt", ".ckpt", ""])
def test_missing_file(tmp_path: Path, suffix: str) -> None:
    assert "There is no weights file" in refusal(tmp_path / f"gone{suffix}")


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_folder(tmp_path: Path, suffix: str) -> None:
    folder = tmp_path / f"folder{suffix}"
    folder.mkdir()
    assert "is a folder" in refusal(folder)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads all")
def test_unreadable_file(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_weights(small_weights(), path)
    path.chmod(0)
    assert "cannot be read" in refusal(path)


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
@pytest.mark.parametrize(
    "content",
    [b"", b"\0", b"These are my notes.\n" * 50, b"\x89PNG\r\n\x1a\n" + bytes(500), bytes(4096)],
    ids=["empty", "one byte", "text", "png", "zeros"],
)
def test_not_weights_at_all(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"w{suffix}"
    path.write_bytes(content)
    message = refusal(path)
    assert "damaged or incomplete" in message or "not a weights file" in message


@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.99])
@pytest.mark.parametrize("suffix", [".safetensors", ".pth", ".legacy.pth"])
def test_truncated(tmp_path: Path, suffix: str, share: float) -> None:
    path = tmp_path / f"w{suffix}"
    if suffix == ".safetensors":
        save_weights(small_weights(), path)
    else:
        torch.save(small_state(), path, _use_new_zipfile_serialization=suffix != ".legacy.pth")
    assert load_weights(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    message = refusal(path)
    if suffix != ".legacy.pth":  # cut short within a name, it is the name of something else
        assert "damaged or incomplete" in message or "not a weights file" in message


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([".safetensors", ".pth"]), st.binary(max_size=300), st.integers(0, 2000))
def test_any_bytes_are_refused(tmp_path: Path, suffix: str, content: bytes, position: int) -> None:
    path = tmp_path / f"w{suffix}"
    path.write_bytes(content)
    refusal(path)

    pristine = tmp_path / f"pristine{suffix}"
    if not pristine.exists():
        if suffix == ".safetensors":
            save_weights(small_weights(), pristine)
        else:
            torch.save(small_state(), pristine)
    spoilt = bytearray(pristine.read_bytes())
    spoilt[position : position + len(content)] = content
    path.write_bytes(spoilt)
    with suppress(WeightsError):
        network_of(load_weights(path))


def test_huge_declared_shapes(tmp_path: Path) -> None:
    """A header of a few bytes that claims terabytes."""
    header = json.dumps(
        {"fc1.weight": {"dtype": "F32", "shape": [10**6, 10**6], "data_offsets": [0, 4 * 10**12]}}
    ).encode()
    path = tmp_path / "w.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(64))
    assert "damaged or incomplete" in refusal(path)


def test_names_in_a_file_cannot_spoil_the_message(tmp_path: Path) -> None:
    state = small_state()
    hostile = {"a\nb": torch.zeros(1), "\x1b[2Jc": torch.zeros(1), "d" * 10**5: torch.zeros(1)}
    torch.save(state | hostile, tmp_path / "w.pth")
    message = refusal(tmp_path / "w.pth")
    assert "unexpected" in message
    assert message.isprintable()


# Metadata are text that anyone can write


@pytest.fixture(scope="module")
def good_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "good.safetensors"
    save_weights(small_weights(), path)
    return path


def _with_metadata(good: Path, path: Path, changes: dict[str, str | None]) -> Path:
    with safe_open(good, framework="pt") as file:
        metadata = dict(file.metadata())
        state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    for name, value in changes.items():
        metadata.pop(name, None)
        if value is not None:
            metadata[name] = value
    save_file(state, path, metadata)
    return path


@pytest.mark.parametrize(
    "changes",
    [
        {"mean": None},
        {"std": None},
        {"classes": None},
        {"classes": '["happy", "sad"]'},
        {"classes": json.dumps(["happy"] * 7)},
        {"classes": json.dumps([*PUBLISHED_ORDER[:6], "contempt"])},
        {"classes": json.dumps([*PUBLISHED_ORDER, "contempt"])},
        {"classes": "[0, 1, 2, 3, 4, 5, 6]"},
        {"classes": "happy"},
        {"classes": "null"},
        {"mean": "[0.5, 0.5, 0.5]"},
        {"mean": "[NaN]"},
        {"mean": '["a"]'},
        {"mean": "0.5"},
        {"mean": f"[{'1' * 400}]"},
        {"std": "[0]"},
        {"std": "[-1]"},
        {"std": "[NaN]"},
        {"std": "[Infinity]"},
        {"temperature": "0"},
        {"temperature": "-1"},
        {"temperature": "nan"},
        {"temperature": "inf"},
        {"temperature": "warm"},
        {"channels": "[1, 2]"},
        {"channels": json.dumps([10**9] * 6)},
        {"channels": json.dumps([10**30] * 6)},
        {"channels": "[16.0, 16.0, 32.0, 24.0, 32.0, 40.0]"},
        {"channels": '["a", "b", "c", "d", "e", "f"]'},
        {"channels": "[" * 100_000},
        {"channels": '"abcdef"'},
        {"head": "[-1, 1, 1]"},
        {"head": "12"},
        {"in_channels": "3"},
        {"in_channels": "null"},
        {"input_size": "1000000000"},
        {"input_size": "7"},
        {"input_size": '"64"'},
        {"conv_bias": '"no"'},
        {"conv_bias": "false"},
        {"stem_dropout": "2"},
        {"head_dropout": '"x"'},
        {"results": "[1]"},
        {"results": "{"},
    ],
    ids=lambda changes: str(changes)[:60],
)
def test_bad_metadata_are_refused(
    tmp_path: Path, good_file: Path, changes: dict[str, str | None]
) -> None:
    refusal(_with_metadata(good_file, tmp_path / "w.safetensors", changes))


_KEYS = [
    "architecture",
    "classes",
    "mean",
    "std",
    "temperature",
    "results",
    "trained_on",
    "taps",
    *(field.name for field in dataclasses.fields(Architecture)),
]
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=7) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=10,
).map(json.dumps)
_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(_KEYS), _JSON | _TEXT, min_size=1, max_size=4))
@example({"temperature": "1_0"})
@example({"input_size": "true"})
def test_any_metadata_load_or_are_refused(
    tmp_path: Path, good_file: Path, changes: dict[str, str]
) -> None:
    path = _with_metadata(good_file, tmp_path / "w.safetensors", dict(changes))
    try:
        weights = load_weights(path)
    except WeightsError:
        return
    classifier = ExpressionClassifier(weights, "cpu", exact=True)
    probabilities = classifier.probabilities(np.full((1, 48, 48), 90, np.uint8))
    assert np.isfinite(probabilities).all()
    assert probabilities.sum() == pytest.approx(1, abs=1e-4)
