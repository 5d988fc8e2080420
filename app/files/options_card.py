"""A card with the options of the queue, which are saved."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QFrame,
    QLabel,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.elided_label import ElidedLabel
from app.files.queue import Plan
from app.live.controls.fields import IntervalBox, MinimumFaceBox
from app.live.recording.folders import recordings_folder
from app.settings import (
    DEVICE,
    FILES_FOLDER,
    FILES_INTERVAL,
    FILES_KINDS,
    FILES_MIN_SIZE,
    FILES_SMOOTHING,
    FILES_VIDEO,
    FILES_VIEWS,
    FILES_WORKERS,
    WEIGHTS,
    Settings,
)
from app.theme import centre_labels
from ml.batch.items import Kind
from ml.batch.options import BatchOptions
from ml.processor import processors

_LONGEST_SMOOTHING: Final = 5.0


class OptionsCard(QFrame):
    """Saves every change in the settings."""

    changed = Signal()

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.setObjectName("card")
        self._settings = settings
        self._build()
        self._show_places()
        for box in (self.interval, self.smoothing, self.min_size, self.workers):
            box.valueChanged.connect(self._on_changed)
        for choice in (self.kinds, self.views, self.video):
            choice.activated.connect(self._on_changed)

    @property
    def wanted(self) -> Collection[Kind]:
        """What is looked for in folders."""
        kind = self.kinds.currentData()
        return [Kind(kind)] if kind else list(Kind)

    @property
    def out(self) -> Path:
        """The folder for results."""
        return Path(self._settings.get(FILES_FOLDER) or recordings_folder(self._settings))

    @property
    def plan(self) -> Plan:
        options = BatchOptions(
            interval=self.interval.value(),
            views=self.views.currentData(),
            smoothing=self.smoothing.value(),
            min_size=self.min_size.value(),
            video=self.video.currentData(),
            weights=self._settings.get(WEIGHTS),
            device=self._settings.get(DEVICE),
        )
        return Plan(options, self.out, self.workers.value())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._show_places()  # which are chosen in other tabs

    def _build(self) -> None:
        get = self._settings.get
        all_kinds = [
            (self.tr("Videos and pictures"), ""),
            (self.tr("Videos only"), Kind.VIDEO.value),
            (self.tr("Pictures only"), Kind.PICTURES.value),
        ]
        self.kinds = _choice(all_kinds, get(FILES_KINDS))
        self.interval = IntervalBox(get(FILES_INTERVAL))
        self.views = _choice([("1", 1), ("3", 3)], get(FILES_VIEWS))
        self.smoothing = QDoubleSpinBox()
        self.smoothing.setRange(0, _LONGEST_SMOOTHING)
        self.smoothing.setSingleStep(0.1)
        self.smoothing.setDecimals(1)
        self.smoothing.setSuffix(self.tr(" s"))
        self.smoothing.setSpecialValueText(self.tr("off"))
        self.smoothing.setValue(get(FILES_SMOOTHING))
        self.min_size = MinimumFaceBox(get(FILES_MIN_SIZE))
        kept = [
            (self.tr("Data only"), "none"),
            (self.tr("Data and video"), "plain"),
            (self.tr("Video, faces covered"), "blurred"),
        ]
        self.video = _choice(kept, get(FILES_VIDEO))
        self.workers = QSpinBox()
        self.workers.setRange(1, processors())
        self.workers.setValue(min(max(get(FILES_WORKERS), 1), self.workers.maximum()))
        self.weights = ElidedLabel()
        self.folder = ElidedLabel()
        self.choose = QPushButton(self.tr("Choose…"))
        self.choose.setObjectName("compact")
        self.choose.setAccessibleName(self.tr("Choose the folder for results"))
        self.choose.clicked.connect(self._on_choose)
        told = QLabel(self.tr("Changes apply to what still waits."))
        told.setObjectName("caption")
        told.setWordWrap(True)

        form = QFormLayout()
        form.setVerticalSpacing(4)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for name, field, tip in self._rows():
            field.setToolTip(tip)
            field.setAccessibleName(name)
            form.addRow(name, field)
        form.addRow(self.tr("Weights"), self.weights)
        form.addRow(self.tr("Results"), self.folder)
        form.addRow("", self.choose)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 10, 14, 10)
        layout.addLayout(form)
        centre_labels(form)
        layout.addWidget(told)
        layout.addStretch()

    def _rows(self) -> list[tuple[str, QWidget, str]]:
        """Name, field and tool tip of each option."""
        return [
            (
                self.tr("Look for"),
                self.kinds,
                self.tr("What is taken from the files and folders that are added."),
            ),
            (
                self.tr("Interval"),
                self.interval,
                self.tr("Seconds of a video between two frames that are analysed."),
            ),
            (
                self.tr("Views"),
                self.views,
                self.tr(
                    "Crops of each face whose predictions are averaged. Three are more accurate, "
                    "one is faster."
                ),
            ),
            (
                self.tr("Smoothing"),
                self.smoothing,
                self.tr("Averages each person's predictions over time, in videos."),
            ),
            (
                self.tr("Minimum face"),
                self.min_size,
                self.tr("The smallest face height, in pixels of the frame."),
            ),
            (
                self.tr("Keep"),
                self.video,
                self.tr(
                    "Data are times, boxes, quality and probabilities; they hold no pictures. "
                    "With a video, the results can be looked at even where the files are not."
                ),
            ),
            (
                self.tr("Processes"),
                self.workers,
                self.tr(
                    "That analyse a file each. One keeps all cores busy with most files; more "
                    "can gain with many short ones, and take more memory."
                ),
            ),
        ]

    def _show_places(self) -> None:
        weights = self._settings.get(WEIGHTS)
        self.weights.set_text(Path(weights).name if weights else self.tr("bundled"))
        self.weights.setToolTip(self.tr("As chosen in the live tab."))
        self.folder.set_text(str(self.out))

    @Slot()
    def _on_changed(self) -> None:
        self._settings.set(FILES_KINDS, self.kinds.currentData())
        self._settings.set(FILES_INTERVAL, self.interval.value())
        self._settings.set(FILES_VIEWS, self.views.currentData())
        self._settings.set(FILES_SMOOTHING, self.smoothing.value())
        self._settings.set(FILES_MIN_SIZE, self.min_size.value())
        self._settings.set(FILES_VIDEO, self.video.currentData())
        self._settings.set(FILES_WORKERS, self.workers.value())
        self.changed.emit()

    @Slot()
    def _on_choose(self) -> None:
        folder = QFileDialog.getExistingDirectory(
            self, self.tr("Folder for results"), str(self.out)
        )
        if folder:
            self._settings.set(FILES_FOLDER, folder)
            self._show_places()


def _choice(named: Sequence[tuple[str, object]], chosen: object) -> QComboBox:
    box = QComboBox()
    for name, value in named:
        box.addItem(name, value)
    box.setCurrentIndex(max(box.findData(chosen), 0))
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    return box
