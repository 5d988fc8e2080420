"""How files are analysed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ml.vision.analysis import AnalysisOptions, DetectionOptions

KEPT: Final = ("none", "plain", "blurred")
"""What is kept of the pictures: nothing, all, or all with the faces covered."""


@dataclass(frozen=True)
class BatchOptions:
    """For all items of one go."""

    interval: float = 0.0
    """Seconds of a video between two frames that are analysed; 0 analyses every frame."""
    views: int = 3
    """Crops of each face whose predictions are averaged: 1 or 3."""
    smoothing: float = 0.0
    """Time constant of the smoothing over time, in seconds; 0 does not smooth. Of videos only."""
    min_size: float = DetectionOptions.min_size
    """Minimum height of a face, in pixels."""
    video: str = "none"
    """One of KEPT."""
    weights: str = ""
    """Path of the weights file; empty for the bundled weights."""
    device: str = "cpu"
    """As ``ml.network.devices`` names them, or auto."""
    exact: bool = False
    """Float32 even where bfloat16 is faster, for the same numbers on every machine."""

    @property
    def analysis(self) -> AnalysisOptions:
        detection = DetectionOptions(min_size=self.min_size)
        return AnalysisOptions(detection, self.interval, self.views, self.smoothing)
