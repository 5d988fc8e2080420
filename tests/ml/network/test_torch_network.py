from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import torch

from ml.network.architecture import Architecture
from ml.network.model import ResEmoteNet
from ml.network.torch_network import TorchNetwork, folded
from ml.network.weights_files import load_weights
from resources import bundled_weights
from tests.ml.network.plain_networks import SMALL, SMALL_HEAD, as_if_trained
from tests.ml.network.small_weights import some_pictures, trained_weights


def _softmax(logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return torch.from_numpy(logits).softmax(1).numpy()


@pytest.mark.parametrize("bundled", [True, False])
def test_bfloat16_is_close(monkeypatch: pytest.MonkeyPatch, bundled: bool) -> None:
    weights = load_weights(bundled_weights()) if bundled else trained_weights()
    dtypes = []
    exact = TorchNetwork(weights, "cpu", exact=True)
    monkeypatch.setattr(TorchNetwork, "_measure_bfloat16", lambda _: 4)
    fast = TorchNetwork(weights, "cpu", exact=False)
    for dtype, model in fast._models.items():
        model.register_forward_hook(lambda *_, dtype=dtype: dtypes.append(dtype))

    for count in (3, 4):
        answers = (_softmax(network.logits(some_pictures(count))) for network in (fast, exact))
        assert np.abs(np.subtract(*answers)).max() < 0.05

    assert dtypes == [torch.float32, torch.bfloat16]


def test_exact_never_leaves_float32() -> None:
    network = TorchNetwork(trained_weights(), "cpu", exact=True)

    def fail(*_: object) -> None:
        raise AssertionError("bfloat16 was used")

    network._models[torch.bfloat16].register_forward_hook(fail)
    assert len(network.logits(some_pictures(300))) == 300


@pytest.mark.parametrize("gain", [0.5, 2.0])
def test_the_faster_precision_is_chosen(monkeypatch: pytest.MonkeyPatch, gain: float) -> None:
    """bfloat16 from the least batch for which it is measured to be faster, if there is one."""

    def seconds(self: object, pictures: torch.Tensor, *, bfloat16: bool) -> float:
        faster = bfloat16 and len(pictures) >= 8
        return gain if faster else 1.0

    monkeypatch.setattr(TorchNetwork, "_seconds", seconds)
    network = TorchNetwork(trained_weights(), "cpu", exact=False)
    dtypes = []
    for dtype, model in network._models.items():
        model.register_forward_hook(lambda *_, dtype=dtype: dtypes.append(dtype))

    network.logits(some_pictures(7))
    network.logits(some_pictures(8))

    assert dtypes == [torch.float32, torch.bfloat16 if gain < 1 else torch.float32]


@pytest.mark.parametrize(
    "options",
    [{}, {"conv_bias": False}, {"input_size": 48}, {"convolutions": (1, 2, 3)}],
    ids=str,
)
def test_folded_equals_the_model(options: dict[str, object]) -> None:
    model = as_if_trained(ResEmoteNet(Architecture(channels=SMALL, head=SMALL_HEAD, **options)))
    size = model.architecture.input_size
    x = torch.randn(4, 3, size, size, generator=torch.Generator().manual_seed(1))
    before = {name: value.clone() for name, value in model.state_dict().items()}

    faster = folded(model)

    with torch.no_grad():
        torch.testing.assert_close(faster(x), model(x), rtol=1e-4, atol=1e-5)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in faster.modules())
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), "folding changed the model it was given"


def test_folding_a_model_in_training_leaves_it_so() -> None:
    model = ResEmoteNet(Architecture(channels=SMALL, head=SMALL_HEAD)).train()
    assert not folded(model).training
    assert model.training
