from __future__ import annotations

import pytest
import torch
from torch import nn

from ml.network.architecture import Architecture, live_taps
from ml.network.model import LiveConv2d, ResEmoteNet, parameter_count
from tests.ml.network.plain_networks import SMALL, SMALL_HEAD, PublishedNetwork, as_if_trained


def _small(**options: object) -> Architecture:
    return Architecture(channels=SMALL, head=SMALL_HEAD, **options)


def _whole_kernels(model: ResEmoteNet, dead_taps: float) -> dict[str, torch.Tensor]:
    """``model``'s state with kernels of 3×3, ``dead_taps`` wherever the model holds none."""
    state = dict(model.state_dict())
    for name, module in model.named_modules():
        if isinstance(module, LiveConv2d):
            kernel = torch.full((*module.weight.shape[:2], 3, 3), dead_taps)
            taps = slice(module.first_tap, module.first_tap + module.kernel_size[0])
            kernel[:, :, taps, taps] = module.weight.detach()
            state[f"{name}.weight"] = kernel
    return state


@pytest.mark.parametrize("size", [8, 9, 15, 16, 17, 24, 32, 33, 40, 48, 64, 65, 72, 96, 128])
@pytest.mark.parametrize("dead_taps", [0.0, 1e3])
def test_same_outputs_as_the_plain_network(size: int, dead_taps: float) -> None:
    model = as_if_trained(ResEmoteNet(_small(input_size=size)))
    plain = PublishedNetwork(SMALL, SMALL_HEAD)
    plain.load_state_dict(_whole_kernels(model, dead_taps))
    x = torch.randn(3, 3, size, size, generator=torch.Generator().manual_seed(1))

    with torch.no_grad():
        ours, theirs = model(x), plain.eval()(x)

    assert ours.std(0).min() > 1e-3, "pictures the network cannot tell apart prove nothing"
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("in_channels", [1, 3, 4])
@pytest.mark.parametrize("width", [0.5, 1.5])
def test_same_outputs_at_other_widths_and_channels(width: float, in_channels: int) -> None:
    base = Architecture(channels=(16, 16, 32, 24, 32, 40), head=SMALL_HEAD, in_channels=in_channels)
    model = as_if_trained(ResEmoteNet(base, width=width))
    plain = PublishedNetwork(
        [round(n * width) for n in base.channels],
        [round(n * width) for n in base.head],
        in_channels,
    )
    plain.load_state_dict(_whole_kernels(model, 7.0))
    x = torch.randn(2, in_channels, 64, 64, generator=torch.Generator().manual_seed(2))

    with torch.no_grad():
        torch.testing.assert_close(model(x), plain.eval()(x), rtol=1e-4, atol=1e-5)


def test_same_outputs_at_the_papers_size() -> None:
    model = as_if_trained(ResEmoteNet())
    plain = PublishedNetwork()
    plain.load_state_dict(_whole_kernels(model, 1.0))
    x = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(3))

    with torch.no_grad():
        torch.testing.assert_close(model(x), plain.eval()(x), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("width", "ours", "whole"), [(1.0, 36e6, 80e6), (0.5, 9e6, 20e6)], ids=["paper", "half"]
)
def test_parameters_counted(width: float, ours: float, whole: float) -> None:
    with torch.device("meta"):
        model = ResEmoteNet(width=width)
        plain = PublishedNetwork(model.architecture.channels, model.architecture.head)

    assert parameter_count(model) == pytest.approx(ours, rel=0.02)
    assert parameter_count(plain) == pytest.approx(whole, rel=0.02)


@pytest.mark.parametrize("size", [32, 64, 96])
def test_names_are_the_published_ones(size: int) -> None:
    with torch.device("meta"):
        model, plain = ResEmoteNet(_small(input_size=size)), PublishedNetwork(SMALL, SMALL_HEAD)

    assert list(model.state_dict()) == list(plain.state_dict())


@pytest.mark.parametrize("size", [32, 48, 64, 96])
def test_every_parameter_learns(size: int) -> None:
    torch.manual_seed(0)
    model = ResEmoteNet(_small(input_size=size)).train()
    nn.functional.cross_entropy(
        model(torch.randn(8, 3, size, size)), torch.arange(8) % 7
    ).backward()

    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert (parameter.grad != 0).any(), name
        if parameter.ndim == 4:
            taps = parameter.grad.abs().sum((0, 1))
            assert (taps > 0).all(), f"{name} holds taps that never meet a pixel: {taps}"


@pytest.mark.parametrize("convolutions", [(1, 1, 1), (1, 2, 3), (2, 2, 2)], ids=str)
def test_more_convolutions_per_stage(convolutions: tuple[int, int, int]) -> None:
    torch.manual_seed(0)
    model = ResEmoteNet(_small(input_size=48, convolutions=convolutions)).train()

    model(torch.randn(8, 3, 48, 48)).square().sum().backward()

    stages = [[n for n in model.state_dict() if n.startswith(f"conv{i}")] for i in (1, 2, 3)]
    assert [len(names) for names in stages] == [2 * n for n in convolutions]  # weight and bias
    with torch.device("meta"):
        plain = PublishedNetwork(SMALL, SMALL_HEAD)
    assert set(plain.state_dict()) <= set(model.state_dict())
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert (parameter.grad != 0).any() or name.endswith("bias"), name


def test_dropout_only_in_training() -> None:
    model = as_if_trained(ResEmoteNet(_small()))
    x = torch.randn(4, 3, 64, 64, generator=torch.Generator().manual_seed(4))

    with torch.no_grad():
        assert torch.equal(model(x), model(x))
        model.stem_dropout.train()
        assert not torch.equal(model(x), model(x))
        model.stem_dropout.eval()
        model.head_dropout.train()
        assert not torch.equal(model(x), model(x))


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", range(1, 10))
def test_live_taps_are_those_that_change_an_output(size: int, stride: int) -> None:
    pixels = torch.rand(1, 1, size, size) + 1
    changing = []
    for tap in range(3):
        kernel = torch.zeros(1, 1, 3, 3)
        kernel[0, 0, tap, :] = 1
        outputs = nn.functional.conv2d(pixels, kernel, stride=stride, padding=1)
        if (outputs != 0).any():
            changing.append(tap)

    first, past = live_taps(size, stride)
    assert list(range(first, past)) == changing


@pytest.mark.parametrize(
    "options",
    [
        {"channels": (64, 128, 256)},
        {"channels": (64, 128, 256, 512, 1024, 0)},
        {"channels": (64, 128, 256, 512, 1024, 10**9)},
        {"channels": (64, 128, 256, 512, 1024, 2048.5)},
        {"channels": (64, 128, 8, 512, 1024, 2048)},
        {"head": (1, 2)},
        {"in_channels": 0},
        {"input_size": 4},
        {"input_size": 10**6},
        {"input_size": 64.0},
        {"head_dropout": 1.0},
        {"stem_dropout": -0.1},
        {"convolutions": (1, 1)},
        {"convolutions": (0, 1, 1)},
        {"convolutions": (1, 1, 10**6)},
        {"convolutions": (1, 1, 1.5)},
        {"head_dropout": float("nan")},
        {"conv_bias": "false"},
    ],
    ids=str,
)
def test_impossible_architectures_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"channel|size|pixels|dropout|convolutions|true or false"):
        Architecture(**options)


def test_width_scales_every_layer() -> None:
    half = Architecture().scaled(0.5)

    assert half.channels == (32, 64, 128, 256, 512, 1024)
    assert half.head == (512, 256, 128)
    assert half.input_size == Architecture().input_size
