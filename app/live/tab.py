"""The live tab: source, weights and options; the picture; what it shows of the chosen face."""

from __future__ import annotations

import time
from collections import deque
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.live.analysis_worker import NetworkFailure, NetworkInUse, NetworkRequest
from app.live.pickers import SourcePicker, WeightsPicker
from app.live.probability_chart import ProbabilityChart
from app.live.session import LiveSession, State
from app.live.video_view import VideoView
from app.settings import (
    DEVICE,
    INTERVAL,
    LONG_SIDE,
    LOOP,
    MIN_SCORE,
    MIN_SIZE,
    MIRROR,
    WEIGHTS,
    Settings,
)
from app.theme import centre_labels
from ml.vision.analysis import Analysis, DetectionOptions, TrackedFace
from resources import bundled_weights

_REFRESH_MS = 8
"""Shorter than a frame of any usual camera, so that none waits long."""
_PANEL_WIDTH = 300


class LiveTab(QWidget):
    """Everything from Start to Stop."""

    leave_requested = Signal()
    network_changed = Signal(str)
    """What answers now, in words."""

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._chosen: int | None = None
        self._analysis: Analysis | None = None
        self._shown = _Rate()
        self._session_speaks = False
        """Whether the message on view is the session's, which may withdraw it."""
        self.session = LiveSession(self)
        self.view = VideoView()
        self.chart = ProbabilityChart()
        self._build()
        self._connect()
        self._configure()
        self._load_network()
        self._on_state(self.session.state)

    # What the program's other parts ask for

    def use_weights(self, path: Path) -> None:
        self.weights.choose(str(path))

    def start(self, *, once: bool = False) -> None:
        """``once``: a video ends, whether or not videos are to be repeated."""
        self._chosen = None
        self.session.start(self._address, loop=self.loop.isChecked() and not once)

    def toggle(self) -> None:
        self.show_message("", False)
        if self.session.active:
            self.session.stop()
        else:
            self.start()

    def shut_down(self) -> bool:
        """Whether all threads ended in time."""
        self._refresh.stop()
        searched = self.source.shut_down()
        return self.session.shut_down() and searched

    def refresh_theme(self) -> None:
        self.chart.refresh_theme()
        self.view.update()

    # Building

    def _build(self) -> None:
        self.source = SourcePicker(self._settings)
        self.weights = WeightsPicker(self._settings)
        self.button = QPushButton()
        self.button.setObjectName("primary")
        self.message = QLabel()
        self.message.setObjectName("message")
        self.message.setWordWrap(True)
        self.message.hide()

        bar = QHBoxLayout()
        bar.setSpacing(8)
        for text, picker in ((self.tr("Source"), self.source), (self.tr("Weights"), self.weights)):
            label = QLabel(text)
            label.setObjectName("caption")
            label.setBuddy(picker)
            bar.addWidget(label)
            bar.addWidget(picker, 1)
            bar.addSpacing(8)
        bar.addWidget(self.button)

        picture = QVBoxLayout()
        picture.setSpacing(10)
        picture.addWidget(self.message)
        picture.addWidget(self.view, 1)

        panel = QVBoxLayout()
        panel.setSpacing(10)
        panel.addWidget(self._build_face_card(), 1)
        panel.addWidget(self._build_options())

        body = QHBoxLayout()
        body.setSpacing(12)
        body.addLayout(picture, 1)
        body.addLayout(panel)

        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 10, 14, 6)
        layout.setSpacing(10)
        layout.addLayout(bar)
        layout.addLayout(body, 1)
        self.view.setFocus()

    def _build_face_card(self) -> QWidget:
        self.headline = QLabel()
        self.headline.setObjectName("headline")
        self.headline.setAccessibleDescription(self.tr("Expression of the chosen face"))
        self.caption = QLabel()
        self.caption.setObjectName("caption")
        figures = QGridLayout()
        figures.setHorizontalSpacing(4)
        self.rate, self.duration, self.count = (QLabel("–") for _ in range(3))
        for column, (figure, unit) in enumerate(
            (
                (self.rate, self.tr("frames/s")),
                (self.duration, self.tr("ms/analysis")),
                (self.count, self.tr("faces")),
            )
        ):
            figure.setObjectName("figure")
            figure.setAccessibleDescription(unit)
            name = QLabel(unit)
            name.setObjectName("unit")
            figures.addWidget(figure, 0, column)
            figures.addWidget(name, 1, column)
            figures.setColumnStretch(column, 1)

        card = _card()
        layout = QVBoxLayout(card)
        layout.setContentsMargins(16, 12, 16, 12)
        layout.setSpacing(2)
        layout.addWidget(self.headline)
        layout.addWidget(self.caption)
        layout.addSpacing(6)
        layout.addWidget(self.chart, 1)
        layout.addSpacing(6)
        layout.addStretch()
        layout.addLayout(figures)
        return card

    def _build_options(self) -> QWidget:
        self.device = QComboBox()
        self.device.addItem(self.tr("Automatic"), "auto")
        self._offer_device(self._settings.get(DEVICE))
        self.interval = QDoubleSpinBox()
        self.interval.setRange(0, 60)
        self.interval.setSingleStep(0.5)
        self.interval.setDecimals(1)
        self.interval.setSuffix(self.tr(" s"))
        self.interval.setSpecialValueText(self.tr("every frame"))
        self.interval.setValue(self._settings.get(INTERVAL))
        self.min_score = QDoubleSpinBox()
        self.min_score.setRange(0.1, 0.95)
        self.min_score.setSingleStep(0.05)
        self.min_score.setValue(self._settings.get(MIN_SCORE))
        self.min_size = QSpinBox()
        self.min_size.setRange(8, 1000)
        self.min_size.setSuffix(self.tr(" px"))
        self.min_size.setValue(int(self._settings.get(MIN_SIZE)))
        self.long_side = QSpinBox()
        self.long_side.setRange(160, 1920)
        self.long_side.setSingleStep(32)
        self.long_side.setSuffix(self.tr(" px"))
        self.long_side.setValue(self._settings.get(LONG_SIDE))
        self.mirror = QCheckBox(self.tr("Mirror"))
        self.mirror.setChecked(self._settings.get(MIRROR))
        self.loop = QCheckBox(self.tr("Repeat videos"))
        self.loop.setChecked(self._settings.get(LOOP))
        self.view.set_mirrored(self.mirror.isChecked())

        card = _card()
        form = QFormLayout(card)
        form.setContentsMargins(16, 10, 16, 10)
        form.setVerticalSpacing(5)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for name, field, tip in (
            (self.tr("Device"), self.device, self.tr("What the network runs on.")),
            (
                self.tr("Interval"),
                self.interval,
                self.tr("Seconds between two answers of the network; 0 asks it on every frame."),
            ),
            (
                self.tr("Face score"),
                self.min_score,
                self.tr("The least score, of 0 to 1, from which something counts as a face."),
            ),
            (
                self.tr("Face height"),
                self.min_size,
                self.tr("The least height of a face, in pixels of the picture."),
            ),
            (
                self.tr("Search size"),
                self.long_side,
                self.tr(
                    "The longest side of the reduced picture on which faces are sought. "
                    "More finds smaller faces and takes longer."
                ),
            ),
        ):
            field.setToolTip(tip)
            field.setAccessibleName(name)
            form.addRow(name, field)
        centre_labels(form)
        boxes = QHBoxLayout()
        boxes.addWidget(self.mirror)
        boxes.addWidget(self.loop)
        form.addRow(boxes)
        return card

    def _offer_device(self, device: str) -> None:
        if self.device.findData(device) < 0:
            self.device.addItem(_device_name(device), device)

    def _connect(self) -> None:
        self.button.clicked.connect(self.toggle)
        self.source.chosen.connect(self._on_source)
        self.weights.chosen.connect(self._change_network)
        self.device.activated.connect(self._on_device)
        for box in (self.interval, self.min_score, self.min_size, self.long_side):
            box.valueChanged.connect(self._configure)
        self.mirror.toggled.connect(self._on_mirror)
        self.loop.toggled.connect(self._on_loop)
        self.view.face_chosen.connect(self._on_face_chosen)
        self.view.leave_requested.connect(self.leave_requested)
        self.session.state_changed.connect(self._on_state)
        self.session.analysed.connect(self._on_analysed)
        self.session.network_ready.connect(self._on_network)
        self.session.network_failed.connect(self._on_network_failed)
        self.session.message.connect(self._on_session_message)
        self._refresh = QTimer(self)
        self._refresh.setTimerType(Qt.TimerType.PreciseTimer)
        self._refresh.setInterval(_REFRESH_MS)
        self._refresh.timeout.connect(self._show_newest)

    @property
    def _address(self) -> str:
        return self.source.value or "camera:"

    # Options

    @Slot()
    def _configure(self) -> None:
        options = DetectionOptions(
            self.long_side.value(), self.min_score.value(), self.min_size.value()
        )
        self._settings.set(LONG_SIDE, options.long_side)
        self._settings.set(MIN_SCORE, options.min_score)
        self._settings.set(MIN_SIZE, options.min_size)
        self._settings.set(INTERVAL, self.interval.value())
        self.session.configure(options, self.interval.value())

    @Slot()
    def _change_network(self) -> None:
        self.show_message("", False)
        self._load_network()

    def _load_network(self) -> None:
        path = self.weights.value
        self.session.use_network(
            Path(path) if path else bundled_weights(), self._settings.get(DEVICE)
        )

    @Slot()
    def _on_device(self) -> None:
        self._settings.set(DEVICE, self.device.currentData())
        self._change_network()

    @Slot(bool)
    def _on_mirror(self, mirrored: bool) -> None:
        self._settings.set(MIRROR, mirrored)
        self.view.set_mirrored(mirrored)

    @Slot(bool)
    def _on_loop(self, loop: bool) -> None:
        self._settings.set(LOOP, loop)
        self.session.set_loop(loop)

    @Slot()
    def _on_source(self) -> None:
        """Another source while one runs: go over to it."""
        if self.session.active:
            self.start()

    # What comes from the session

    @Slot(object)
    def _on_state(self, state: State) -> None:
        active = self.session.active
        self.button.setText(self.tr("Stop") if active else self.tr("Start"))
        self.button.setEnabled(state is not State.STOPPING)
        self.button.setProperty("running", active)
        self.button.style().polish(self.button)
        self.button.setToolTip(self.tr("Space does the same"))
        self.view.set_invitation(
            {
                State.IDLE: self.tr("Press Start, or Space, to see faces and their expressions."),
                State.OPENING: self.tr("Opening…"),
                State.LOST: self.tr("Waiting for the camera…"),
            }.get(state, "")
        )
        if state is State.RUNNING:
            self._refresh.start()
        else:
            self._refresh.stop()
        if state is State.OPENING:
            self.view.clear()
        elif not active or state is State.LOST:
            self.view.clear_faces()
            self._analysis = None
        self._show_face()

    @Slot()
    def _show_newest(self) -> None:
        frame = self.session.display_box.take()
        if frame is not None and self.view.show_frame(frame):
            self._shown.count()
        rate = self._shown.per_second
        self.rate.setText(str(rate) if rate else "–")

    @Slot(object)
    def _on_analysed(self, analysis: Analysis) -> None:
        self._analysis = analysis
        if self.view.show_analysis(analysis):
            self._shown.count()
        self._show_face()

    @Slot(int)
    def _on_face_chosen(self, track: int) -> None:
        self._chosen = track
        self._show_face()

    @Slot(object)
    def _on_network(self, network: NetworkInUse) -> None:
        for device in network.devices:
            self._offer_device(device)
        self.device.setCurrentIndex(self.device.findData(network.request.device))
        self.network_changed.emit(
            self.tr("{} on {}, trained on {}").format(
                self.weights.title(_as_setting(network.request.weights)),
                _device_name(network.device),
                network.trained_on,
            )
        )

    @Slot(object)
    def _on_network_failed(self, failure: NetworkFailure) -> None:
        """Go back to what is in use, or, where nothing is yet, on to what is likelier to work."""
        asked, network = failure.request, self.session.network
        if network is not None:
            instead = network.request
            consequence = self.tr("The weights in use stay in use.")
        elif failure.unusable_weights and asked.weights != bundled_weights():
            instead = NetworkRequest(bundled_weights(), asked.device)
            consequence = self.tr("The bundled weights are used.")
        elif not failure.unusable_weights and asked.device != "cpu":
            device = "cpu" if asked.device == DEVICE.default else DEVICE.default
            instead = NetworkRequest(asked.weights, device)
            consequence = self.tr("{} is used.").format(_device_name(device))
        else:
            self.session.stop()
            self.show_message(failure.why, True)
            return
        self._settings.set(WEIGHTS, _as_setting(instead.weights))
        self._settings.set(DEVICE, instead.device)
        self.weights.fill()
        self._offer_device(instead.device)
        self.device.setCurrentIndex(self.device.findData(instead.device))
        if network is None:
            self._load_network()
        self.show_message(f"{failure.why} {consequence}", True)

    @Slot(str, bool)
    def _on_session_message(self, text: str, serious: bool) -> None:
        if text or self._session_speaks:
            self.show_message(text, serious)
            self._session_speaks = bool(text)

    @Slot(str, bool)
    def show_message(self, text: str, serious: bool) -> None:
        self._session_speaks = False
        self.message.setText(text)
        self.message.setProperty("serious", serious)
        self.message.style().polish(self.message)
        self.message.setVisible(bool(text))

    def _show_face(self) -> None:
        """What the chart and the headline say of the chosen face, or of the largest."""
        faces = self._analysis.faces if self._analysis else ()
        face = next((face for face in faces if face.track == self._chosen), None)
        face = face or next(iter(faces), None)
        self.view.set_chosen(face.track if face else None)
        self.chart.set_probabilities(face.probabilities if face else None)
        if self._analysis is None:
            self.headline.setText("–")
            self.caption.setText(
                self.tr("Looking for faces…") if self.session.active else self.tr("Not running")
            )
            for figure in (self.rate, self.duration, self.count):
                figure.setText("–")
            return
        self.duration.setText(f"{self._analysis.milliseconds:.0f}")
        self.count.setText(str(len(faces)))
        if face is None:
            self.headline.setText(self.tr("No face"))
            self.caption.setText(self.tr("There is no face in the picture."))
        else:
            self._show_expression(face, len(faces))

    def _show_expression(self, face: TrackedFace, faces: int) -> None:
        expression = face.expression
        self.headline.setText(expression.label.capitalize() if expression is not None else "…")
        caption = self.tr("{:.0%} sure").format(face.confidence)
        if faces > 1:
            chosen = face.track == self._chosen
            which = self.tr("the chosen face") if chosen else self.tr("the largest face")
            caption += self.tr(", {} of {}").format(which, faces)
        self.caption.setText(caption)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space:
            self.toggle()
        else:
            super().keyPressEvent(event)


class _Rate:
    """How often something happened during the last second."""

    def __init__(self) -> None:
        self._times: deque[float] = deque()

    def count(self) -> None:
        self._times.append(time.monotonic())

    @property
    def per_second(self) -> int:
        while self._times and time.monotonic() - self._times[0] > 1:
            self._times.popleft()
        return len(self._times)


def _card() -> QFrame:
    card = QFrame()
    card.setObjectName("card")
    card.setFixedWidth(_PANEL_WIDTH)
    return card


def _as_setting(weights: Path) -> str:
    """``weights`` as settings keep them: empty for the bundled, wherever those are."""
    return "" if weights == bundled_weights() else str(weights)


def _device_name(device: str) -> str:
    kind, _, number = device.partition(":")
    names = {"auto": "Automatic", "cpu": "CPU", "cuda": "CUDA", "mps": "Apple GPU"}
    return f"{names.get(kind, kind)} {number}".strip()
