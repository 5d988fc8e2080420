"""What happens in a capture, as events: the one place where all consumers subscribe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from PySide6.QtCore import QObject, Signal

from app.live.analysis_worker import NetworkInUse
from ml.vision.analysis import Analysis, TrackedFace


@dataclass(frozen=True)
class Began:
    """A source was opened; its times begin at 0, and its track ids are valid for it alone."""

    source: str
    """Its name."""
    still: bool = False
    """Whether it is a picture, with one frame only."""


@dataclass(frozen=True)
class NetworkChanged:
    """The weights or the device changed; also emitted while nothing is captured."""

    network: NetworkInUse


@dataclass(frozen=True)
class Observation:
    """The faces of one frame, largest first, without its picture."""

    index: int
    """Of the frame; frames that were not analysed are skipped."""
    time: float
    """Seconds since the source was opened; never runs backwards."""
    wall_time: float
    """When the frame was captured, in seconds since 1970."""
    faces: tuple[TrackedFace, ...]
    milliseconds: float
    """Duration of the analysis."""

    @classmethod
    def of(cls, analysis: Analysis) -> Self:
        frame = analysis.frame
        return cls(frame.index, frame.time, frame.wall_time, analysis.faces, analysis.milliseconds)


@dataclass(frozen=True)
class Gap:
    """A live source was lost; nothing is observed until it is back."""

    why: str


@dataclass(frozen=True)
class Ended:
    """The capture is over."""

    why: str
    """Empty when the user stopped it."""


Event = Began | NetworkChanged | Observation | Gap | Ended


class AnalysisStream(QObject):
    """Subscribe by connecting to its signals. A slot of an object that lives in another thread is
    called there, so that a slow subscriber does not block the window."""

    told = Signal(object)
    """Each Event, in order. An Observation holds no picture, so it may be kept."""
    analysed = Signal(object)
    """Each Analysis, with its picture: for consumers that draw it at once."""

    def publish(self, analysis: Analysis) -> None:
        self.told.emit(Observation.of(analysis))
        self.analysed.emit(analysis)  # afterwards: what it shows of a person is known by then
