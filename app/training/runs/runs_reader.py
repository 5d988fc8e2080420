"""Reads the run folders in a thread."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QThread, Signal

from ml.runs.folder import RunFolder
from ml.runs.summaries import RunSummary, list_runs, summarise_run


class RunsReader(QThread):
    """Runs that have not changed since they were read are not read again."""

    listed = Signal(int, list)
    failed = Signal(int, str)

    def __init__(self, folder: Path, parent: QObject) -> None:
        super().__init__(parent)
        self.setObjectName("runs reader")
        self._folder = folder
        self.request = 0
        """Number that is emitted with the answer."""
        self._known: dict[Path, tuple[tuple[object, ...], RunSummary]] = {}

    def run(self) -> None:
        try:
            self.listed.emit(self.request, list_runs(self._folder, self._summary))
        except OSError as error:
            self.failed.emit(self.request, error.strerror or str(error))

    def _summary(self, folder: RunFolder) -> RunSummary:
        stamp = folder.stamp()
        known, summary = self._known.get(folder.path, (None, None))
        if summary is None or known != stamp:
            summary = summarise_run(folder)
            self._known[folder.path] = stamp, summary
        return summary
