"""The chosen face's expression and probabilities, and figures of the analysis."""

from __future__ import annotations

import time
from collections import deque
from typing import Final

from PySide6.QtCore import QTimer, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout

from app.live.consumer_base import Consumer, Live
from app.live.session import State
from app.live.stream import Event, Observation
from app.live.views.probability_chart import ProbabilityChart
from ml.vision.analysis import TrackedFace

_RATE_MS: Final = 250


class FacePanel(QFrame, Consumer):
    """A card beside the picture."""

    def __init__(self, live: Live) -> None:
        super().__init__()
        self.setObjectName("card")
        self._session, self._choice = live.session, live.choice
        self._observation: Observation | None = None
        self._shown = _Rate()
        self._timer = QTimer(self)
        self._timer.setInterval(_RATE_MS)
        self._timer.timeout.connect(self._show_rate)
        self._build()
        live.side.insertWidget(0, self, 1)
        live.view.frame_shown.connect(self._shown.count)
        live.choice.changed.connect(self._show_face)
        live.session.state_changed.connect(self._on_state)
        live.session.stream.told.connect(self._on_event)
        self._show_face()

    @property
    def observation(self) -> Observation | None:
        """The one shown."""
        return self._observation

    def shut_down(self) -> bool:
        self._timer.stop()
        return True

    def refresh_theme(self) -> None:
        self.chart.refresh_theme()

    def _build(self) -> None:
        self.headline = QLabel()
        self.headline.setObjectName("headline")
        self.headline.setAccessibleDescription(self.tr("Expression of the chosen face"))
        self.caption = QLabel()
        self.caption.setObjectName("caption")
        self.chart = ProbabilityChart()
        figures = QHBoxLayout()
        figures.setSpacing(5)
        self.rate, self.duration, self.count = (QLabel("–") for _ in range(3))
        for figure, unit in (
            (self.rate, self.tr("frames/s")),
            (self.duration, self.tr("ms/analysis")),
            (self.count, self.tr("faces")),
        ):
            figure.setObjectName("figure")
            figure.setAccessibleDescription(unit)
            name = QLabel(unit)
            name.setObjectName("unit")
            if figures.count():
                figures.addStretch(1)
            figures.addWidget(figure)
            figures.addWidget(name)

        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 8, 16, 8)
        layout.setSpacing(2)
        layout.addWidget(self.headline)
        layout.addWidget(self.caption)
        layout.addSpacing(4)
        layout.addWidget(self.chart, 1)
        layout.addSpacing(4)
        layout.addStretch()
        layout.addLayout(figures)

    @Slot(object)
    def _on_state(self, state: State) -> None:
        if state is State.RUNNING:
            self._timer.start()
        else:
            self._timer.stop()
            self._observation = None
        self._show_face()

    @Slot(object)
    def _on_event(self, event: Event) -> None:
        if isinstance(event, Observation):
            self._observation = event
            self._show_face()

    @Slot()
    def _show_rate(self) -> None:
        rate = self._shown.per_second
        self.rate.setText(str(rate) if rate else "–")

    @Slot()
    def _show_face(self) -> None:
        observation = self._observation
        if observation is None:
            self.chart.set_probabilities(None)
            self.headline.setText("–")
            self.caption.setText(
                self.tr("Looking for faces…") if self._session.active else self.tr("Not running")
            )
            for figure in (self.rate, self.duration, self.count):
                figure.setText("–")
            return
        self.duration.setText(f"{observation.milliseconds:.0f}")
        self.count.setText(str(len(observation.faces)))
        face = self._choice.of(observation.faces)
        self.chart.set_probabilities(face.probabilities if face else None)
        if face is None:
            self.headline.setText(self.tr("No face"))
            self.caption.setText(self.tr("No face was detected in this frame."))
        else:
            self._show_expression(face, len(observation.faces))

    def _show_expression(self, face: TrackedFace, faces: int) -> None:
        expression = face.expression
        self.headline.setText(expression.label.capitalize() if expression is not None else "…")
        caption = self.tr("{:.0%} confidence").format(face.confidence)
        if faces > 1:
            chosen = self._choice.is_chosen(face)
            which = self.tr("chosen of {} faces") if chosen else self.tr("largest of {} faces")
            caption += f", {which.format(faces)}"
        self.caption.setText(caption)


class _Rate:
    """Counts events during the last second."""

    def __init__(self) -> None:
        self._times: deque[float] = deque()

    def count(self) -> None:
        self._times.append(time.monotonic())

    @property
    def per_second(self) -> int:
        while self._times and time.monotonic() - self._times[0] > 1:
            self._times.popleft()
        return len(self._times)
