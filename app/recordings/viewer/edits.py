"""What the user corrects in a recording: can be undone, and is saved beside the data at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from app.background import Background
from ml.recording.corrections import Corrections, write_corrections
from ml.recording.marker import Marker
from ml.recording.recording import Recording


class Edits(QObject):
    """The corrections of the recording that is shown."""

    changed = Signal()
    begun = Signal()
    """Another recording is shown."""
    failed = Signal(str)
    """Why they could not be saved; they stay until the window is closed."""

    def __init__(self, background: Background, parent: QObject) -> None:
        super().__init__(parent)
        self._background = background
        self._recording: Recording | None = None
        self._states = [Corrections()]
        """From the oldest that can be gone back to, to the newest."""
        self._place = 0

    @property
    def now(self) -> Corrections:
        return self._states[self._place]

    @property
    def can_undo(self) -> bool:
        return self._place > 0

    @property
    def can_redo(self) -> bool:
        return self._place < len(self._states) - 1

    @property
    def markers(self) -> tuple[Marker, ...]:
        """As they are now, in the order of time."""
        if self.now.markers is not None:
            return self.now.markers
        return self._recording.markers if self._recording is not None else ()

    def begin(self, recording: Recording, corrections: Corrections) -> None:
        """With another recording, and what was corrected in it before."""
        self._recording, self._states, self._place = recording, [corrections], 0
        self.begun.emit()
        self.changed.emit()

    def edit(self, **changes: Any) -> None:  # noqa: ANN401 - fields of Corrections
        """Replace fields of Corrections."""
        corrections = replace(self.now, **changes)
        if corrections != self.now:
            self._states[self._place + 1 :] = [corrections]
            self._go(1)

    @Slot()
    def undo(self) -> None:
        if self.can_undo:
            self._go(-1)

    @Slot()
    def redo(self) -> None:
        if self.can_redo:
            self._go(1)

    def _go(self, step: int) -> None:
        self._place += step
        if self._recording is not None:
            self._background.do(_saving(self._recording.folder, self.now), self._on_saved)
        self.changed.emit()

    def _on_saved(self, _: object, failure: str) -> None:
        if failure:
            self.failed.emit(failure)


def _saving(folder: Path, corrections: Corrections) -> Callable[[], None]:
    return lambda: write_corrections(folder, corrections)
