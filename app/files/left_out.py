"""What of the added files is not analysed: in one line, and as a list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QPlainTextEdit, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from ml.batch.finding import LeftOut


def told(left_out: Sequence[LeftOut]) -> str:
    """In a line; empty if nothing was left out."""
    serious = [one for one in left_out if one.serious]
    if len(left_out) == 1:
        return f"{left_out[0].path.name} {left_out[0].reason}."
    if len(serious) == len(left_out):
        return _tr("{} files cannot be analysed.").format(len(serious)) if serious else ""
    if serious:
        text = _tr("{} files left out: {} cannot be analysed, the rest are not pictures or videos.")
        return text.format(len(left_out), len(serious))
    return _tr("{} files left out: not pictures or videos.").format(len(left_out))


class LeftOutDialog(QDialog):
    def __init__(self, left_out: Sequence[LeftOut], parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Left out"))
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setAccessibleName(self.tr("Files that are left out"))
        worst_first = sorted(left_out, key=lambda one: not one.serious)
        self.text.setPlainText("\n".join(f"{one.path} {one.reason}." for one in worst_first))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.text)
        layout.addWidget(buttons)
        self.resize(620, 340)


def _tr(text: str) -> str:
    return QCoreApplication.translate("LeftOut", text)
