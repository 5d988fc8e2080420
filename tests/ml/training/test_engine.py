from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import torch.distributed as distributed
from torch import nn

from ml.network.model import Architecture
from ml.training.config import TrainConfig
from ml.training.engine import (
    SharedBatchNorm2d,
    fastest_precision,
    make_fabric,
    seconds_per_picture,
)

CPU = torch.device("cpu")
SMALL = Architecture(channels=(8, 8, 16, 16, 16, 16), head=(8, 8, 8), in_channels=1)


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[None]:
    """A group of this process only."""
    store = distributed.FileStore(str(tmp_path / "store"), 1)  # type: ignore[attr-defined]
    distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
    yield
    distributed.destroy_process_group()


def test_the_shared_norm_of_one_process_is_the_plain_one(alone: None) -> None:
    """What it adds over more of them is tested with training in two processes."""
    torch.manual_seed(0)
    plain, shared = nn.BatchNorm2d(3).double(), SharedBatchNorm2d(3).double()
    with torch.no_grad():
        plain.weight.uniform_(0.5, 2)
        plain.bias.uniform_(-1, 1)
    shared.load_state_dict(plain.state_dict())
    x = (torch.randn(4, 3, 5, 5, dtype=torch.float64) * 3 + 2).requires_grad_()
    y = x.detach().clone().requires_grad_()
    for norm, values in ((plain, x), (shared, y)):
        norm(values).square().sin().sum().backward()
    assert x.grad is not None
    torch.testing.assert_close(y.grad, x.grad)
    for name, value in plain.named_parameters():
        torch.testing.assert_close(shared.get_parameter(name).grad, value.grad)
    for name, value in plain.state_dict().items():
        torch.testing.assert_close(shared.state_dict()[name], value)
    plain.eval()
    shared.eval()
    torch.testing.assert_close(shared(y), plain(x))


def test_as_many_devices_as_asked_for_whatever_the_first_is_called(tmp_path: Path) -> None:
    """``auto`` names the first GPU with a number, which must not become all there is."""
    fabric = make_fabric(
        TrainConfig(devices=2, precision="float32"), torch.device("cpu:0"), tmp_path
    )
    assert fabric.world_size == 2


def test_the_faster_precision_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = {"float32": 1.0, "bfloat16": 0.5}
    monkeypatch.setattr(
        "ml.training.engine.seconds_per_picture", lambda *arguments, **_: seconds[arguments[2]]
    )
    assert fastest_precision(TrainConfig(), SMALL, CPU) == "bfloat16"
    seconds["bfloat16"] = 0.99  # not worth the rounding
    assert fastest_precision(TrainConfig(), SMALL, CPU) == "float32"


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_steps_can_be_timed_in_every_precision(precision: str) -> None:
    assert seconds_per_picture(SMALL, CPU, precision, pictures=2) > 0


def test_the_precision_is_what_the_engine_computes_in(tmp_path: Path) -> None:
    for precision, dtype in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
        fabric = make_fabric(TrainConfig(precision=precision), CPU, tmp_path)
        with fabric.autocast():
            assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == dtype
