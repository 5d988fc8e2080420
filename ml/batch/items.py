"""What is analysed as one, and becomes one recording."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePath


class Kind(StrEnum):
    VIDEO = "video"
    """A video, or an animated picture."""
    PICTURES = "pictures"
    """All pictures of one folder."""


@dataclass(frozen=True)
class Item:
    """A video, or the pictures of one folder."""

    kind: Kind
    files: tuple[Path, ...]
    """Absolute; one if it is a video, else in the order of their names."""
    place: PurePath
    """Of its recording, below the folder for results; it mirrors where the files lie."""

    @property
    def source(self) -> Path:
        """The video, or the pictures' folder."""
        return self.files[0] if self.kind is Kind.VIDEO else self.files[0].parent

    @property
    def name(self) -> str:
        """Of the video, or of the pictures' folder."""
        return self.source.name
