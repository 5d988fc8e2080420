from __future__ import annotations

import dataclasses
import errno
import json
import os
import pickle
import zipfile
from collections.abc import Callable
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

from ml.cli import main
from ml.expressions import ALPHABETICAL, EXPRESSIONS, Expression
from ml.network.classifier import ExpressionClassifier
from ml.network.model import Architecture, ResEmoteNet
from ml.network.weights import Weights, WeightsError
from ml.network.weights_files import load_weights, save_weights
from resources import bundled_weights
from tests.ml.network.plain_networks import (
    SMALL,
    SMALL_HEAD,
    DesktopNetwork,
    PublishedNetwork,
    as_if_trained,
)

PUBLISHED_ORDER = ("happy", "surprise", "sad", "anger", "disgust", "fear", "neutral")
DESKTOP_ORDER = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def _weights(**options: object) -> Weights:
    architecture = Architecture(channels=SMALL, head=SMALL_HEAD, in_channels=1)
    model = as_if_trained(ResEmoteNet(architecture))
    return Weights(
        **{
            "architecture": architecture,
            "state": model.state_dict(),
            "mean": (0.5,),
            "std": (0.25,),
            "classes": ALPHABETICAL,
            "temperature": 1.5,
            "trained_on": "nothing “real”",
            "results": {"PublicTest": {"accuracy": 0.5}},
            **options,
        }
    )


def _inputs(channels: int = 3, size: int = 64) -> torch.Tensor:
    return torch.randn(4, channels, size, size, generator=torch.Generator().manual_seed(9))


@pytest.fixture
def published() -> PublishedNetwork:
    return as_if_trained(PublishedNetwork(SMALL, SMALL_HEAD))


# Our format


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
def test_round_trip(tmp_path: Path, dtype: torch.dtype) -> None:
    weights = _weights()
    path = tmp_path / "new folder" / "mine.safetensors"

    save_weights(weights, path, dtype)
    back = load_weights(path)

    for field in dataclasses.fields(Weights):
        if field.name != "state":
            assert getattr(back, field.name) == getattr(weights, field.name)
    assert back.state.keys() == weights.state.keys()
    for name, value in weights.state.items():
        assert back.state[name].dtype == value.dtype
        assert torch.equal(back.state[name], value.to(dtype).to(value.dtype))
    with safe_open(path, framework="pt") as file:
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
    weights = _weights(
        architecture=architecture, state=model.state_dict(), mean=IMAGENET[0], std=IMAGENET[1]
    )

    save_weights(weights, tmp_path / "w.safetensors", torch.float32)

    back = load_weights(tmp_path / "w.safetensors")
    assert back.architecture == architecture
    with torch.no_grad():
        assert torch.equal(back.model()(_inputs(size=48)), model(_inputs(size=48)))


def test_bundled_file_loads() -> None:
    weights = load_weights(bundled_weights())

    assert set(weights.classes) == set(EXPRESSIONS)
    assert weights.results.keys() == {"PublicTest", "PrivateTest"}
    assert weights.trained_on.startswith("fer2013.zip")
    assert weights.temperature != 1.0, "calibrated"
    assert bundled_weights().stat().st_size < 20e6


def test_values_float16_cannot_hold_are_not_written(tmp_path: Path) -> None:
    weights = _weights()
    weights.state["fc4.bias"][0] = 1e6

    with pytest.raises(WeightsError, match=r"fc4\.bias.*nothing was written"):
        save_weights(weights, tmp_path / "w.safetensors")

    assert not list(tmp_path.iterdir())
    save_weights(weights, tmp_path / "w.safetensors", torch.float32)
    assert load_weights(tmp_path / "w.safetensors").state["fc4.bias"][0] == 1e6


@pytest.mark.parametrize("moment", ["while writing", "before renaming"])
def test_interrupted_save_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    path = tmp_path / "w.safetensors"
    save_weights(_weights(), path)
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
        save_weights(_weights(temperature=3.0), path)

    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_full_disk_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    assert main(["convert", str(bundled_weights()), str(tmp_path / "w.safetensors")]) == 1
    assert "w.safetensors could not be written" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


# Checkpoints of others


def _bare(state: dict[str, torch.Tensor]) -> object:
    return state


def _training_script(state: dict[str, torch.Tensor]) -> object:
    return {"epoch": 3, "model_state_dict": state, "optimizer_state_dict": {"lr": 0.1}}


def _data_parallel(state: dict[str, torch.Tensor]) -> object:
    return {f"module.{name}": value for name, value in state.items()}


def _lightning(state: dict[str, torch.Tensor]) -> object:
    return {
        "epoch": 7,
        "pytorch-lightning_version": "2.4.0",
        "hyper_parameters": {"lr": 1e-3},
        "state_dict": {f"model.{name}": value for name, value in state.items()},
    }


@pytest.mark.parametrize("form", [_bare, _training_script, _data_parallel, _lightning])
@pytest.mark.parametrize("suffix", [".pt", ".pth", ".ckpt"])
def test_published_checkpoints(
    tmp_path: Path, published: PublishedNetwork, form: Callable[[Any], object], suffix: str
) -> None:
    path = tmp_path / f"best{suffix}"
    torch.save(form(published.state_dict()), path)

    weights = load_weights(path)

    assert weights.classes == tuple(
        Expression[{"ANGER": "ANGRY"}.get(name.upper(), name.upper())] for name in PUBLISHED_ORDER
    )
    assert (weights.mean, weights.std) == IMAGENET
    with torch.no_grad():
        torch.testing.assert_close(
            weights.model()(_inputs()), published(_inputs()), rtol=1e-4, atol=1e-5
        )


def test_published_checkpoint_through_the_classifier(
    tmp_path: Path, published: PublishedNetwork
) -> None:
    """The probabilities a person sees are those of the published code, class by class."""
    torch.save(published.state_dict(), tmp_path / "best.pth")
    pictures = np.random.default_rng(0).integers(0, 256, (3, 48, 48), dtype=np.uint8)
    x = torch.from_numpy(pictures)[:, None].expand(-1, 3, -1, -1) / 255
    x = torch.nn.functional.interpolate(x, (64, 64), mode="bilinear")
    x = (x - torch.tensor(IMAGENET[0])[:, None, None]) / torch.tensor(IMAGENET[1])[:, None, None]
    with torch.no_grad():
        expected = published(x).softmax(1)

    classifier = ExpressionClassifier(
        load_weights(tmp_path / "best.pth"), torch.device("cpu"), exact=True
    )
    got = classifier.probabilities(pictures)

    for name, column in zip(PUBLISHED_ORDER, expected.T, strict=True):
        expression = Expression[{"anger": "angry"}.get(name, name).upper()]
        np.testing.assert_allclose(got[:, expression], column.numpy(), rtol=1e-3, atol=1e-6)


def test_checkpoint_without_batch_counts(tmp_path: Path, published: PublishedNetwork) -> None:
    """PyTorch before 0.4.1 did not count batches; such a file must also convert."""
    state = {n: v for n, v in published.state_dict().items() if "num_batches" not in n}
    torch.save(state, tmp_path / "old.pth")

    assert main(["convert", str(tmp_path / "old.pth"), str(tmp_path / "new.safetensors")]) == 0

    with torch.no_grad():
        torch.testing.assert_close(
            load_weights(tmp_path / "new.safetensors").model()(_inputs()),
            published(_inputs()),
            rtol=0.02,
            atol=0.02,  # half precision
        )


def test_half_precision_and_foreign_safetensors(
    tmp_path: Path, published: PublishedNetwork
) -> None:
    state = {name: value.half() for name, value in published.state_dict().items()}
    save_file(state, tmp_path / "w.SAFETENSORS")

    weights = load_weights(tmp_path / "w.SAFETENSORS")

    assert weights.classes[0] == Expression.HAPPY
    with torch.no_grad():
        torch.testing.assert_close(
            weights.model()(_inputs()), published(_inputs()), rtol=0.02, atol=0.02
        )


@pytest.mark.parametrize("prefix", ["model.", ""])
@pytest.mark.parametrize("wrapped", [True, False])
def test_desktop_programs_checkpoints(tmp_path: Path, prefix: str, wrapped: bool) -> None:
    network = as_if_trained(DesktopNetwork())
    state = {f"{prefix}{name}": value for name, value in network.state_dict().items()}
    if prefix:  # as the issue names them
        assert state.keys() > {
            "model.cnn.blocks.0.layers.0.weight",
            "model.seb.excitation.0.weight",
            "model.res.0.conv1.layers.0.weight",
            "model.out.0.weight",
        }
    torch.save({"state_dict": state, "epoch": 1} if wrapped else state, tmp_path / "last.ckpt")

    weights = load_weights(tmp_path / "last.ckpt")

    assert [expression.label for expression in weights.classes] == list(DESKTOP_ORDER)
    assert (weights.mean, weights.std) == IMAGENET
    assert not weights.architecture.head_activation
    with torch.no_grad():
        torch.testing.assert_close(
            weights.model()(_inputs()).softmax(1), network(_inputs()).softmax(1)
        )


def test_convert_writes_our_format(
    tmp_path: Path, published: PublishedNetwork, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.save(published.state_dict(), tmp_path / "in.pt")
    out = tmp_path / "out.safetensors"

    assert main(["convert", str(tmp_path / "in.pt"), str(out)]) == 0

    assert str(out) in capsys.readouterr().out
    before, after = load_weights(tmp_path / "in.pt"), load_weights(out)
    assert after.architecture == before.architecture
    assert after.classes == before.classes
    for name, value in before.state.items():
        torch.testing.assert_close(after.state[name], value, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("out", ["out.pth", "out"])
def test_convert_refuses_other_endings(
    tmp_path: Path, out: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["convert", str(bundled_weights()), str(tmp_path / out)]) == 1
    assert ".safetensors" in capsys.readouterr().err
    assert not (tmp_path / out).exists()


def test_convert_of_a_bad_file_keeps_the_old_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad, out = tmp_path / "bad.pth", tmp_path / "out.safetensors"
    bad.write_text("not weights")
    out.write_bytes(b"precious")

    assert main(["convert", str(bad), str(out)]) == 1

    assert "bad.pth" in capsys.readouterr().err
    assert out.read_bytes() == b"precious"


# What bad input gets


def _refusal(path: Path) -> str:
    with pytest.raises(WeightsError) as caught:
        load_weights(path)
    message = str(caught.value)
    assert path.name in message
    assert "\n" not in message
    assert len(message) < 1000
    return message


@pytest.mark.parametrize("suffix", [".safetensors", ".pth", ".pt", ".ckpt", ""])
def test_missing_file(tmp_path: Path, suffix: str) -> None:
    assert "There is no weights file" in _refusal(tmp_path / f"gone{suffix}")


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_folder(tmp_path: Path, suffix: str) -> None:
    folder = tmp_path / f"folder{suffix}"
    folder.mkdir()
    assert "is a folder" in _refusal(folder)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads all")
def test_unreadable_file(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_weights(_weights(), path)
    path.chmod(0)
    assert "cannot be read" in _refusal(path)


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
@pytest.mark.parametrize(
    "content",
    [b"", b"\0", b"These are my notes.\n" * 50, b"\x89PNG\r\n\x1a\n" + bytes(500), bytes(4096)],
    ids=["empty", "one byte", "text", "png", "zeros"],
)
def test_not_weights_at_all(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"w{suffix}"
    path.write_bytes(content)
    message = _refusal(path)
    assert "not a whole" in message or "not a weights file" in message


@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.99])
@pytest.mark.parametrize("suffix", [".safetensors", ".pth", ".legacy.pth"])
def test_truncated(tmp_path: Path, suffix: str, share: float) -> None:
    path = tmp_path / f"w{suffix}"
    if suffix == ".safetensors":
        save_weights(_weights(), path)
    else:
        torch.save(_weights().state, path, _use_new_zipfile_serialization=suffix != ".legacy.pth")
    assert load_weights(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    message = _refusal(path)
    if suffix != ".legacy.pth":  # cut short within a name, it is the name of something else
        assert "not a whole" in message or "not a weights file" in message


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([".safetensors", ".pth"]), st.binary(max_size=300), st.integers(0, 2000))
def test_any_bytes_are_refused(tmp_path: Path, suffix: str, content: bytes, position: int) -> None:
    path = tmp_path / f"w{suffix}"
    path.write_bytes(content)
    _refusal(path)

    pristine = tmp_path / f"pristine{suffix}"
    if not pristine.exists():
        if suffix == ".safetensors":
            save_weights(_weights(), pristine)
        else:
            torch.save(_weights().state, pristine)
    spoilt = bytearray(pristine.read_bytes())
    spoilt[position : position + len(content)] = content
    path.write_bytes(spoilt)
    with suppress(WeightsError):
        load_weights(path).model()


def _save_state(path: Path, state: dict[str, torch.Tensor]) -> None:
    """Our format with any state: save_weights itself would refuse some."""
    weights = _weights()
    good = path.with_name("good.safetensors")
    save_weights(weights, good)
    with safe_open(good, framework="pt") as file:
        metadata = file.metadata()
    save_file({name: value.contiguous() for name, value in state.items()}, path, metadata)


@pytest.mark.parametrize("form", [".safetensors", ".pth"])
@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda s: s.pop("fc2.weight"), ["fc2.weight"]),
        (lambda s: s.pop("res_block3.bn2.running_var"), ["missing", "running_var"]),
        (lambda s: s.update({"fc5.weight": torch.zeros(3)}), ["left over", "fc5.weight"]),
        (
            lambda s: s.update({"fc3.weight": torch.zeros(12, 5)}),
            ["wrong shape", "fc3.weight is 12×5 instead of 12×16"],
        ),
        (
            lambda s: s.update({"res_block1.conv2.weight": torch.zeros(24, 24, 5, 5)}),
            ["wrong shape", "24×24×5×5"],
        ),
        (lambda s: s["fc1.bias"].fill_(float("nan")), ["NaN", "fc1.bias"]),
        (lambda s: s["conv1.weight"][0, 0].fill_(float("inf")), ["conv1.weight"]),
        (lambda s: s["bn1.running_var"].fill_(-float("inf")), ["bn1.running_var"]),
    ],
    ids=[
        "a layer missing",
        "a statistic missing",
        "left over",
        "wrong shape",
        "other kernel",
        "NaN",
        "infinite",
        "minus infinite",
    ],
)
def test_state_that_does_not_fit(
    tmp_path: Path, form: str, spoil: Callable[[dict[str, torch.Tensor]], object], words: list[str]
) -> None:
    state = {name: value.clone() for name, value in _weights().state.items()}
    spoil(state)
    path = tmp_path / f"spoilt{form}"
    if form == ".safetensors":
        _save_state(path, state)
    else:
        torch.save(state, path)

    message = _refusal(path)

    for word in words:
        assert word in message


def test_long_lists_of_faults_are_counted(tmp_path: Path) -> None:
    state = {n: v for n, v in _weights().state.items() if not n.startswith("res_block3.")}
    _save_state(tmp_path / "w.safetensors", state)
    gone = sum(n.startswith("res_block3.") and "num_batches" not in n for n in _weights().state)

    message = _refusal(tmp_path / "w.safetensors")

    listed = message.count("res_block3.")
    assert listed >= 3
    assert f"and {gone - listed} more" in message


@pytest.mark.parametrize("form", [".safetensors", ".pth"])
@pytest.mark.parametrize(
    "state",
    [
        torch.nn.Sequential(torch.nn.Linear(3, 4)).state_dict(),
        {"conv1.weight": torch.zeros(64, 3, 7, 7), "layer1.0.conv1.weight": torch.zeros(64)},
        {"conv1.weight": torch.zeros(5)},
        {"conv1.weight": torch.zeros(())},
        {"model.out.0.weight": torch.zeros(3, 3)},
        {f"conv{n}.weight": torch.zeros(4, 4, 3, 3) for n in (1, 2, 3)}
        | {f"res_block{n}.conv1.weight": torch.zeros(4, 4, 3, 3) for n in (1, 2, 3)}
        | {f"fc{n}.weight": torch.zeros(4, 4) for n in (1, 2, 3)},
        {"conv1.weight": torch.zeros(0, 0, 3, 3)},
    ],
    ids=["linear", "resnet", "1-d", "0-d", "desktop", "too narrow", "empty"],
)
def test_another_network(tmp_path: Path, form: str, state: dict[str, torch.Tensor]) -> None:
    path = tmp_path / f"other{form}"
    if form == ".safetensors":
        save_file(dict(state), path)
    else:
        torch.save(dict(state), path)
    assert "another network" in _refusal(path)


@pytest.mark.parametrize(
    "content",
    [[1, 2], 3, None, "text", torch.zeros(3), {"state_dict": [1]}, {"state_dict": {}}, {}],
    ids=str,
)
def test_pickles_of_something_else(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "w.pth")
    message = _refusal(tmp_path / "w.pth")
    assert "not weights" in message or "another network" in message


def test_names_in_a_file_cannot_spoil_the_message(tmp_path: Path) -> None:
    state = _weights().state
    hostile = {"a\nb": torch.zeros(1), "\x1b[2Jc": torch.zeros(1), "d" * 10**5: torch.zeros(1)}
    torch.save(state | hostile, tmp_path / "w.pth")
    message = _refusal(tmp_path / "w.pth")
    assert "left over" in message
    assert message.isprintable()


def test_two_networks_in_one_file(tmp_path: Path, published: PublishedNetwork) -> None:
    state = published.state_dict()
    torch.save(state | {f"model.{name}": value for name, value in state.items()}, tmp_path / "w.pt")
    assert "more than one network" in _refusal(tmp_path / "w.pt")


@pytest.mark.parametrize(
    "odd",
    [
        lambda t: t.to_sparse(),
        lambda t: t.to(torch.complex64),
        lambda t: t.to("meta"),
        lambda t: torch.quantize_per_tensor(t, 0.1, 0, torch.qint8),
    ],
    ids=["sparse", "complex", "meta", "quantised"],
)
@pytest.mark.filterwarnings("ignore")
def test_tensors_of_odd_kinds(
    tmp_path: Path,
    published: PublishedNetwork,
    odd: Callable[[torch.Tensor], torch.Tensor],
) -> None:
    state = dict(published.state_dict())
    state["fc4.weight"] = odd(state["fc4.weight"])
    torch.save(state, tmp_path / "w.pth")
    _refusal(tmp_path / "w.pth")


class _Malicious:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"echo ran > '{self.marker}'",)


@pytest.mark.parametrize("name", ["w.pth", "w.pt", "w.ckpt", "w", "w.safetensors"])
@pytest.mark.parametrize(
    "way",
    ["torch", "torch legacy", "torch protocol 4", "pickle 0", "pickle 2", "pickle 5", "hidden"],
)
def test_pickles_that_run_code_are_refused(tmp_path: Path, name: str, way: str) -> None:
    marker, path = tmp_path / "marker", tmp_path / name
    content = {"state_dict": _weights().state, "extra": _Malicious(marker)}
    if way.startswith("pickle"):
        path.write_bytes(pickle.dumps(_Malicious(marker), protocol=int(way[-1])))
    elif way == "hidden":
        torch.save({"state_dict": _weights().state}, path)
        with zipfile.ZipFile(path, "a") as file:
            file.writestr(f"{path.stem}/extra.pkl", pickle.dumps(_Malicious(marker)))
    else:
        torch.save(
            content,
            path,
            pickle_protocol=4 if "4" in way else 2,
            _use_new_zipfile_serialization="legacy" not in way,
        )

    if way == "hidden" and name != "w.safetensors":
        load_weights(path)  # the network in it is fine, and nothing else is opened
    else:
        message = _refusal(path)
        if name != "w.safetensors":
            assert "run code when it is opened" in message
            assert "nothing was run" in message
    assert not marker.exists()


# Metadata are text that anyone can write.


@pytest.fixture(scope="module")
def good_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "good.safetensors"
    save_weights(_weights(), path)
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
    _refusal(_with_metadata(good_file, tmp_path / "w.safetensors", changes))


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
    classifier = ExpressionClassifier(weights, torch.device("cpu"), exact=True)
    probabilities = classifier.probabilities(np.full((1, 48, 48), 90, np.uint8))
    assert np.isfinite(probabilities).all()
    assert probabilities.sum() == pytest.approx(1, abs=1e-4)


def test_huge_declared_shapes(tmp_path: Path) -> None:
    """A header of a few bytes that claims terabytes."""
    header = json.dumps(
        {"fc1.weight": {"dtype": "F32", "shape": [10**6, 10**6], "data_offsets": [0, 4 * 10**12]}}
    ).encode()
    path = tmp_path / "w.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(64))
    assert "not a whole" in _refusal(path)


def test_huge_expanded_tensors(tmp_path: Path, published: PublishedNetwork) -> None:
    """One stored number can pose as a tensor of any size."""
    state = dict(published.state_dict())
    state["fc1.weight"] = torch.zeros(1).expand(10**7, 10**7)
    torch.save(state, tmp_path / "w.pth")
    assert "another network" in _refusal(tmp_path / "w.pth")


def test_one_number_that_poses_as_a_layer(tmp_path: Path) -> None:
    """Of a shape that fits, so that it would be believed, and take as much memory as it claims."""
    state = dict(_weights().state)
    state["fc1.weight"] = torch.zeros(1).expand(state["fc1.weight"].shape)
    torch.save(state, tmp_path / "w.pth")
    assert "fc1.weight is not stored as plain numbers" in _refusal(tmp_path / "w.pth")


@pytest.mark.parametrize(
    "change", [{"temperature": 1e-39}, {"std": (1e-39,)}, {"mean": (1e39,)}], ids=str
)
def test_scales_that_float32_cannot_divide_by(tmp_path: Path, change: dict[str, Any]) -> None:
    save_weights(_weights(**change), tmp_path / "w.safetensors")
    assert "must be numbers above 0" in _refusal(tmp_path / "w.safetensors")
