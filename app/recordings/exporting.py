"""Recordings are exported into a folder that the user chooses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from app.background import Background
from ml.recording.errors import RecordingError
from ml.recording.exports.kinds import KINDS


@dataclass(frozen=True)
class Exported:
    files: tuple[Path, ...]
    problems: tuple[str, ...]
    """Why others were not exported."""


class Exporting(QObject):
    message = Signal(str, bool)
    """For the user, and whether it is serious."""
    exported = Signal(object, str, bool)
    """A folder with new files, and a message as above."""

    def __init__(self, background: Background, window: QWidget) -> None:
        super().__init__(window)
        self._background, self._window = background, window

    def export(self, folders: Sequence[Path], kind: str, proposed: Path) -> None:
        """``kind`` is one of KINDS, ``proposed`` the folder that is proposed."""
        target = QFileDialog.getExistingDirectory(
            self._window, self.tr("Export into the folder"), str(proposed)
        )
        if not target:
            return
        into = Path(target)

        def then(result: Exported | None, failure: str) -> None:
            if result is None or not result.files:
                self.message.emit("\n".join(result.problems) if result else failure, True)
                return
            names = ", ".join(file.name for file in result.files)
            text = self.tr("Exported into {}: {}").format(target, names)
            lines = "\n".join([text, *result.problems])
            self.exported.emit(into, lines, bool(result.problems))

        self.message.emit(self.tr("Exporting…"), False)
        self._background.do(lambda: export_all(folders, kind, into), then)


def export_all(folders: Sequence[Path], kind: str, into: Path) -> Exported:
    """One that fails does not stop the others."""
    from ml.recording.exports.export import export
    from ml.recording.opened import open_recording

    files, problems = [], []
    for folder in folders:
        file = _new_file(into, folder.name, KINDS[kind].suffix)
        try:
            export(open_recording(folder).corrected, kind, file)
            files.append(file)
        except RecordingError as error:
            problems.append(str(error))
    return Exported(tuple(files), tuple(problems))


def _new_file(into: Path, name: str, suffix: str) -> Path:
    """With a number if there is one already: it may have been worked on since."""
    names = [f"{name}{suffix}", *(f"{name} ({n}){suffix}" for n in range(2, 1000))]
    return next(file for each in names if not (file := into / each).exists())
