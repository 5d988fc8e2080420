"""What has to be known to build a ResEmoteNet, and what its weights look like. No torch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

CLASSES: Final = 7
SE_REDUCTION: Final = 16
# Far above any use; below what would exhaust the memory of who opens a file that claims it.
_MOST_CHANNELS: Final = 8192
_MOST_PIXELS: Final = 1024
_MOST_CONVOLUTIONS: Final = 8


@dataclass(frozen=True)
class Architecture:
    """What has to be known to build a ResEmoteNet; the defaults are the paper's."""

    channels: tuple[int, int, int, int, int, int] = (64, 128, 256, 512, 1024, 2048)
    """Output channels of the three conv stages and the three residual blocks."""
    head: tuple[int, int, int] = (1024, 512, 256)
    """Outputs of the first three fully connected layers."""
    in_channels: int = 3
    input_size: int = 64
    """Side of the square input, in pixels."""
    convolutions: tuple[int, int, int] = (1, 1, 1)
    """How many each conv stage has before it pools; the paper's have one."""
    stem_dropout: float = 0.2
    head_dropout: float = 0.5
    conv_bias: bool = True
    """False in the original desktop program's variant, as is ``head_activation``."""
    head_activation: bool = True

    def __post_init__(self) -> None:
        if len(self.channels) != 6 or len(self.head) != 3:
            raise ValueError("ResEmoteNet has six channel counts and three head sizes")
        counts = (*self.channels, *self.head, self.in_channels)
        if not all(isinstance(n, int) and 1 <= n <= _MOST_CHANNELS for n in counts):
            raise ValueError(f"every layer needs 1 to {_MOST_CHANNELS} channels")
        if len(self.convolutions) != 3 or not all(
            isinstance(n, int) and 1 <= n <= _MOST_CONVOLUTIONS for n in self.convolutions
        ):
            raise ValueError(f"each of three stages has 1 to {_MOST_CONVOLUTIONS} convolutions")
        if self.channels[2] < SE_REDUCTION:
            raise ValueError(f"the third stage needs at least {SE_REDUCTION} channels")
        if not (isinstance(self.input_size, int) and 8 <= self.input_size <= _MOST_PIXELS):
            raise ValueError(f"the input must be 8 to {_MOST_PIXELS} pixels wide")
        if not all(0 <= share < 1 for share in (self.stem_dropout, self.head_dropout)):
            raise ValueError("dropout must be at least 0 and below 1")
        if not (isinstance(self.conv_bias, bool) and isinstance(self.head_activation, bool)):
            raise ValueError("conv_bias and head_activation must be true or false")

    def scaled(self, width: float) -> Architecture:
        """The same with every channel count and head size multiplied by ``width``."""
        c1, c2, c3, c4, c5, c6 = (max(1, round(n * width)) for n in self.channels)
        h1, h2, h3 = (max(1, round(n * width)) for n in self.head)
        return replace(self, channels=(c1, c2, c3, c4, c5, c6), head=(h1, h2, h3))


def live_taps(size: int, stride: int) -> tuple[int, int]:
    """First and one-past-last tap of a padded 3-tap kernel that can meet a pixel.

    On a map ``size`` pixels wide, tap t of output i reads pixel ``i * stride + t - 1``. Taps that
    only ever read padding get no gradient and change no output.
    """
    outputs = range((size - 1) // stride + 1)
    taps = [t for t in range(3) if any(0 <= i * stride + t - 1 < size for i in outputs)]
    return taps[0], taps[-1] + 1


def stage_names(architecture: Architecture, number: int) -> list[str]:
    """How the names of a conv stage's convolutions and norms end: 1, 1_2, 1_3."""
    more = range(2, architecture.convolutions[number - 1] + 1)
    return [f"{number}", *(f"{number}_{n}" for n in more)]


def block_sizes(architecture: Architecture) -> list[int]:
    """Side in pixels of the maps that each of the three residual blocks is given."""
    size = architecture.input_size // 8
    return [size, (size + 1) // 2, (size + 3) // 4]


def live_kernels(architecture: Architecture) -> dict[str, tuple[int, int]]:
    """First and one-past-last live tap of each 3×3 kernel that may have lost some, by name."""
    taps = {}
    for block, size in enumerate(block_sizes(architecture), start=1):
        taps[f"res_block{block}.conv1.weight"] = live_taps(size, stride=2)
        taps[f"res_block{block}.conv2.weight"] = live_taps((size + 1) // 2, stride=1)
    return taps


def parameter_shapes(architecture: Architecture) -> dict[str, tuple[int, ...]]:
    """Name and shape of all that a weights file holds, as ``ResEmoteNet.state_dict`` has them."""
    a = architecture
    c1, c2, c3, c4, c5, c6 = a.channels
    shapes: dict[str, tuple[int, ...]] = {}

    def convolution(conv: str, norm: str, inputs: int, outputs: int, kernel: int) -> None:
        shapes[f"{conv}.weight"] = (outputs, inputs, kernel, kernel)
        if a.conv_bias:
            shapes[f"{conv}.bias"] = (outputs,)
        for name in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"{norm}.{name}"] = (outputs,)
        shapes[f"{norm}.num_batches_tracked"] = ()

    for stage, (inputs, outputs) in enumerate(((a.in_channels, c1), (c1, c2), (c2, c3)), start=1):
        for name in stage_names(a, stage):
            convolution(f"conv{name}", f"bn{name}", inputs, outputs, 3)
            inputs = outputs
    shapes["se.fc.0.weight"] = (c3 // SE_REDUCTION, c3)
    shapes["se.fc.2.weight"] = (c3, c3 // SE_REDUCTION)
    taps = live_kernels(a)
    for block, (inputs, outputs) in enumerate(((c3, c4), (c4, c5), (c5, c6)), start=1):
        for n, ins in ((1, inputs), (2, outputs)):
            first, past = taps[f"res_block{block}.conv{n}.weight"]
            convolution(
                f"res_block{block}.conv{n}", f"res_block{block}.bn{n}", ins, outputs, past - first
            )
        shortcut = f"res_block{block}.shortcut"
        convolution(f"{shortcut}.0", f"{shortcut}.1", inputs, outputs, 1)
    sizes = (c6, *a.head, CLASSES)
    for n in range(4):
        shapes[f"fc{n + 1}.weight"] = (sizes[n + 1], sizes[n])
        shapes[f"fc{n + 1}.bias"] = (sizes[n + 1],)
    return shapes
