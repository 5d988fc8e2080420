"""Detects faces and predicts their expressions, in a thread of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from app.live.capture_thread import LatestFrame
from ml.vision.analysis import AnalysisOptions, Frame

if TYPE_CHECKING:
    from ml.vision.analyzer import FaceAnalyzer


@dataclass(frozen=True)
class NetworkRequest:
    """Which weights to use on which device."""

    weights: Path
    device: str


@dataclass(frozen=True)
class NetworkInUse:
    """The network in use."""

    request: NetworkRequest
    device: str
    engine: str
    """The library that classifies: OpenVINO or PyTorch."""
    detection_engine: str
    """The library that detects: OpenVINO or OpenCV."""
    devices: tuple[str, ...]
    """All that are available here."""
    device_names: Mapping[str, str]
    """The makers' names of those that have one."""
    trained_on: str


@dataclass(frozen=True)
class NetworkFailure:
    """Why a network could not be used."""

    request: NetworkRequest
    why: str
    unusable_weights: bool
    """Otherwise the device is at fault."""


class AnalysisWorker(QObject):
    """Lives in the analysis thread; every slot runs there."""

    network_ready = Signal(object)
    """NetworkInUse."""
    network_failed = Signal(object)
    """NetworkFailure; the previous network, if any, stays in use."""
    analysed = Signal(int, object)
    """The session's number and its Analysis."""

    def __init__(self) -> None:
        super().__init__()
        self._box = LatestFrame()
        self._analyzer: FaceAnalyzer | None = None
        self._options = AnalysisOptions()
        self._session = 0
        self._last_frame: Frame | None = None

    @Slot(object)
    def use_network(self, request: NetworkRequest) -> None:
        # OpenVINO and OpenCV take half a second to import, which must not block the window.
        from ml.memory import release_memory
        from ml.network.classifier import ExpressionClassifier
        from ml.network.devices import available_devices, choose_device, device_names
        from ml.network.weights import WeightsError
        from ml.network.weights_files import load_weights
        from ml.vision.analyzer import FaceAnalyzer
        from ml.vision.detector import FaceDetector

        try:
            weights = load_weights(request.weights)
            classifier = ExpressionClassifier(weights, choose_device(request.device))
        except (ValueError, RuntimeError) as error:
            unusable = isinstance(error, WeightsError)
            self.network_failed.emit(NetworkFailure(request, str(error), unusable))
            return
        if self._analyzer is None:
            self._analyzer = FaceAnalyzer(classifier, FaceDetector())
            self._analyzer.configure(self._options)
        else:
            self._analyzer.use(classifier)
        self.network_ready.emit(
            NetworkInUse(
                request,
                classifier.device,
                classifier.engine,
                self._analyzer.detector.engine,
                tuple(available_devices()),
                device_names(),
                weights.trained_on,
            )
        )
        self._look_again()
        del weights
        release_memory()

    @Slot(object)
    def configure(self, options: AnalysisOptions) -> None:
        self._options = options
        if self._analyzer is not None:
            self._analyzer.configure(options)
            self._look_again()

    @Slot(int, bool)
    def set_baseline(self, track: int, wanted: bool) -> None:
        """Measure a person's neutral baseline anew and correct by it, or drop it."""
        if self._analyzer is not None:
            if wanted:
                self._analyzer.take_baseline(track)
            else:
                self._analyzer.drop_baseline(track)
            self._look_again()

    @Slot()
    def forget_people(self) -> None:
        """The source was lost: who is there when it is back gets another track id."""
        if self._analyzer is not None:
            self._analyzer.forget_people()

    @Slot(int, object)
    def begin(self, session: int, box: LatestFrame) -> None:
        """Analyses from now on are of the frames in ``box``, and belong to ``session``.

        Each capture has a box of its own: what the last one still asks for would otherwise take
        this one's frame.
        """
        self._session, self._box = session, box
        self._last_frame = None
        if self._analyzer is not None:
            self._analyzer.restart()

    @Slot()
    def analyse(self) -> None:
        """Analyse the waiting frame, if there is one."""
        if self._analyzer is None:
            return
        frame = self._box.take()
        if frame is not None:
            self._last_frame = frame
            self.analysed.emit(self._session, self._analyzer.analyze(frame))

    def _look_again(self) -> None:
        """Analyse the last frame again, so that a change shows even if no other frame follows."""
        if self._last_frame is not None:
            self._box.put_back(self._last_frame)
        self.analyse()
