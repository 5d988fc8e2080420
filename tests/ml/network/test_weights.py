from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from ml.network.weights_files import save_weights
from tests.ml.network.plain_networks import PublishedNetwork
from tests.ml.network.small_weights import refusal, small_state, small_weights


def _save_state(path: Path, state: dict[str, torch.Tensor]) -> None:
    """Our format with any state: save_weights itself would refuse some."""
    weights = small_weights()
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
        (lambda s: s.update({"fc5.weight": torch.zeros(3)}), ["unexpected", "fc5.weight"]),
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
        "unexpected",
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
    state = small_state()
    spoil(state)
    path = tmp_path / f"spoilt{form}"
    if form == ".safetensors":
        _save_state(path, state)
    else:
        torch.save(state, path)

    message = refusal(path)

    for word in words:
        assert word in message


def test_long_lists_of_faults_are_counted(tmp_path: Path) -> None:
    state = {n: v for n, v in small_state().items() if not n.startswith("res_block3.")}
    _save_state(tmp_path / "w.safetensors", state)
    gone = sum(
        n.startswith("res_block3.") and "num_batches" not in n for n in small_weights().state
    )

    message = refusal(tmp_path / "w.safetensors")

    listed = message.count("res_block3.")
    assert listed >= 3
    assert f"and {gone - listed} more" in message


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
    refusal(tmp_path / "w.pth")


def test_one_number_that_poses_as_a_layer(tmp_path: Path) -> None:
    """Of a shape that fits, so that it would be believed, and take as much memory as it claims."""
    state = small_state()
    state["fc1.weight"] = torch.zeros(1).expand(state["fc1.weight"].shape)
    torch.save(state, tmp_path / "w.pth")
    assert "fc1.weight is not stored as plain numbers" in refusal(tmp_path / "w.pth")


@pytest.mark.parametrize(
    "change", [{"temperature": 1e-39}, {"std": (1e-39,)}, {"mean": (1e39,)}], ids=str
)
def test_scales_that_float32_cannot_divide_by(tmp_path: Path, change: dict[str, Any]) -> None:
    save_weights(small_weights(**change), tmp_path / "w.safetensors")
    assert "must be numbers above 0" in refusal(tmp_path / "w.safetensors")
