from __future__ import annotations

import numpy as np
import pytest
import torch

from ml.network.input import network_input


@pytest.mark.parametrize("in_channels", [1, 3, 4])
@pytest.mark.parametrize("size", [48, 64, 96])
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32, torch.float64])
def test_network_input(in_channels: int, size: int, dtype: torch.dtype) -> None:
    pictures = torch.from_numpy(
        np.random.default_rng(0).integers(0, 256, (5, 48, 48), dtype=np.uint8)
    ).to(dtype)
    mean = [0.1 * n for n in range(1, in_channels + 1)]
    std = [0.2 * n for n in range(1, in_channels + 1)]

    x = network_input(pictures, in_channels=in_channels, input_size=size, mean=mean, std=std)

    assert x.shape == (5, in_channels, size, size)
    assert x.dtype == torch.float32
    for channel in range(in_channels):
        values = x[:, channel] * std[channel] + mean[channel]
        assert values.min() > -1e-5
        assert values.max() < 1 + 1e-5
        assert values.mean() == pytest.approx(pictures.double().mean().item() / 255, abs=0.01)
        if size == 48:
            torch.testing.assert_close(values, pictures.float() / 255)


def test_enlarging_is_bilinear_with_half_pixel_centres() -> None:
    """As in the data set's training path: a ramp stays a ramp, its middle stays in the middle."""
    ramp = torch.arange(48.0).repeat(48, 1)[None]
    x = network_input(ramp, in_channels=1, input_size=64, mean=[0.0], std=[1.0])[0, 0, 0] * 255
    expected = (torch.arange(64) + 0.5) * 48 / 64 - 0.5
    torch.testing.assert_close(x, expected.clamp(0, 47), rtol=0, atol=1e-3)


def test_no_pictures_are_no_input() -> None:
    empty = torch.empty((0, 48, 48), dtype=torch.uint8)
    x = network_input(empty, in_channels=3, input_size=48, mean=[0.5] * 3, std=[0.5] * 3)
    assert x.shape == (0, 3, 48, 48)
