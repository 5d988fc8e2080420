"""What is to be recorded, and where."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class VideoKind(StrEnum):
    """What a recording's video shows."""

    PLAIN = "plain"
    ANNOTATED = "annotated"
    """With boxes and expressions."""
    BLURRED = "blurred"
    """With every face that was found covered."""


@dataclass(frozen=True)
class RecordingPlan:
    """As the user chose it."""

    folder: Path
    """The recording's own, created when it begins; or, ``within``, that of all recordings."""
    within: bool = False
    """Whether the recording gets a new folder in ``folder``, named by the time."""
    video: VideoKind | None = None
    """None records no video."""
    note: str = ""
