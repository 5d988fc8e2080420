"""The expression and probabilities of the person looked at, and figures of the analysis."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from app.duration import clock_time
from app.live.consumer_base import CaptureTimer, Consumer, Live
from app.live.session import State
from app.live.stream import Began, Event, Observation
from app.live.subject import Subject
from app.live.views.probability_chart import ProbabilityChart
from app.live.views.quality_words import in_words
from ml.expressions import Expression
from ml.vision.analysis import Quality, TrackedFace

_RATE_MS: Final = 250


class FacePanel(QFrame, Consumer):
    """A card beside the picture, for now or for the moment that was chosen."""

    def __init__(self, live: Live) -> None:
        super().__init__()
        self.setObjectName("card")
        self._session, self._choice, self._people = live.session, live.choice, live.people
        self._options, self._panel = live.options, live.panel
        self._observation: Observation | None = None
        self._still = False
        """Whether the source is a picture, in which nobody can look neutral for a while."""
        self._shown = _Rate()
        timer = CaptureTimer(live.session, _RATE_MS, self)
        timer.timeout.connect(self._show_rate)
        self._build()
        live.panel.addTab(self, self.tr("Face"))
        live.subjects.append(Subject(self.tr("probabilities"), self.chart.area, self.chart.paint))
        live.view.frame_shown.connect(self._shown.count)
        live.choice.person_changed.connect(self._show)
        live.choice.moment_changed.connect(self._on_moment)
        live.options.changed.connect(self._show)
        live.people.changed.connect(self._show)
        live.session.state_changed.connect(self._on_state)
        live.session.stream.told.connect(self._on_event)
        self._show()

    @property
    def observation(self) -> Observation | None:
        """The newest, while the capture runs."""
        return self._observation

    def refresh_theme(self) -> None:
        self.chart.refresh_theme()

    def _build(self) -> None:
        self.headline = QLabel()
        self.headline.setObjectName("headline")
        self.headline.setAccessibleDescription(self.tr("Expression of the person looked at"))
        self.caption = QLabel()
        self.caption.setObjectName("caption")
        self.quality = QLabel()
        self.quality.setObjectName("caption")
        self.chart = ProbabilityChart()
        self.baseline = QPushButton()
        self.baseline.setToolTip(
            self.tr(
                "Corrects this person's probabilities by what the network predicts of their "
                "neutral face. Ask them to look neutral for three seconds."
            )
        )
        self.baseline.clicked.connect(self._on_baseline)
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
        layout.addWidget(self.quality)
        layout.addSpacing(4)
        layout.addWidget(self.chart, 1)
        layout.addSpacing(4)
        layout.addStretch()
        layout.addWidget(self.baseline)
        layout.addSpacing(4)
        layout.addLayout(figures)

    @Slot(object)
    def _on_state(self, state: State) -> None:
        if state is not State.RUNNING:
            self._observation = None
        self._show()

    @Slot(object)
    def _on_event(self, event: Event) -> None:
        if isinstance(event, Observation):
            self._observation = event
            self._show()
        elif isinstance(event, Began):
            self._still = event.still
            self._panel.setCurrentWidget(self)

    @Slot()
    def _on_moment(self) -> None:
        if self._choice.moment is not None:
            self._panel.setCurrentWidget(self)
        self._show()

    @Slot()
    def _show_rate(self) -> None:
        rate = self._shown.per_second
        self.rate.setText(str(rate) if rate else "–")

    @Slot()
    def _show(self) -> None:
        observation = self._observation
        if observation is None:
            for figure in (self.rate, self.duration, self.count):
                figure.setText("–")
        else:
            self.duration.setText(f"{observation.milliseconds:.0f}")
            self.count.setText(str(len(observation.faces)))
        face = self._choice.of(observation.faces) if observation is not None else None
        self._show_baseline(face)
        if self._choice.moment is not None:
            self._show_moment(self._choice.moment)
        elif face is not None:
            self._show_face(face)
        elif observation is not None:
            self._show_nobody(self.tr("No face"), self.tr("No face was detected in this frame."))
        else:
            active = self._session.active
            self._show_nobody(
                "–", self.tr("Looking for faces…") if active else self.tr("Not running")
            )

    def _show_nobody(self, headline: str, caption: str) -> None:
        self.headline.setText(headline)
        self.caption.setText(caption)
        self.quality.setText("")
        self._dim(False)
        self.chart.set_probabilities(None)

    def _show_face(self, face: TrackedFace) -> None:
        self._show_prediction(face.track, face.expression, face.probabilities, face.raw)
        quality = face.quality
        text = self.tr("quality {:.0%}").format(quality.value) if quality is not None else ""
        if quality is not None and quality.fault is not None:
            text += f", {in_words(quality.fault)}"
        self.quality.setText(text)
        self.quality.setToolTip(self._measures(quality) if quality is not None else "")
        self._dim(quality is not None and quality.value < self._options.least_quality)

    def _measures(self, quality: Quality) -> str:
        return self.tr(
            "How much of the accuracy on FER2013 is left for a face as small, blurred, dark or "
            "turned as this one.\n\nHeight {:.0f} pixels\nLight {:.0f} of 255, {:.1f} bits\n"
            "Sharpness {:.2f} (1.15 is ordinary; less is blur, more noise)\n"
            "Turned by {:.0f}°\nCut off {:.0%}"
        ).format(
            quality.height,
            quality.light,
            quality.tones,
            quality.sharpness,
            quality.turn,
            quality.cut_off,
        )

    def _show_moment(self, moment: float) -> None:
        track = self._choice.track
        row = self._people.history.at(track, moment) if track is not None else None
        at = clock_time(moment)
        if row is None or track is None:
            self._show_nobody("–", self.tr("Not seen at {}").format(at))
            return
        values = tuple(row["probabilities"].tolist())
        self._show_prediction(track, Expression(row["label"]), values, tuple(row["raw"].tolist()))
        self.quality.setText(self.tr("at {}, quality {:.0%}").format(at, row["quality"]))
        self._dim(bool(row["quality"] < self._options.least_quality))

    def _show_prediction(
        self,
        track: int,
        expression: Expression | None,
        probabilities: Sequence[float] | None,
        raw: Sequence[float] | None,
    ) -> None:
        self.chart.set_probabilities(probabilities, raw if self._options.raw.isChecked() else None)
        self.headline.setText(expression.label.capitalize() if expression is not None else "…")
        confidence = max(probabilities) if probabilities else 0.0
        self.caption.setText(
            self.tr("{}, {:.0%} confidence").format(self._people.name(track), confidence)
        )

    def _dim(self, dimmed: bool) -> None:
        if dimmed != self.headline.property("dimmed"):
            self.headline.setProperty("dimmed", dimmed)
            self.headline.style().polish(self.headline)
            self.chart.set_dimmed(dimmed)

    # Neutral baseline

    def _show_baseline(self, face: TrackedFace | None) -> None:
        self.baseline.setEnabled(face is not None and not self._still)
        if face is None or face.baseline is None:
            self.baseline.setText(self.tr("Set neutral baseline"))
        elif face.baseline < 1:
            self.baseline.setText(self.tr("Look neutral… {:.0%}").format(face.baseline))
        else:
            self.baseline.setText(self.tr("Neutral baseline on – turn off"))

    @Slot()
    def _on_baseline(self) -> None:
        face = self._choice.of(self._observation.faces) if self._observation is not None else None
        if face is not None:
            self._session.set_baseline(face.track, face.baseline is None)


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
