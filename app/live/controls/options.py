"""A card with the options of detection and prediction, which are saved."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QSpinBox,
    QWidget,
)

from app.live.controls.fields import IntervalBox, MinimumFaceBox
from app.settings import (
    DEVICE,
    INTERVAL,
    LONG_SIDE,
    LOOP,
    MIN_SCORE,
    MIN_SIZE,
    MIRROR,
    TURN,
    VIEWS,
    Settings,
)
from app.theme import centre_labels
from ml.vision.analysis import AUTOMATIC_VIEWS, AnalysisOptions, DetectionOptions, Turn


class Options(QFrame):
    """Saves every change in the settings and emits a signal."""

    device_chosen = Signal()
    analysis_changed = Signal()
    """``detection`` or the interval changed."""
    turn_changed = Signal()
    mirror_changed = Signal(bool)
    loop_changed = Signal(bool)

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.setObjectName("card")
        self._settings = settings
        self._build()
        self.device.activated.connect(self._on_device)
        for box in (self.interval, self.min_score, self.min_size, self.long_side):
            box.valueChanged.connect(self._on_analysis)
        self.views.activated.connect(self._on_analysis)
        self.rotate.activated.connect(self._on_rotate)
        self.mirror.toggled.connect(self._on_mirror)
        self.loop.toggled.connect(self._on_loop)

    @property
    def analysis(self) -> AnalysisOptions:
        detection = DetectionOptions(
            self.long_side.value(), self.min_score.value(), self.min_size.value()
        )
        return AnalysisOptions(detection, self.interval.value(), self.views.currentData())

    @property
    def turn(self) -> Turn:
        """Of every frame."""
        return Turn(self.rotate.currentData())

    def offer_device(self, device: str, name: str | None = None) -> None:
        """List ``device`` if it is not listed yet, by its maker's ``name`` if it has one."""
        if self.device.findData(device) < 0:
            self.device.addItem(name or device_name(device), device)

    def show_device(self, device: str) -> None:
        """Select the device in use, without emitting a signal."""
        self.offer_device(device)
        self.device.setCurrentIndex(self.device.findData(device))

    def _build(self) -> None:
        settings = self._settings
        self.device = QComboBox()
        self.offer_device(DEVICE.default)
        self.offer_device(settings.get(DEVICE))
        self.interval = IntervalBox(settings.get(INTERVAL))
        self.views = QComboBox()
        for name, views in ((self.tr("Automatic"), AUTOMATIC_VIEWS), ("1", 1), ("3", 3)):
            self.views.addItem(name, views)
        self.views.setCurrentIndex(max(self.views.findData(settings.get(VIEWS)), 0))
        self.min_score = QDoubleSpinBox()
        self.min_score.setRange(0.1, 0.95)
        self.min_score.setSingleStep(0.05)
        self.min_score.setValue(settings.get(MIN_SCORE))
        self.min_size = MinimumFaceBox(settings.get(MIN_SIZE))
        self.long_side = QSpinBox()
        self.long_side.setRange(160, 1920)
        self.long_side.setSingleStep(32)
        self.long_side.setSuffix(self.tr(" px"))
        self.long_side.setValue(settings.get(LONG_SIDE))
        self.rotate = QComboBox()
        for turn in Turn:
            self.rotate.addItem(self.tr("{}°").format(turn.value), turn.value)
        self.rotate.setCurrentIndex(max(self.rotate.findData(settings.get(TURN)), 0))
        self.mirror = QCheckBox(self.tr("Mirror"))
        self.mirror.setChecked(settings.get(MIRROR))
        self.loop = QCheckBox(self.tr("Repeat videos"))
        self.loop.setChecked(settings.get(LOOP))

        form = QFormLayout(self)
        form.setContentsMargins(16, 6, 16, 6)
        form.setVerticalSpacing(3)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for name, field, tip in self._rows():
            field.setToolTip(tip)
            field.setAccessibleName(name)
            form.addRow(name, field)
        centre_labels(form)
        boxes = QHBoxLayout()
        boxes.addWidget(self.mirror)
        boxes.addWidget(self.loop)
        form.addRow(boxes)

    def _rows(self) -> list[tuple[str, QWidget, str]]:
        """Name, field and tool tip of each option."""
        return [
            (self.tr("Device"), self.device, self.tr("The device the network runs on.")),
            (
                self.tr("Interval"),
                self.interval,
                self.tr("Seconds between two predictions; 0 predicts on every frame."),
            ),
            (
                self.tr("Views"),
                self.views,
                self.tr(
                    "Crops of each face whose predictions are averaged. Three are more accurate, "
                    "one is faster; Automatic uses three while there is time."
                ),
            ),
            (
                self.tr("Threshold"),
                self.min_score,
                self.tr("Detection threshold: the lowest score, from 0 to 1, accepted as a face."),
            ),
            (
                self.tr("Minimum face"),
                self.min_size,
                self.tr("The smallest face height, in pixels of the frame."),
            ),
            (
                self.tr("Detection size"),
                self.long_side,
                self.tr(
                    "The frame is scaled down to this longest side for face detection. "
                    "Higher values find smaller faces but take longer."
                ),
            ),
            (
                self.tr("Rotate"),
                self.rotate,
                self.tr(
                    "Turns every frame clockwise, for cameras that are mounted sideways and "
                    "videos that lie on their side."
                ),
            ),
        ]

    @Slot()
    def _on_device(self) -> None:
        self._settings.set(DEVICE, self.device.currentData())
        self.device_chosen.emit()

    @Slot()
    def _on_analysis(self) -> None:
        analysis = self.analysis
        self._settings.set(LONG_SIDE, analysis.detection.long_side)
        self._settings.set(MIN_SCORE, analysis.detection.min_score)
        self._settings.set(MIN_SIZE, analysis.detection.min_size)
        self._settings.set(INTERVAL, analysis.interval)
        self._settings.set(VIEWS, analysis.views)
        self.analysis_changed.emit()

    @Slot()
    def _on_rotate(self) -> None:
        self._settings.set(TURN, self.turn.value)
        self.turn_changed.emit()

    @Slot(bool)
    def _on_mirror(self, mirrored: bool) -> None:
        self._settings.set(MIRROR, mirrored)
        self.mirror_changed.emit(mirrored)

    @Slot(bool)
    def _on_loop(self, loop: bool) -> None:
        self._settings.set(LOOP, loop)
        self.loop_changed.emit(loop)


def device_name(device: str) -> str:
    """The user-visible name of a device such as ``cuda:0``."""
    kind, _, number = device.partition(":")
    names = {
        "auto": "Automatic",
        "cpu": "CPU",
        "cuda": "CUDA",
        "mps": "Apple GPU",
        "openvino": "Intel",
    }
    return f"{names.get(kind, kind)} {number}".strip()
