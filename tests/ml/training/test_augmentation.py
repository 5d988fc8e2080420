from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from ml.network.input import network_input
from ml.picture import SIDE
from ml.training.augmentation import Augmentation, draw_numbers

OFF = Augmentation(flip=False, augmentation=0, erasing=0, degrade=0, untouched=0)
ALL = Augmentation(flip=True, augmentation=1, erasing=1, degrade=1, untouched=0)
INPUT: dict[str, Any] = {"in_channels": 1, "input_size": 64, "mean": (0.5,), "std": (0.25,)}
GREY: dict[str, Any] = {"in_channels": 1, "input_size": 48, "mean": (0.0,), "std": (1 / 255,)}
"""Gives back grey levels, in the pictures' own size."""


def numbers_for(pictures: Tensor, seed: int = 0) -> Tensor:
    return draw_numbers(len(pictures), torch.Generator().manual_seed(seed))


@pytest.fixture
def pictures() -> Tensor:
    """Pictures with large and small structures, uint8 [40, 48, 48]."""
    random = np.random.default_rng(3)
    coarse = np.kron(random.integers(0, 200, (40, 6, 6)), np.ones((8, 8)))
    return torch.from_numpy((coarse + random.integers(0, 56, coarse.shape)).astype(np.uint8))


def apply(augmentation: Augmentation, pictures: Tensor, seed: int = 0, **options: Any) -> Tensor:  # noqa: ANN401
    return augmentation(pictures, numbers_for(pictures, seed), **{**INPUT, **options})


@pytest.mark.parametrize("channels", [1, 3])
def test_switched_off_it_is_the_live_path_exactly(pictures: Tensor, channels: int) -> None:
    options: dict[str, Any] = {
        "in_channels": channels,
        "input_size": 64,
        "mean": (0.5, 0.4, 0.3)[:channels],
        "std": (0.25, 0.2, 0.3)[:channels],
    }
    expected = network_input(pictures, **options)
    assert torch.equal(apply(OFF, pictures, **options), expected)


def test_untouched_pictures_are_those_of_the_live_path(pictures: Tensor) -> None:
    untouched = dataclasses.replace(ALL, flip=False, untouched=1)
    found = apply(untouched, pictures)
    torch.testing.assert_close(found, network_input(pictures, **INPUT), atol=1e-4, rtol=0)


def test_about_the_share_asked_for_stays_untouched(pictures: Tensor) -> None:
    found = apply(dataclasses.replace(ALL, flip=False, untouched=0.5), pictures)
    same = (found - network_input(pictures, **INPUT)).abs().amax((1, 2, 3)) < 1e-3
    assert 0.2 < same.float().mean() < 0.8


def test_half_of_the_pictures_are_mirrored(pictures: Tensor) -> None:
    found = apply(dataclasses.replace(OFF, flip=True), pictures)
    plain = network_input(pictures, **INPUT)
    as_is = (found - plain).abs().amax((1, 2, 3)) < 1e-4
    mirrored = (found - plain.flip(3)).abs().amax((1, 2, 3)) < 1e-4
    assert torch.equal(as_is, ~mirrored)
    assert 0.2 < mirrored.float().mean() < 0.8


def test_a_picture_does_not_depend_on_the_others_of_its_batch(pictures: Tensor) -> None:
    """Processes that share a batch see together what one would."""
    numbers = numbers_for(pictures)
    whole = ALL(pictures, numbers, **INPUT)
    for part in (slice(0, None, 2), slice(1, None, 2)):
        alone = ALL(pictures[part], numbers[part], **INPUT)
        torch.testing.assert_close(alone, whole[part], atol=1e-5, rtol=0)


def test_the_seed_decides(pictures: Tensor) -> None:
    assert torch.equal(apply(ALL, pictures, seed=1), apply(ALL, pictures, seed=1))
    assert not torch.equal(apply(ALL, pictures, seed=1), apply(ALL, pictures, seed=2))


def test_strength_moves_pictures_further(pictures: Tensor) -> None:
    plain = network_input(pictures, **INPUT)

    def change(strength: float) -> float:
        found = apply(dataclasses.replace(OFF, augmentation=strength), pictures)
        return float((found - plain).abs().mean())

    assert 0 < change(0.3) < change(1) < change(3)


def test_shapes_are_moved_but_not_distorted() -> None:
    """A disc stays a disc of about its size, and near its place."""
    y, x = np.mgrid[:48, :48] - 23.5
    disc = torch.from_numpy(np.where(np.hypot(x, y) < 12, 255, 0).astype(np.uint8))
    found = apply(dataclasses.replace(OFF, augmentation=1), disc.expand(50, -1, -1), **GREY)[:, 0]
    inside = (found > found.amax((1, 2), keepdim=True) / 2).float()
    radius = (inside.sum((1, 2)) / torch.pi).sqrt()
    assert radius.min() > 12 * 0.85
    assert radius.max() < 12 * 1.15
    across = torch.arange(48) - 23.5
    for centre in (inside.sum(1) @ across, inside.sum(2) @ across):
        shift = centre / inside.sum((1, 2))
        assert shift.abs().max() < 0.12 * 24 + 0.5
        assert shift.std() > 0.5


def test_a_rectangle_of_some_size_is_erased(pictures: Tensor) -> None:
    black_and_white = torch.where(pictures > 128, 255, 0).to(torch.uint8)  # nowhere the mean's grey
    found = apply(dataclasses.replace(OFF, erasing=1), black_and_white, **GREY)[:, 0]
    areas = []
    for before, after in zip(black_and_white.float(), found, strict=True):
        erased = (after - before).abs() > 1
        rows, columns = erased.nonzero().unbind(1)
        assert erased[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1].all()
        torch.testing.assert_close(after[erased].mean(), before.mean())
        areas.append(erased.float().mean().item())
    assert 0.01 < min(areas) < 0.06
    assert 0.15 < max(areas) < 0.25


def test_degradations_change_pictures_in_different_ways(pictures: Tensor) -> None:
    found = apply(dataclasses.replace(OFF, degrade=1), pictures, **GREY)[:, 0]
    before = pictures.float()
    assert ((found - before).abs().amax((1, 2)) > 3).all()

    def detail(x: Tensor) -> Tensor:
        return x.diff(dim=2).abs().mean((1, 2))

    darker = found.mean((1, 2)) < 0.8 * before.mean((1, 2))
    smoother = ~darker & (detail(found) < 0.9 * detail(before))
    assert darker.any()
    assert smoother.any()
    assert (~darker & ~smoother).any()


@given(
    seed=st.integers(0, 1000),
    augmentation=st.builds(
        Augmentation,
        st.booleans(),
        st.floats(0, 3),
        st.floats(0, 1),
        st.floats(0, 1),
        st.floats(0, 1),
    ),
    count=st.integers(1, 5),
    size=st.sampled_from([16, 48, 64]),
)
def test_grey_levels_stay_grey_levels(
    seed: int, augmentation: Augmentation, count: int, size: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    pictures = torch.randint(256, (count, SIDE, SIDE), generator=generator, dtype=torch.uint8)
    before = pictures.clone()
    found = apply(augmentation, pictures, seed, **{**GREY, "input_size": size})
    assert found.shape == (count, 1, size, size)
    assert found.dtype == torch.float32
    assert found.isfinite().all()
    assert found.min() >= -1e-3
    assert found.max() <= 255.01
    assert torch.equal(pictures, before)
