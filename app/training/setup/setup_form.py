"""The options of a run: preset, name, device, and those behind "More"."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Final, get_type_hints

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.duration import duration
from app.theme import centre_labels
from ml.training.config import PRESETS, TrainConfig

_FIELDS: Final = {f.name: f for f in dataclasses.fields(TrainConfig)}
_TYPES: Final = get_type_hints(TrainConfig)
_MORE: Final = (
    "epochs",
    "batch_size",
    "optimizer",
    "learning_rate",
    "schedule",
    "width",
    "augmentation",
    "label_smoothing",
    "seed",
)


class SetupForm(QWidget):
    """Gives the command line of a run."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.preset = QComboBox()
        self.preset.setAccessibleName(self.tr("Preset"))
        for name, title in (
            ("quick", self.tr("Quick")),
            ("standard", self.tr("Standard")),
            ("best", self.tr("Best")),
            ("original", self.tr("Original program")),
        ):
            self.preset.addItem(title, name)
        self.preset.setToolTip(
            self.tr(
                "Options that work well together. Quick is for a first look, Best takes "
                "longest, Original program is the recipe of this program's predecessor."
            )
        )
        self.estimate = QLabel()
        self.estimate.setObjectName("caption")
        self.estimate.setWordWrap(True)
        self.name = QLineEdit()
        self.name.setPlaceholderText(self.tr("preset and time"))
        self.name.setToolTip(self.tr("The name of the run and of its folder."))
        self.device = QComboBox()
        for device, title in (
            ("auto", self.tr("Automatic")),
            ("cpu", "CPU"),
            ("cuda", "CUDA"),
            ("mps", "Apple GPU"),
        ):
            self.device.addItem(title, device)
        self.device.setToolTip(_tip("device"))
        self.more = QToolButton()
        self.more.setText(self.tr("More"))
        self.more.setCheckable(True)
        self.more.setToolTip(self.tr("Show and change the options the preset sets."))

        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setVerticalSpacing(5)
        form.addRow(self.tr("Preset"), self.preset)
        form.addRow("", self.estimate)
        form.addRow(self.tr("Name"), self.name)
        form.addRow(self.tr("Device"), self.device)
        form.addRow("", self.more)

        self._extra = QWidget()
        self._extra.hide()
        extra = QFormLayout(self._extra)
        extra.setContentsMargins(0, 0, 0, 0)
        extra.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        extra.setVerticalSpacing(5)
        self.fields = {name: _editor(name) for name in _MORE}
        titles = {
            "epochs": self.tr("Epochs"),
            "batch_size": self.tr("Batch size"),
            "optimizer": self.tr("Optimiser"),
            "learning_rate": self.tr("Learning rate"),
            "schedule": self.tr("Schedule"),
            "width": self.tr("Width"),
            "augmentation": self.tr("Augmentation"),
            "label_smoothing": self.tr("Label smoothing"),
            "seed": self.tr("Seed"),
        }
        for name, field in self.fields.items():
            field.setAccessibleName(titles[name])
            extra.addRow(titles[name], field)
        self.start_from = QLineEdit()
        self.start_from.setToolTip(_tip("start_from"))
        self.start_from.setPlaceholderText(self.tr("from scratch"))
        browse = QPushButton(self.tr("Browse…"))
        browse.clicked.connect(self._browse)
        row = QHBoxLayout()
        row.addWidget(self.start_from, 1)
        row.addWidget(browse)
        extra.addRow(self.tr("Start from"), row)

        for part in (form, extra):
            centre_labels(part)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(form)
        layout.addWidget(self._extra)

        self.more.toggled.connect(self._extra.setVisible)
        self.preset.currentIndexChanged.connect(self._apply_preset)
        self.device.currentIndexChanged.connect(self.changed)
        for name in ("epochs", "batch_size", "width"):
            field = self.fields[name]
            assert isinstance(field, QSpinBox | QDoubleSpinBox)
            field.valueChanged.connect(self.changed)
        self._apply_preset()

    def choose_preset(self, name: str) -> None:
        self.preset.setCurrentIndex(max(self.preset.findData(name), 0))

    def show_estimate(self, seconds: float | None) -> None:
        """Show how long the chosen run takes here; None while unknown."""
        about = (
            None
            if seconds is None
            else self.tr("about {} on this computer").format(duration(seconds))
        )
        self.estimate.setText(about or self.tr("The training time is estimated here."))

    def set_epochs(self, count: int) -> None:
        field = self.fields["epochs"]
        assert isinstance(field, QSpinBox)
        field.setValue(count)

    def options(self) -> list[str]:
        """Command line options: the preset, and what differs from it."""
        preset = self.preset.currentData()
        values = dataclasses.asdict(TrainConfig.of_preset(preset))
        options = ["--preset", preset, "--device", self.device.currentData()]
        for name, field in self.fields.items():
            if _value(field) != values[name]:
                options += [f"--{name.replace('_', '-')}", str(_value(field))]
        if self.start_from.text().strip():
            options += ["--start-from", self.start_from.text().strip()]
        return options

    @Slot()
    def _apply_preset(self) -> None:
        values = dataclasses.asdict(TrainConfig.of_preset(self.preset.currentData()))
        for name, field in self.fields.items():
            if isinstance(field, QComboBox):
                field.setCurrentText(values[name])
            else:
                field.setValue(values[name])
        self.changed.emit()

    @Slot()
    def _browse(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self,
            self.tr("Weights to start from"),
            str(Path(self.start_from.text()).parent) if self.start_from.text() else "",
            self.tr("Weights (*.safetensors *.pt *.pth *.ckpt);;All files (*)"),
        )
        if path:
            self.start_from.setText(path)


def _tip(name: str) -> str:
    """The tool tip of a field: its help text, range and default."""
    field = _FIELDS[name]
    text = field.metadata["help"][0].upper() + field.metadata["help"][1:] + "."
    least, most = field.metadata["least"], field.metadata["most"]
    if most != float("inf"):
        text += f" Between {least:g} and {most:g}."
    default = field.default if field.default != "" else "none"
    presets = {
        preset: values[name]
        for preset, values in PRESETS.items()
        if values.get(name, default) != default
    }
    others = "".join(f"; {preset}: {value}" for preset, value in presets.items())
    return f"{text} Default: {default}{others}."


def _editor(name: str) -> QComboBox | QSpinBox | QDoubleSpinBox:
    field = _FIELDS[name]
    editor: QComboBox | QSpinBox | QDoubleSpinBox
    if field.metadata["choices"]:
        editor = QComboBox()
        editor.addItems(list(field.metadata["choices"]))
    elif _TYPES[name] is int:
        editor = QSpinBox()
        editor.setRange(int(field.metadata["least"]), int(field.metadata["most"]))
    else:
        editor = QDoubleSpinBox()
        small = name == "learning_rate"
        editor.setDecimals(6 if small else 2)
        editor.setSingleStep(0.01 if small else 0.05)
        editor.setRange(field.metadata["least"], field.metadata["most"])
    editor.setToolTip(_tip(name))
    return editor


def _value(editor: QComboBox | QSpinBox | QDoubleSpinBox) -> Any:  # noqa: ANN401 - of the field
    if isinstance(editor, QComboBox):
        return editor.currentText()
    value = editor.value()
    return round(value, 7) if isinstance(editor, QDoubleSpinBox) else value
