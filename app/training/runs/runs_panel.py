"""The runs in a folder, which is reread at intervals, and the actions on them."""

from __future__ import annotations

import contextlib
import dataclasses
from pathlib import Path
from typing import Final

from PySide6.QtCore import (
    QFile,
    QModelIndex,
    QStandardPaths,
    Qt,
    QThread,
    QTimer,
    QUrl,
    Signal,
    Slot,
)
from PySide6.QtGui import QDesktopServices, QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMessageBox,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from app.listing.actions import action_button, list_action
from app.listing.model import SortedList
from app.training.runs.runs_model import Column, RunsModel
from app.training.runs.runs_reader import RunsReader
from app.training.runs.runs_table import RunsTable
from ml.runs.folder import RunFolder, RunFolderError
from ml.runs.summaries import RunState, RunSummary

_REFRESH_MS: Final = 5000
_ENDING_MS: Final = 10_000
_RESUMABLE: Final = (RunState.STOPPED, RunState.CRASHED, RunState.FAILED)


class RunsPanel(QWidget):
    """The runs in ``folder``; all that is known of them is in their folders."""

    listed = Signal(list)
    """Every RunSummary, each time the folders have been read."""
    selection_changed = Signal(list)
    """The selected runs, whenever the selection or one of them has changed."""
    resume_requested = Signal(Path)
    opened = Signal(Path)
    message = Signal(str)

    def __init__(self, folder: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._folder = folder
        self._wanted = 0
        """Number of the last request: the answer to an earlier one may be outdated."""
        self._problem = ""
        self._selected: list[RunSummary] = []
        self._model = RunsModel(self)
        self._sorted = SortedList(self._model, self)
        self._reader = RunsReader(folder, self)
        self._timer = QTimer(self)
        self._timer.setInterval(_REFRESH_MS)
        self._build_actions()
        self._build()
        self._model.edited.connect(self._on_edited)
        self._reader.listed.connect(self._on_listed)
        self._reader.failed.connect(self._on_failed)
        self._reader.finished.connect(self._read_if_wanted)
        self._timer.timeout.connect(self._on_time)
        self.table.selectionModel().selectionChanged.connect(self._emit_selection)
        self.refresh_theme()
        self._emit_selection()
        self.refresh()

    @property
    def selected(self) -> list[RunSummary]:
        rows = self.table.selectionModel().selectedRows()
        return [self._sorted.item(index) for index in rows]

    @Slot()
    def refresh(self) -> None:
        """Read the folders, in a thread."""
        self._wanted += 1
        self._read_if_wanted()

    def shut_down(self) -> bool:
        """Wait for the thread; returns whether it ended in time."""
        self._timer.stop()
        self._wanted = self._reader.request
        return self._reader.wait(_ENDING_MS)

    def refresh_theme(self) -> None:
        self._model.refresh_theme()
        self.table.refresh_theme()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._timer.stop()

    # Building

    def _build_actions(self) -> None:
        self.resume = list_action(self, self.tr("Resume"), self._on_resume)
        self.rename = list_action(self, self.tr("Rename"), self._on_rename, "F2")
        self.write_note = list_action(self, self.tr("Edit note"), self._on_write_note)
        self.open_folder = list_action(self, self.tr("Open folder"), self._on_open_folder)
        self.delete = list_action(self, self.tr("Delete…"), self._on_delete, "Del")
        self.reload = list_action(self, self.tr("Refresh"), self.refresh, "F5")

    def _build(self) -> None:
        self.table = RunsTable(self._sorted)
        self.table.activated.connect(self._on_activated)
        actions = [
            self.resume, self.rename, self.write_note, self.open_folder, self.delete, self.reload,
        ]  # fmt: skip
        self.table.addActions(actions)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)

        self.nothing = QLabel()
        self.nothing.setObjectName("caption")
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.nothing.setWordWrap(True)
        self.nothing.setMargin(24)
        self._pages = QStackedLayout()
        self._pages.addWidget(self.nothing)  # until the folders have been read
        self._pages.addWidget(self.table)

        card = QFrame()
        card.setObjectName("card")
        inside = QVBoxLayout(card)
        inside.setContentsMargins(6, 2, 6, 6)
        inside.addLayout(self._pages)
        self.count = QLabel()
        self.count.setObjectName("caption")
        bar = QHBoxLayout()
        bar.setSpacing(8)
        bar.addWidget(self.count, 1)
        for action in (self.resume, self.rename, self.open_folder, self.delete):
            bar.addWidget(action_button(action))

        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(bar)
        layout.addWidget(card, 1)

    # Reading

    @Slot()
    def _read_if_wanted(self) -> None:
        if self._wanted != self._reader.request and not self._reader.isRunning():
            self._reader.request = self._wanted
            self._reader.start(QThread.Priority.LowPriority)

    @Slot()
    def _on_time(self) -> None:
        if not self._reader.isRunning():
            self.refresh()

    @Slot(int, list)
    def _on_listed(self, request: int, runs: list[RunSummary]) -> None:
        if request != self._wanted:
            return
        self._problem = ""
        self._model.show(runs)
        self._emit_selection()
        self._show_count()
        self.listed.emit(runs)

    @Slot(int, str)
    def _on_failed(self, request: int, reason: str) -> None:
        if request == self._wanted and reason != self._problem:
            self._problem = reason
            self.message.emit(
                self.tr("The runs in {} cannot be listed: {}.").format(self._folder, reason)
            )
        self._show_count()

    def _show_count(self) -> None:
        count = self._model.rowCount()
        self.count.setText(
            self.tr("{} cannot be read: {}").format(self._folder, self._problem)
            if self._problem
            else self.tr("1 run")
            if count == 1
            else self.tr("{} runs").format(count)
        )
        self.count.setToolTip(str(self._folder))
        self.nothing.setText(
            self.tr("No runs yet. Every run you start is kept here, with its curves.")
        )
        self._pages.setCurrentWidget(self.table if count else self.nothing)

    @Slot()
    def _emit_selection(self) -> None:
        runs = self.selected
        self._enable_actions(runs)
        if runs != self._selected:
            self._selected = runs
            self.selection_changed.emit(runs)

    def _enable_actions(self, runs: list[RunSummary]) -> None:
        states = [run.state for run in runs]
        one = len(runs) == 1
        whole = one and RunState.DAMAGED not in states
        running = RunState.RUNNING in states
        self.resume.setEnabled(one and states[0] in _RESUMABLE)
        self.rename.setEnabled(whole and not running)
        self.write_note.setEnabled(whole)
        self.open_folder.setEnabled(one)
        self.delete.setEnabled(bool(runs) and not running)
        busy = self.tr("A run cannot be renamed or deleted while it trains.")
        self.resume.setToolTip(self.tr("Continue a stopped, crashed or failed run."))
        self.rename.setToolTip(busy if running else self.tr("F2"))
        self.open_folder.setToolTip(self.tr("Show the run's files."))
        self.delete.setToolTip(busy if running else self.tr("Move the selected runs to the bin."))

    # Actions

    @Slot(QModelIndex)
    def _on_activated(self, index: QModelIndex) -> None:
        run = self._sorted.item(index)
        if index.column() == Column.NOTE and run.state is not RunState.DAMAGED:
            self._edit(run, Column.NOTE)
        elif self._is_there(run):
            self.opened.emit(run.path)

    @Slot()
    def _on_resume(self) -> None:
        run = self.selected[0]
        if self._is_there(run):
            self.resume_requested.emit(run.path)

    @Slot()
    def _on_rename(self) -> None:
        self._edit(self.selected[0], Column.NAME)

    @Slot()
    def _on_write_note(self) -> None:
        self._edit(self.selected[0], Column.NOTE)

    def _edit(self, run: RunSummary, column: Column) -> None:
        index = self._sorted.mapFromSource(self._model.index(self._model.items.index(run), column))
        if self.table.state() is not QAbstractItemView.State.EditingState:
            self.table.setFocus()
            self.table.scrollTo(index)
            self.table.edit(index)

    @Slot(object, int, str)
    def _on_edited(self, run: RunSummary, column: int, text: str) -> None:
        folder = RunFolder(run.path)
        try:
            if column == Column.NAME:
                changed = dataclasses.replace(run, path=folder.rename(text))
            else:
                folder.write_note(text)
                changed = dataclasses.replace(run, note=text)
        except RunFolderError as error:
            self.message.emit(str(error))
        else:
            self._model.replace(run, changed)
            self._emit_selection()
        self.refresh()

    @Slot()
    def _on_open_folder(self) -> None:
        run = self.selected[0]
        if self._is_there(run) and not QDesktopServices.openUrl(QUrl.fromLocalFile(str(run.path))):
            self.message.emit(
                self.tr("No file manager was found. The run is in {}.").format(run.path)
            )

    @Slot()
    def _on_delete(self) -> None:
        runs = self.selected
        if self._confirmed(runs):
            for run in runs:
                self._to_bin(run)
            self.refresh()

    def _confirmed(self, runs: list[RunSummary]) -> bool:
        box = QMessageBox(self)
        box.setIcon(QMessageBox.Icon.Question)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setText(
            self.tr("Move {} to the bin?").format(runs[0].name)
            if len(runs) == 1
            else self.tr("Move {} runs to the bin?").format(len(runs))
        )
        names = "\n".join(run.name for run in runs[:8]) + ("\n…" if len(runs) > 8 else "")
        what = self.tr(
            "Its weights, curves and checkpoint are moved, too, and can be restored from there."
        )
        box.setInformativeText(what if len(runs) == 1 else names)
        move = box.addButton(self.tr("Move to bin"), QMessageBox.ButtonRole.DestructiveRole)
        keep = box.addButton(self.tr("Keep"), QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(keep)
        box.exec()
        return box.clickedButton() is move

    def _to_bin(self, run: RunSummary) -> None:
        if not self._is_there(run):
            return
        if RunFolder(run.path).is_running():
            self.message.emit(self.tr("{} is training, so it was not deleted.").format(run.name))
            return
        with contextlib.suppress(OSError):  # without this folder Qt finds no bin on Linux
            place = QStandardPaths.StandardLocation.GenericDataLocation
            Path(QStandardPaths.writableLocation(place)).mkdir(parents=True, exist_ok=True)
        file = QFile(str(run.path))
        if not file.moveToTrash():
            self.message.emit(
                self.tr(
                    "{} could not be moved to the bin; its drive may have none ({})."
                    " Nothing was deleted. To delete it permanently, use Open folder."
                ).format(run.name, file.errorString())
            )

    def _is_there(self, run: RunSummary) -> bool:
        """Whether no other window or program has moved the run; if one has, the user is told."""
        if run.path.is_dir():
            return True
        self.message.emit(self.tr("{} is no longer there.").format(run.name))
        self.refresh()
        return False
