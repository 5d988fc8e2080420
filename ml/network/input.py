"""From pictures to the network's input: the same code for training, files and cameras."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor


def network_input(
    pictures: Tensor,
    *,
    in_channels: int,
    input_size: int,
    mean: Sequence[float],
    std: Sequence[float],
) -> Tensor:
    """Pictures [N, 48, 48] of 0 to 255, any dtype, as float32 [N, in_channels, size, size].

    Scaled to 0..1, resized bilinearly, and normalised with ``mean`` and ``std`` per channel.
    """
    x = pictures.float().div(255).unsqueeze(1)
    if input_size != x.shape[-1]:
        x = F.interpolate(x, size=(input_size, input_size), mode="bilinear", align_corners=False)
    x = x.expand(-1, in_channels, -1, -1)
    shape = (1, in_channels, 1, 1)
    return (x - torch.tensor(mean, device=x.device).view(shape)) / torch.tensor(
        std, device=x.device
    ).view(shape)
