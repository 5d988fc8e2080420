"""ResEmoteNet (Roy et al. 2024, arXiv 2409.10545): conv stages, SE block, residual blocks, head."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ml.network.architecture import CLASSES, SE_REDUCTION, Architecture, live_taps, stage_names
from ml.network.weights import State, Weights


class LiveConv2d(nn.Conv2d):
    """A 3×3 convolution with padding 1 on ``size``-pixel maps, holding only its live taps."""

    def __init__(
        self, in_channels: int, out_channels: int, size: int, stride: int, bias: bool
    ) -> None:
        self.first_tap, past = live_taps(size, stride)
        # A kernel that has lost its first tap has also lost the padding that tap would read, and
        # then no output reaches past the far edge either.
        super().__init__(
            in_channels,
            out_channels,
            kernel_size=past - self.first_tap,
            stride=stride,
            padding=1 - self.first_tap,
            bias=bias,
        )

    def forward(self, x: Tensor) -> Tensor:
        if self.padding != (0, 0) or self.kernel_size != x.shape[2:]:
            return super().forward(x)
        # A kernel as large as the map is a matrix product, which costs a fifth of the convolution.
        y = F.linear(x.flatten(1), self.weight.flatten(1), self.bias)
        return y[:, :, None, None]


class SEBlock(nn.Module):
    """Squeeze-and-excitation (Hu et al. 2018): each channel scaled by a learnt gate."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc = nn.Sequential(
            nn.Linear(channels, channels // SE_REDUCTION, bias=False),
            nn.ReLU(),
            nn.Linear(channels // SE_REDUCTION, channels, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        gates: Tensor = self.fc(x.mean((2, 3)))
        return x * gates[:, :, None, None]


class ResidualBlock(nn.Module):
    """Two 3×3 convolutions, the first with stride 2, beside a strided 1×1 shortcut."""

    def __init__(self, in_channels: int, out_channels: int, size: int, bias: bool) -> None:
        super().__init__()
        self.conv1 = LiveConv2d(in_channels, out_channels, size, stride=2, bias=bias)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = LiveConv2d(out_channels, out_channels, (size + 1) // 2, stride=1, bias=bias)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.shortcut = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, kernel_size=1, stride=2, bias=bias),
            nn.BatchNorm2d(out_channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


class ResEmoteNet(nn.Module):
    """Logits [N, 7] for pictures [N, in_channels, input_size, input_size].

    Parameters are named as in the published implementation. Where a map is so small that part of
    a 3×3 kernel only ever reads padding, that part is left out: the same outputs from 36 million
    instead of 80 million parameters at the paper's channel counts and 64×64 input.
    """

    def __init__(self, architecture: Architecture | None = None, *, width: float = 1.0) -> None:
        super().__init__()
        self.architecture = a = (architecture or Architecture()).scaled(width)
        c1, c2, c3, c4, c5, c6 = a.channels
        h1, h2, h3 = a.head
        size = a.input_size // 8

        # conv1 and bn1, then conv1_2, bn1_2 … where a stage has more than one
        for stage, (i, o) in enumerate(((a.in_channels, c1), (c1, c2), (c2, c3)), start=1):
            for name in self.stage(stage):
                self.add_module(f"conv{name}", nn.Conv2d(i, o, 3, padding=1, bias=a.conv_bias))
                self.add_module(f"bn{name}", nn.BatchNorm2d(o))
                i = o
        self.se = SEBlock(c3)
        self.res_block1 = ResidualBlock(c3, c4, size, a.conv_bias)
        self.res_block2 = ResidualBlock(c4, c5, (size + 1) // 2, a.conv_bias)
        self.res_block3 = ResidualBlock(c5, c6, (size + 3) // 4, a.conv_bias)
        self.fc1 = nn.Linear(c6, h1)
        self.fc2 = nn.Linear(h1, h2)
        self.fc3 = nn.Linear(h2, h3)
        self.fc4 = nn.Linear(h3, CLASSES)
        self.stem_dropout = nn.Dropout(a.stem_dropout)
        self.head_dropout = nn.Dropout(a.head_dropout)

    def forward(self, x: Tensor) -> Tensor:
        return self.logits(self.features(x))

    def features(self, x: Tensor) -> Tensor:
        """What the SE block gives: maps [N, channels, size // 8, size // 8] of the pictures."""
        for stage in (1, 2, 3):
            *before, last = self.stage(stage)
            for name in before:
                x = F.relu(self._normalised(name, x))
            # ReLU after the pooling gives the same maps for a quarter of the work.
            x = F.relu(F.max_pool2d(self._normalised(last, x), 2))
            if stage < 3:
                x = self.stem_dropout(x)
        features: Tensor = self.se(x)
        return features

    def logits(self, features: Tensor) -> Tensor:
        """Logits [N, 7] for ``features``."""
        x = self.res_block3(self.res_block2(self.res_block1(features)))
        x = torch.flatten(F.adaptive_avg_pool2d(x, 1), 1)
        for layer in (self.fc1, self.fc2, self.fc3):
            x = layer(x)
            if self.architecture.head_activation:
                x = F.relu(x)
            x = self.head_dropout(x)
        logits: Tensor = self.fc4(x)
        return logits

    def stage(self, number: int) -> list[str]:
        """How the names of the stage's convolutions and norms end: 1, 1_2, 1_3."""
        return stage_names(self.architecture, number)

    def _normalised(self, name: str, x: Tensor) -> Tensor:
        convolved = self.get_submodule(f"conv{name}")(x)
        normalised: Tensor = self.get_submodule(f"bn{name}")(convolved)
        return normalised


def parameter_count(model: nn.Module) -> int:
    """Number of learnt parameters."""
    return sum(parameter.numel() for parameter in model.parameters())


def network_of(weights: Weights) -> ResEmoteNet:
    """The network with ``weights``, in evaluation mode, on the CPU."""
    network = ResEmoteNet(weights.architecture)
    network.load_state_dict(tensors(weights.state))
    return network.eval()


def tensors(state: State) -> dict[str, Tensor]:
    """Copies of the arrays, as ``load_state_dict`` takes them."""
    return {name: torch.from_numpy(np.array(value)) for name, value in state.items()}


def state_of(network: nn.Module) -> State:
    """The parameters and BatchNorm statistics of ``network`` as arrays of their own."""
    return {name: value.cpu().numpy().copy() for name, value in network.state_dict().items()}
