"""Batched augmentation: from training pictures to the network's input.

All random numbers are drawn on the CPU for the whole batch, so that they depend only on the seed,
not on the device or on how many processes share the batch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, auto
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ml.data import degradation
from ml.network.input import network_input

# At strength 1
_ROTATION: Final = math.radians(9)
_SCALE: Final = 0.12
_SHIFT: Final = 0.12  # of half the side
_LIGHT: Final = 0.18

_ERASED_AREA: Final = (0.02, 0.2)
_ERASED_ASPECT: Final = (0.3, 3.3)
_DEGRADATIONS: Final[tuple[tuple[degradation.Way, tuple[float, float]], ...]] = (
    (degradation.blurred, (0.5, 1.5)),  # standard deviation in pixels
    (degradation.noisy, (4, 16)),  # standard deviation in grey levels
    (degradation.dim, (0.7, 0.25)),  # share of the light
    (degradation.backlit, (0.8, 0.4)),  # share of the light
    (degradation.compressed, (60, 15)),  # JPEG's quality
    (degradation.far, (40, 20)),  # pixels
    (degradation.moved, (2, 6)),  # pixels
    (degradation.wearing_glasses, (0, 0.8)),  # shade of the lenses
)
"""Each with its range of strengths, from slight to severe."""


class _Number(IntEnum):
    """What each column of the random numbers decides."""

    TOUCHED = 0
    FLIP = auto()
    ROTATION = auto()
    SCALE = auto()
    SHIFT_X = auto()
    SHIFT_Y = auto()
    BRIGHTNESS = auto()
    CONTRAST = auto()
    ERASED = auto()
    ERASED_AREA = auto()
    ERASED_ASPECT = auto()
    ERASED_X = auto()
    ERASED_Y = auto()
    DEGRADED = auto()
    DEGRADATION = auto()
    DEGREE = auto()
    NOISE_SEED = auto()


def draw_numbers(count: int, generator: torch.Generator) -> Tensor:
    """Uniform random numbers float32 [count, columns] in 0..1, one row per picture."""
    return torch.rand((count, len(_Number)), generator=generator)


@dataclass(frozen=True)
class Augmentation:
    """How training pictures are augmented; the fields are TrainConfig's of the same names."""

    flip: bool = True
    augmentation: float = 1.0
    erasing: float = 0.3
    degrade: float = 0.1
    untouched: float = 0.2

    def __call__(
        self,
        pictures: Tensor,
        numbers: Tensor,
        *,
        in_channels: int,
        input_size: int,
        mean: Sequence[float],
        std: Sequence[float],
    ) -> Tensor:
        """Pictures uint8 [N, 48, 48] as network input float32 [N, in_channels, size, size].

        ``numbers`` are from ``draw_numbers``. An untouched picture gives the same as
        ``network_input``, exactly if augmentation is off, else up to rounding.
        """
        touched = numbers[:, _Number.TOUCHED] >= self.untouched
        if self.degrade:
            chosen = touched & (numbers[:, _Number.DEGRADED] < self.degrade)
            pictures = _degraded(pictures, numbers, chosen)
        x = pictures.float()
        if self.augmentation or self.flip:
            strength = self.augmentation * touched
            x = _relit(_warped(x, numbers, strength, self.flip, input_size), numbers, strength)
        if self.erasing:
            _erase(x, numbers, touched & (numbers[:, _Number.ERASED] < self.erasing))
        return network_input(x, in_channels=in_channels, input_size=input_size, mean=mean, std=std)


def _about_zero(numbers: Tensor, column: _Number) -> Tensor:
    """The column's numbers, rescaled to -1..1."""
    return numbers[:, column] * 2 - 1


def _warped(pictures: Tensor, numbers: Tensor, strength: Tensor, flip: bool, size: int) -> Tensor:
    """Flipped, rotated, scaled, shifted and enlarged to float32 [N, size, size], all at once."""
    angle = _ROTATION * strength * _about_zero(numbers, _Number.ROTATION)
    scale = 1 + _SCALE * strength * _about_zero(numbers, _Number.SCALE)
    cos, sin = angle.cos() / scale, angle.sin() / scale
    mirror = (
        torch.where(numbers[:, _Number.FLIP] < 0.5, -1.0, 1.0) if flip else torch.ones(len(cos))
    )
    shift_x = _SHIFT * strength * _about_zero(numbers, _Number.SHIFT_X)
    shift_y = _SHIFT * strength * _about_zero(numbers, _Number.SHIFT_Y)
    matrix = torch.stack([mirror * cos, -sin, shift_x, mirror * sin, cos, shift_y], dim=1)
    x = pictures.unsqueeze(1)
    grid = F.affine_grid(
        matrix.view(-1, 2, 3).to(x.device), [len(x), 1, size, size], align_corners=False
    )
    warped = F.grid_sample(x, grid, padding_mode="border", align_corners=False)
    return warped.squeeze(1)


def _relit(pictures: Tensor, numbers: Tensor, strength: Tensor) -> Tensor:
    """Brighter or darker, with more or less contrast."""
    brightness = 1 + _LIGHT * strength * _about_zero(numbers, _Number.BRIGHTNESS)
    contrast = 1 + _LIGHT * strength * _about_zero(numbers, _Number.CONTRAST)
    # ((x - mean) * contrast + mean) * brightness, with one pass over the pixels
    means = pictures.mean((1, 2))
    factor = (contrast * brightness).to(pictures.device)
    offset = (brightness - contrast * brightness).to(pictures.device) * means
    return torch.addcmul(offset[:, None, None], pictures, factor[:, None, None]).clamp_(0, 255)


def _erase(pictures: Tensor, numbers: Tensor, chosen: Tensor) -> None:
    """Fill a rectangle with the picture's mean, in place (random erasing, Zhong et al. 2020)."""
    side = pictures.shape[-1]
    for i in chosen.nonzero().flatten().tolist():
        row = numbers[i].tolist()
        area = _between(_ERASED_AREA, row[_Number.ERASED_AREA])
        aspect = math.exp(
            _between(tuple(map(math.log, _ERASED_ASPECT)), row[_Number.ERASED_ASPECT])
        )
        height = min(round(side * math.sqrt(area * aspect)), side)
        width = min(round(side * math.sqrt(area / aspect)), side)
        top = int((side - height + 1) * row[_Number.ERASED_Y])
        left = int((side - width + 1) * row[_Number.ERASED_X])
        pictures[i, top : top + height, left : left + width] = pictures[i].mean()


def _degraded(pictures: Tensor, numbers: Tensor, chosen: Tensor) -> Tensor:
    """The pictures with the chosen ones degraded as by a webcam, each in one way."""
    indices = chosen.nonzero().flatten().tolist()
    if not indices:
        return pictures
    worse = []
    for picture, row in zip(pictures[indices].cpu().numpy(), numbers[chosen].tolist(), strict=True):
        way, ends = _DEGRADATIONS[int(row[_Number.DEGRADATION] * len(_DEGRADATIONS))]
        random = np.random.default_rng(int(row[_Number.NOISE_SEED] * 2**24))
        strength = _between(ends, row[_Number.DEGREE])
        worse.append(degradation.degraded(way, picture, strength, random))
    pictures = pictures.clone()
    pictures[indices] = torch.from_numpy(np.stack(worse)).to(pictures.device)
    return pictures


def _between(ends: tuple[float, ...], share: float) -> float:
    return ends[0] + (ends[1] - ends[0]) * share
