"""Recordings are moved to the bin, or deleted where there is none; after a question."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from PySide6.QtCore import QFile, QObject, QStandardPaths, Qt, Signal
from PySide6.QtWidgets import QMessageBox, QWidget

from app.background import Background
from ml.recording.folders import delete_recording, refuse_if_growing

_NAMED: Final = 8
"""Recordings that a question names at most."""


class Deleting(QObject):
    message = Signal(str, bool)
    """For the user, and whether it is serious."""
    changed = Signal()
    """There may be fewer recordings."""

    def __init__(self, background: Background, window: QWidget) -> None:
        super().__init__(window)
        self._background, self._window = background, window

    def delete(self, folders: Sequence[Path]) -> None:
        if self._confirmed(
            self.tr("Move {} to the bin?").format(self._what(folders)),
            folders,
            self.tr("Data, video and corrections are moved, and can be restored from there."),
            self.tr("Move to bin"),
        ):
            self._background.do(lambda: move_to_bin(folders), self._on_moved)

    def _on_moved(self, left: list[Path] | None, failure: str) -> None:
        self._on_deleted(None, failure)
        if left and self._confirmed(
            self.tr("There is no bin for {}. Delete for ever?").format(self._what(left)),
            left,
            self.tr("Data, video and corrections cannot be restored."),
            self.tr("Delete for ever"),
        ):
            self._background.do(lambda: delete_for_ever(left), self._on_deleted)

    def _on_deleted(self, _: object, failure: str) -> None:
        if failure:
            self.message.emit(failure, True)
        self.changed.emit()

    def _confirmed(self, question: str, folders: Sequence[Path], hint: str, yes: str) -> bool:
        """``hint`` says what happens, ``yes`` is the button's text."""
        box = QMessageBox(self._window)
        box.setIcon(QMessageBox.Icon.Question)
        box.setTextFormat(Qt.TextFormat.PlainText)  # names are not markup
        box.setText(question)
        names = [folder.name for folder in folders[:_NAMED]]
        more = ["…"] if len(folders) > _NAMED else []
        box.setInformativeText("\n".join([*names, *more, "", hint]))
        agree = box.addButton(yes, QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton(self.tr("Cancel"), QMessageBox.ButtonRole.RejectRole))
        box.exec()
        return box.clickedButton() is agree

    def _what(self, folders: Sequence[Path]) -> str:
        if len(folders) == 1:
            return self.tr("this recording")
        return self.tr("these {} recordings").format(len(folders))


def move_to_bin(folders: Sequence[Path]) -> list[Path]:
    """Those that cannot be moved there. Raises RecordingError if one is being recorded."""
    for folder in folders:
        refuse_if_growing(folder)
    with suppress(OSError):  # without this folder Qt finds no bin on Linux
        place = QStandardPaths.StandardLocation.GenericDataLocation
        Path(QStandardPaths.writableLocation(place)).mkdir(parents=True, exist_ok=True)
    return [f for f in folders if f.exists() and not QFile(str(f)).moveToTrash()]


def delete_for_ever(folders: Sequence[Path]) -> None:
    """Raises RecordingError."""
    for folder in folders:
        delete_recording(folder)
