"""A data set: its splits, and what has to be told with any result on them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt


class DatasetError(ValueError):
    """A data set that cannot be used; the message names the file or row, and what to do."""


class Part(IntEnum):
    """What a picture is for."""

    TRAIN = 0
    VALIDATION = 1
    TEST = 2


@dataclass(frozen=True)
class Split:
    """Pictures uint8 [N, 48, 48] (a memory map where they are many), labels int64 [N] (Expression
    values) and the pictures' names inside the data set (``row 17`` in a csv)."""

    pictures: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Dataset:
    """The splits, and what has to be told with any result on them.

    ``protocol`` says in words where the splits come from, ``bad`` which files or rows were skipped
    and why, ``left_out`` how many pictures of which other classes there were. ``key`` changes when
    the data set does. ``undivided`` holds all pictures where the data set has no splits of its own.
    """

    train: Split
    validation: Split
    test: Split | None
    protocol: str
    bad: tuple[str, ...]
    left_out: dict[str, int]
    key: str
    official: bool = False
    undivided: Split | None = None

    @property
    def evaluated(self) -> str:
        """What has to be told with figures on ``splits``."""
        if self.undivided is None:
            return self.protocol
        return (
            "the data set has none, so all pictures are measured; a network that was trained on "
            "this data set has seen nine in ten of them"
        )

    def splits(self) -> dict[str, Split]:
        """What there is to evaluate on, by name; nothing is empty.

        Training, PublicTest and PrivateTest under the official protocol, ``all`` where the data set
        has no splits of its own, else train, validation and test.
        """
        if self.undivided is not None:
            return {"all": self.undivided}
        names = ("Training", "PublicTest", "PrivateTest")
        if not self.official:
            names = ("train", "validation", "test")
        splits = zip(names, (self.train, self.validation, self.test), strict=True)
        return {name: split for name, split in splits if split is not None and len(split)}


def picture_digest(picture: npt.NDArray[np.uint8]) -> bytes:
    """Equal for pictures that are equal in every pixel, and only for those."""
    return hashlib.blake2b(picture.tobytes(), digest_size=16).digest()
