"""Shows what speaks for the expression of the person looked at, while Explain is checked."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QThread, Signal, Slot
from PySide6.QtGui import QImage

from app.live.analysis_worker import NetworkInUse
from app.live.consumer_base import Consumer, Live
from app.live.stream import Began, Ended, Event
from app.live.views.overlay import Overlay
from ml.vision.analysis import Analysis, Frame, TrackedFace

if TYPE_CHECKING:
    from ml.network.explanation import Explainer

_STOP_MS: Final = 20_000
"""Longer than importing torch takes on a slow computer."""


@dataclass(frozen=True, eq=False)
class _Question:
    network: NetworkInUse
    frame: Frame
    face: TrackedFace

    def is_same(self, other: _Question | None) -> bool:
        """Whether the answer would be; pixels are not compared."""
        return (
            other is not None
            and self.frame is other.frame
            and self.face == other.face
            and self.network is other.network
        )


class Explanation(QObject, Consumer):
    """Asks about the newest prediction as soon as the last question is answered."""

    _asked = Signal(object)
    """_Question, to the thread."""

    def __init__(self, live: Live) -> None:
        super().__init__(live.session)
        self._session, self._choice = live.session, live.choice
        self._options, self._view = live.options, live.view
        self._predicted: Analysis | None = None
        """The newest in which somebody was predicted; None while nothing is to be explained."""
        self._question: _Question | None = None
        """The newest that was asked."""
        self._busy = False
        self._worker = _Worker()
        self._thread = QThread(self)
        self._thread.setObjectName("explanation")
        self._worker.moveToThread(self._thread)
        self._asked.connect(self._worker.answer)
        self._worker.answered.connect(self._on_answered)
        self._worker.failed.connect(self._on_failed)
        live.options.explain_changed.connect(self._on_switched)
        live.choice.person_changed.connect(self._ask)
        live.session.network_ready.connect(self._ask)
        live.session.stream.analysed.connect(self._on_analysed)
        live.session.stream.told.connect(self._on_event)

    def shut_down(self) -> bool:
        self._thread.quit()
        return self._thread.wait(_STOP_MS)

    @Slot(bool)
    def _on_switched(self, on: bool) -> None:
        if on:
            self._thread.start()
            self._ask()
        else:
            self._forget()
            self._options.show_explanation_cost(None)

    @Slot(object)
    def _on_event(self, event: Event) -> None:
        if isinstance(event, Began | Ended):
            self._predicted = None
            self._forget()

    def _forget(self) -> None:
        self._question = None
        self._view.set_overlay(None)

    @Slot(object)
    def _on_analysed(self, analysis: Analysis) -> None:
        if any(_is_fresh(face, analysis) for face in analysis.faces):
            self._predicted = analysis
            self._ask()

    @Slot()
    def _ask(self) -> None:
        """Unless the last question is not answered yet, or is this one."""
        analysis, network = self._predicted, self._session.network
        if self._busy or analysis is None or network is None:
            return
        face = self._choice.of(analysis.faces)
        if not self._options.explain.isChecked() or face is None or not _is_fresh(face, analysis):
            return
        question = _Question(network, analysis.frame, face)
        if not question.is_same(self._question):
            self._question, self._busy = question, True
            self._asked.emit(question)

    @Slot(object, object, float)
    def _on_answered(self, question: _Question, overlay: Overlay, milliseconds: float) -> None:
        self._busy = False
        if question is self._question:  # else it was of a capture that is over
            self._view.set_overlay(overlay)
            self._options.show_explanation_cost(milliseconds)
        self._ask()

    @Slot(str)
    def _on_failed(self, why: str) -> None:
        self._busy = False
        self._options.explain.setChecked(False)
        self._session.message.emit(self.tr("Nothing can be explained: {}").format(why), True)


def _is_fresh(face: TrackedFace, analysis: Analysis) -> bool:
    """Whether the network saw ``face`` in this frame."""
    return face.answered == analysis.frame.time


class _Worker(QObject):
    """Lives in the thread, which imports torch."""

    answered = Signal(object, object, float)
    """The _Question, its Overlay, and the milliseconds that this one took."""
    failed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._network: NetworkInUse | None = None
        self._explainer: Explainer | None = None

    @Slot(object)
    def answer(self, question: _Question) -> None:
        try:
            explainer = self._explainer_of(question.network)
            start = time.perf_counter()
            overlay = _overlay(explainer, question)
        except (ValueError, RuntimeError, ImportError, OSError, MemoryError) as error:
            # Weights that are gone, a torch that cannot be imported, or no memory for it.
            self.failed.emit(str(error) or type(error).__name__)
        else:
            self.answered.emit(question, overlay, (time.perf_counter() - start) * 1000)

    def _explainer_of(self, network: NetworkInUse) -> Explainer:
        import torch

        from ml.network.explanation import Explainer
        from ml.network.weights_files import load_weights

        if self._explainer is None or network is not self._network:
            self._explainer = Explainer(load_weights(network.request.weights))
            self._network = network
            torch.set_num_threads(1)  # more would only take turns with the analysis
        return self._explainer


def _overlay(explainer: Explainer, question: _Question) -> Overlay:
    from ml.vision.face_crop import crop_place, face_pictures
    from ml.vision.overlay import overlay

    face, expression = question.face, question.face.expression
    assert expression is not None
    picture = face_pictures(question.frame.image, face.face)
    (explanation,) = explainer.explain(picture, [expression])
    pixels = overlay(explanation)
    height, width = pixels.shape[:2]
    # A copy, for the pixels are gone when this function returns.
    image = QImage(pixels.data, width, height, QImage.Format.Format_ARGB32).copy()
    place = crop_place(face.face)
    return Overlay(face.track, image, place.side / face.face.height, place.radians)
