"""The finished epochs of runs, read from their folders in a thread."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, QThread, Signal, Slot

from ml.runs.folder import RunFolder
from ml.runs.summaries import history

_ENDING_MS: Final = 5000


class _Reader(QThread):
    known = Signal(object)

    def __init__(self, paths: list[Path], parent: QObject) -> None:
        super().__init__(parent)
        self.setObjectName("histories reader")
        self._paths = paths

    def run(self) -> None:
        self.known.emit(
            {path: history(RunFolder(path).read_events(batches=False)) for path in self._paths}
        )


class Histories(QObject):
    """Owns the reading threads; only the last request counts."""

    known = Signal(object)
    """Each path requested and its list of Epoch."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._readers: list[_Reader] = []

    def read(self, paths: list[Path]) -> None:
        reader = _Reader(paths, self)
        reader.known.connect(self._on_known)
        self._readers = [old for old in self._readers if old.isRunning()]
        self._readers.append(reader)
        reader.start()

    def shut_down(self) -> bool:
        """Wait for the threads; returns whether they ended in time."""
        ended = [reader.wait(_ENDING_MS) for reader in self._readers]
        return all(ended)

    @Slot(object)
    def _on_known(self, histories: object) -> None:
        if self.sender() is self._readers[-1]:  # a large run may arrive after a small one
            self.known.emit(histories)
