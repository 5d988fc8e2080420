"""What is seen, as it happens: the one place where everything that wants to know subscribes."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from app.live.analysis_worker import NetworkInUse
from ml.vision.analysis import Analysis, TrackedFace


@dataclass(frozen=True)
class Began:
    """A source was opened; its times begin at 0, and its track ids are used for it alone."""

    source: str
    """Its name."""


@dataclass(frozen=True)
class NetworkChanged:
    """Other weights or another device answer from now on, also where nothing is captured."""

    network: NetworkInUse


@dataclass(frozen=True)
class Observation:
    """The faces of one frame, largest first, without its picture."""

    index: int
    """Of the frame; frames that were not analysed are missing."""
    time: float
    """Seconds since the source was opened; never runs backwards."""
    wall_time: float
    """When the frame was captured, in seconds since 1970."""
    faces: tuple[TrackedFace, ...]
    milliseconds: float
    """What the analysis took."""


@dataclass(frozen=True)
class Gap:
    """Nothing comes until the next Observation: a live source is lost, and waited for."""

    why: str


@dataclass(frozen=True)
class Ended:
    """The capture is over."""

    why: str
    """Empty when the user stopped it."""


Event = Began | NetworkChanged | Observation | Gap | Ended


class AnalysisStream(QObject):
    """Subscribe by connecting to its signals: a slot of an object that lives in another thread is
    called there, so that no slow subscriber holds up the window."""

    told = Signal(object)
    """Each Event, in order. An Observation holds no picture, so that it may be kept."""
    analysed = Signal(object)
    """Each Analysis, with its picture: for what draws it at once."""

    def publish(self, analysis: Analysis) -> None:
        frame = analysis.frame
        self.analysed.emit(analysis)
        self.told.emit(
            Observation(
                frame.index, frame.time, frame.wall_time, analysis.faces, analysis.milliseconds
            )
        )
