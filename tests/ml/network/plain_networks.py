"""The networks others train, written plainly: what our ResEmoteNet and its files must equal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Network = TypeVar("Network", bound=nn.Module)
PAPER = (64, 128, 256, 512, 1024, 2048)
SMALL = (16, 16, 32, 24, 32, 40)
SMALL_HEAD = (24, 16, 12)


class PublishedSE(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc = nn.Sequential(
            nn.Linear(channels, channels // 16, bias=False),
            nn.ReLU(inplace=True),
            nn.Linear(channels // 16, channels, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        n, c, _, _ = x.shape
        gates = self.fc(F.adaptive_avg_pool2d(x, 1).view(n, c)).view(n, c, 1, 1)
        return x * gates.expand_as(x)


class PublishedBlock(nn.Module):
    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, after, 3, stride=2, padding=1)
        self.bn1 = nn.BatchNorm2d(after)
        self.conv2 = nn.Conv2d(after, after, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(after)
        self.shortcut = nn.Sequential(nn.Conv2d(before, after, 1, 2), nn.BatchNorm2d(after))

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + self.shortcut(x))


class PublishedNetwork(nn.Module):
    """ResEmoteNet as the paper describes it, with whole 3×3 kernels everywhere."""

    def __init__(
        self,
        channels: Sequence[int] = PAPER,
        head: Sequence[int] = (1024, 512, 256),
        in_channels: int = 3,
    ) -> None:
        super().__init__()
        c1, c2, c3, c4, c5, c6 = channels
        self.conv1, self.bn1 = nn.Conv2d(in_channels, c1, 3, padding=1), nn.BatchNorm2d(c1)
        self.conv2, self.bn2 = nn.Conv2d(c1, c2, 3, padding=1), nn.BatchNorm2d(c2)
        self.conv3, self.bn3 = nn.Conv2d(c2, c3, 3, padding=1), nn.BatchNorm2d(c3)
        self.se = PublishedSE(c3)
        self.res_block1 = PublishedBlock(c3, c4)
        self.res_block2 = PublishedBlock(c4, c5)
        self.res_block3 = PublishedBlock(c5, c6)
        self.dropout1, self.dropout2 = nn.Dropout(0.2), nn.Dropout(0.5)
        self.fc1, self.fc2 = nn.Linear(c6, head[0]), nn.Linear(head[0], head[1])
        self.fc3, self.fc4 = nn.Linear(head[1], head[2]), nn.Linear(head[2], 7)

    def forward(self, x: Tensor) -> Tensor:
        x = self.dropout1(F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 2))
        x = self.dropout1(F.max_pool2d(F.relu(self.bn2(self.conv2(x))), 2))
        x = F.max_pool2d(F.relu(self.bn3(self.conv3(x))), 2)
        x = self.res_block3(self.res_block2(self.res_block1(self.se(x))))
        x = F.adaptive_avg_pool2d(x, 1).flatten(1)
        for layer in (self.fc1, self.fc2, self.fc3):
            x = self.dropout2(F.relu(layer(x)))
        return self.fc4(x)


def _desktop_conv(
    before: int, after: int, *end: nn.Module, kernel: int = 3, stride: int = 1
) -> nn.Module:
    conv = nn.Module()
    conv.layers = nn.Sequential(
        nn.Conv2d(before, after, kernel, stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(after),
        *end,
    )
    return conv


class DesktopBlock(nn.Module):
    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.conv1 = _desktop_conv(before, after, nn.ReLU(), stride=2)
        self.conv2 = _desktop_conv(after, after)
        self.shortcut = _desktop_conv(before, after, kernel=1, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv2.layers(self.conv1.layers(x))
        return F.relu(y + self.shortcut.layers(x))


class DesktopNetwork(nn.Module):
    """The original desktop program's variant: no biases, a head without activations."""

    def __init__(self, channels: Sequence[int] = SMALL, head: Sequence[int] = SMALL_HEAD) -> None:
        super().__init__()
        c1, c2, c3, c4, c5, c6 = channels
        self.cnn = nn.Module()
        self.cnn.blocks = nn.ModuleList(
            _desktop_conv(before, after, nn.ReLU(), nn.MaxPool2d(2))
            for before, after in ((3, c1), (c1, c2), (c2, c3))
        )
        self.seb = nn.Module()
        self.seb.excitation = PublishedSE(c3).fc
        self.res = nn.Sequential(DesktopBlock(c3, c4), DesktopBlock(c4, c5), DesktopBlock(c5, c6))
        self.out = nn.Sequential(
            nn.Linear(c6, head[0]),
            nn.Dropout(0.5),
            nn.Linear(head[0], head[1]),
            nn.Dropout(0.5),
            nn.Linear(head[1], head[2]),
            nn.Dropout(0.5),
            nn.Linear(head[2], 7),
        )

    def forward(self, x: Tensor) -> Tensor:
        for block in self.cnn.blocks:
            x = block.layers(x)
        x = x * self.seb.excitation(x.mean((2, 3)))[:, :, None, None]
        return self.out(self.res(x).mean((2, 3)))


def as_if_trained(network: Network, seed: int = 0) -> Network:
    """``network`` in evaluation mode with every number random, also BatchNorm's statistics."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.weight.uniform_(0.5, 1.5, generator=generator)
                module.bias.normal_(0, 0.2, generator=generator)
                module.running_mean.normal_(0, 0.2, generator=generator)
                module.running_var.uniform_(0.5, 1.5, generator=generator)
            elif isinstance(module, (nn.Conv2d, nn.Linear)):
                # Keeps the signal's size from layer to layer, so that logits tell pictures apart.
                fan_in = module.weight[0].numel()
                module.weight.normal_(0, (2 / fan_in) ** 0.5, generator=generator)
                if module.bias is not None:
                    module.bias.normal_(0, 0.2, generator=generator)
    return network.eval()
