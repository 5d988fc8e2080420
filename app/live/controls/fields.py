"""Fields for options that are asked for in more than one place."""

from __future__ import annotations

from PySide6.QtWidgets import QDoubleSpinBox, QSpinBox


class IntervalBox(QDoubleSpinBox):
    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.setRange(0, 60)
        self.setSingleStep(0.5)
        self.setDecimals(1)
        self.setSuffix(self.tr(" s"))
        self.setSpecialValueText(self.tr("every frame"))
        self.setValue(seconds)


class MinimumFaceBox(QSpinBox):
    def __init__(self, pixels: float) -> None:
        super().__init__()
        self.setRange(8, 1000)
        self.setSuffix(self.tr(" px"))
        # Within what a spin box can be told, whatever the file says.
        self.setValue(int(min(max(pixels, 8), 1000)))
