"""A card with the options of what is shown of the predictions, which are saved."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QSlider,
    QSpinBox,
)

from app.settings import LEAST_QUALITY, LEAVE_OUT, SMOOTHING, Settings
from app.theme import centre_labels

_SMOOTHINGS: Final = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0)
"""Time constants in seconds, one for each place of the slider."""


class AnswerOptions(QFrame):
    """Saves every change in the settings, but for what is on demand, and emits a signal."""

    smoothing_changed = Signal()
    changed = Signal()
    """Anything else."""
    explain_changed = Signal(bool)

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.setObjectName("card")
        self._settings = settings
        self._build()
        self._show_smoothing()
        self._slider.valueChanged.connect(self._on_smoothing)
        self._least_quality.valueChanged.connect(self._on_quality)
        self.leave_out.toggled.connect(self._on_quality)
        self.raw.toggled.connect(self.changed)
        self.explain.toggled.connect(self.explain_changed)

    @property
    def smoothing(self) -> float:
        """The time constant, in seconds."""
        return _SMOOTHINGS[self._slider.value()]

    @property
    def least_quality(self) -> float:
        """Below this, 0 to 1, a prediction is dimmed."""
        return self._least_quality.value() / 100

    @property
    def least_summarised(self) -> float:
        """Below this quality, 0 to 1, a prediction is left out of summaries."""
        return self.least_quality if self.leave_out.isChecked() else 0.0

    def show_explanation_cost(self, milliseconds: float | None) -> None:
        """What an explanation takes; None while none is made."""
        text = self.tr("Explain")
        if milliseconds is not None:
            text = self.tr("Explain ({:.0f} ms)").format(milliseconds)
        self.explain.setText(text)

    def _build(self) -> None:
        wanted = self._settings.get(SMOOTHING)
        nearest = min(range(len(_SMOOTHINGS)), key=lambda n: abs(_SMOOTHINGS[n] - wanted))
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setRange(0, len(_SMOOTHINGS) - 1)
        self._slider.setPageStep(1)
        self._slider.setValue(nearest)
        self._slider.setAccessibleName(self.tr("Smoothing"))
        self.smoothing_text = QLabel()
        self.smoothing_text.setMinimumWidth(
            self.smoothing_text.fontMetrics().horizontalAdvance("0.0 s ")
        )
        row = QHBoxLayout()
        row.addWidget(self._slider, 1)
        row.addWidget(self.smoothing_text)
        self._least_quality = QSpinBox()
        self._least_quality.setRange(0, 100)
        self._least_quality.setSingleStep(5)
        self._least_quality.setSuffix(self.tr(" %"))
        self._least_quality.setSpecialValueText(self.tr("any"))
        # Within what a spin box can be told, whatever the file says.
        self._least_quality.setValue(min(max(self._settings.get(LEAST_QUALITY), 0), 100))
        self._least_quality.setAccessibleName(self.tr("Minimum quality"))
        self.leave_out = QCheckBox(self.tr("Leave what is below out of summaries"))
        self.leave_out.setChecked(self._settings.get(LEAVE_OUT))
        self.raw = QCheckBox(self.tr("Raw values"))
        self.explain = QCheckBox(self.tr("Explain"))

        self._slider.setToolTip(
            self.tr(
                "Averages each person's predictions over time. A longer time gives steadier "
                "expressions, which follow later; 0 is off."
            )
        )
        self._least_quality.setToolTip(
            self.tr(
                "Predictions for small, blurred, dark or turned faces are worth less. Below this "
                "quality they are dimmed."
            )
        )
        self.raw.setToolTip(
            self.tr("Shows what the network predicts before smoothing and neutral baseline.")
        )
        self.explain.setToolTip(
            self.tr(
                "Shows which parts of the chosen face speak for its expression (Grad-CAM). PyTorch "
                "is loaded for it at the first time, when the window may stand still for a moment."
            )
        )
        form = QFormLayout(self)
        form.setContentsMargins(16, 6, 16, 6)
        form.setVerticalSpacing(3)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(self.tr("Smoothing"), row)
        form.addRow(self.tr("Minimum quality"), self._least_quality)
        form.addRow(self.leave_out)
        boxes = QHBoxLayout()
        boxes.addWidget(self.raw)
        boxes.addWidget(self.explain)
        form.addRow(boxes)
        centre_labels(form)

    def _show_smoothing(self) -> None:
        text = self.tr("{:.1f} s").format(self.smoothing) if self.smoothing else self.tr("off")
        self.smoothing_text.setText(text)

    @Slot()
    def _on_smoothing(self) -> None:
        self._settings.set(SMOOTHING, self.smoothing)
        self._show_smoothing()
        self.smoothing_changed.emit()

    @Slot()
    def _on_quality(self) -> None:
        self._settings.set(LEAST_QUALITY, self._least_quality.value())
        self._settings.set(LEAVE_OUT, self.leave_out.isChecked())
        self.changed.emit()
