"""Asks for the labels of the number keys."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from app.live.markers.labels import Label
from ml.recording.marker import GAP


class LabelsDialog(QDialog):
    def __init__(self, labels: Sequence[Label], parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Marker labels"))
        told = QLabel(
            self.tr(
                "The keys 1 to 9 set markers with these labels. For an interval, the first press "
                "begins it, and the second ends it."
            )
        )
        told.setWordWrap(True)
        told.setObjectName("caption")
        self.rows: list[tuple[QLineEdit, QCheckBox]] = []
        grid = QGridLayout()
        for n, label in enumerate(labels):
            text, interval = QLineEdit(label.text), QCheckBox(self.tr("Interval"))
            text.setAccessibleName(self.tr("Label of key {}").format(n + 1))
            text.setMaxLength(60)
            interval.setChecked(label.interval)
            for column, part in enumerate((QLabel(str(n + 1)), text, interval)):
                grid.addWidget(part, n, column)
            self.rows.append((text, interval))
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(told)
        layout.addLayout(grid)
        layout.addWidget(buttons)
        self.setMinimumWidth(380)

    @property
    def labels(self) -> list[Label]:
        """What was entered. ``gap`` itself stands for a lost source in recordings."""
        texts = [text.text().strip() for text, _ in self.rows]
        return [
            Label("Gap" if text == GAP else text, interval.isChecked())
            for text, (_, interval) in zip(texts, self.rows, strict=True)
        ]
