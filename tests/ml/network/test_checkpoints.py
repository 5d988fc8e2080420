from __future__ import annotations

import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from ml.cli import main
from ml.expressions import Expression
from ml.network.classifier import ExpressionClassifier
from ml.network.model import network_of
from ml.network.weights_files import load_weights
from tests.ml.network.plain_networks import DesktopNetwork, PublishedNetwork, as_if_trained
from tests.ml.network.small_weights import IMAGENET, PUBLISHED_ORDER, inputs, refusal, small_state

DESKTOP_ORDER = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")


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
            network_of(weights)(inputs()), published(inputs()), rtol=1e-4, atol=1e-5
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

    classifier = ExpressionClassifier(load_weights(tmp_path / "best.pth"), "cpu", exact=True)
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
            network_of(load_weights(tmp_path / "new.safetensors"))(inputs()),
            published(inputs()),
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
            network_of(weights)(inputs()), published(inputs()), rtol=0.02, atol=0.02
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
            network_of(weights)(inputs()).softmax(1), network(inputs()).softmax(1)
        )


# What bad input gets


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
    assert "not a ResEmoteNet" in refusal(path)


@pytest.mark.parametrize(
    "content",
    [[1, 2], 3, None, "text", torch.zeros(3), {"state_dict": [1]}, {"state_dict": {}}, {}],
    ids=str,
)
def test_pickles_of_something_else(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "w.pth")
    message = refusal(tmp_path / "w.pth")
    assert "not weights" in message or "not a ResEmoteNet" in message


def test_two_networks_in_one_file(tmp_path: Path, published: PublishedNetwork) -> None:
    state = published.state_dict()
    torch.save(state | {f"model.{name}": value for name, value in state.items()}, tmp_path / "w.pt")
    assert "more than one network" in refusal(tmp_path / "w.pt")


def test_huge_expanded_tensors(tmp_path: Path, published: PublishedNetwork) -> None:
    """One stored number can pose as a tensor of any size."""
    state = dict(published.state_dict())
    state["fc1.weight"] = torch.zeros(1).expand(10**7, 10**7)
    torch.save(state, tmp_path / "w.pth")
    assert "not a ResEmoteNet" in refusal(tmp_path / "w.pth")


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
    content = {"state_dict": small_state(), "extra": _Malicious(marker)}
    if way.startswith("pickle"):
        path.write_bytes(pickle.dumps(_Malicious(marker), protocol=int(way[-1])))
    elif way == "hidden":
        torch.save({"state_dict": small_state()}, path)
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
        message = refusal(path)
        if name != "w.safetensors":
            assert "run code when it is opened" in message
            assert "nothing was run" in message
    assert not marker.exists()
