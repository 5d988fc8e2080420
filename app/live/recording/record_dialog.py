"""Asks what to record, and where."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from app.live.recording.plan import RecordingPlan, VideoKind
from app.theme import centre_labels


class RecordDialog(QDialog):
    """Opens beside the capture, which goes on."""

    planned = Signal(object, bool)
    """RecordingPlan, and whether every frame is to be predicted."""

    def __init__(self, within: Path, *, every_frame: bool, parent: QWidget) -> None:
        """``within`` is the folder of recordings; ``every_frame``: that is predicted already."""
        super().__init__(parent)
        self.setWindowTitle(self.tr("Record"))
        self._build(within, every_frame)
        self.accepted.connect(self._on_accepted)

    def _build(self, within: Path, every_frame: bool) -> None:
        self.kinds: dict[VideoKind | None, QRadioButton] = {
            None: QRadioButton(self.tr("Data only, no video")),
            VideoKind.PLAIN: QRadioButton(self.tr("Data and video")),
            VideoKind.ANNOTATED: QRadioButton(
                self.tr("Data and video, with boxes and expressions")
            ),
            VideoKind.BLURRED: QRadioButton(self.tr("Data and video, with faces blurred")),
        }
        self.kinds[None].setChecked(True)
        self.kinds[VideoKind.BLURRED].setToolTip(
            self.tr(
                "Every face that is found is covered before anything is written. A face that is "
                "not found is not covered: smaller than the minimum face, or turned far away."
            )
        )
        self.every_frame = QCheckBox(self.tr("Predict on every frame"))
        self.every_frame.setToolTip(
            self.tr("Sets the interval to every frame. Otherwise predictions are held in between.")
        )
        self.every_frame.setChecked(True)
        self.every_frame.setVisible(not every_frame)
        self.within = QLineEdit(str(within))
        browse = QPushButton(self.tr("Choose…"))
        browse.setAutoDefault(False)
        browse.clicked.connect(self._browse)
        self.note = QLineEdit()
        self.note.setPlaceholderText(self.tr("Optional, kept with the recording"))
        told = QLabel(
            self.tr(
                "Data are times, boxes, landmarks, quality and probabilities of every person; they "
                "hold no pictures. Ask the people for their consent."
            )
        )
        told.setWordWrap(True)
        told.setObjectName("caption")

        folder = QHBoxLayout()
        folder.addWidget(self.within, 1)
        folder.addWidget(browse)
        form = QFormLayout()
        form.addRow(self.tr("Folder"), folder)
        form.addRow(self.tr("Note"), self.note)
        centre_labels(form)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        record = buttons.addButton(self.tr("Record"), QDialogButtonBox.ButtonRole.AcceptRole)
        record.setObjectName("primary")
        record.setDefault(True)
        record.setFocus()
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setSpacing(10)
        for kind in self.kinds.values():
            layout.addWidget(kind)
        layout.addWidget(self.every_frame)
        layout.addLayout(form)
        layout.addWidget(told)
        layout.addWidget(buttons)
        self.setMinimumWidth(460)

    @Slot()
    def _browse(self) -> None:
        folder = QFileDialog.getExistingDirectory(
            self, self.tr("Folder of the recordings"), self.within.text()
        )
        if folder:
            self.within.setText(folder)

    @Slot()
    def _on_accepted(self) -> None:
        kind = next(kind for kind, button in self.kinds.items() if button.isChecked())
        within = Path(self.within.text()).expanduser().absolute()
        plan = RecordingPlan(within, within=True, video=kind, note=self.note.text())
        self.planned.emit(plan, self.every_frame.isChecked())
