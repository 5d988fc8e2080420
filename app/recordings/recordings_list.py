"""The list page of the Recordings tab: search, and what can be done with a recording."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import Qt, QTimer, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices, QKeySequence, QShowEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from app.background import Background
from app.elided_label import ElidedLabel
from app.listing.actions import action_button, list_action
from app.live.recording.folders import recordings_folder
from app.recordings.deleting import Deleting
from app.recordings.exporting import Exporting
from app.recordings.recordings_model import Column, RecordingsModel, SortedRecordings
from app.recordings.recordings_table import RecordingsTable
from app.recordings.work import add_note, find_video, list_recordings, prepare_reading
from app.settings import RECORDINGS_FOLDER, Settings
from ml.recording.exports.kinds import KINDS
from ml.recording.folders import rename_recording
from ml.recording.found import Found

_GROWING_MS: Final = 5000
"""After which a recording that is being made is read again."""


class RecordingsList(QWidget):
    open_requested = Signal(object)
    """The Path of a recording's folder."""
    compare_requested = Signal(object, object)
    """Two of them."""
    replay_requested = Signal(object)
    """The Path of a video that is to be the live tab's source."""
    message = Signal(str, bool)
    """For the user, and whether it is serious; an empty one clears the last."""

    def __init__(self, settings: Settings, background: Background, exports: Background) -> None:
        """``exports`` can take long; nothing else waits behind them."""
        super().__init__()
        self._settings, self._background = settings, background
        self._model = RecordingsModel(self)
        self._sorted = SortedRecordings(self._model, self)
        self._reading = self._outdated = False
        self._failure = ""
        """Why the folder cannot be read."""
        self.deleting = Deleting(background, self)
        self.exporting = Exporting(exports, self)
        self._growing = QTimer(self)
        self._growing.setSingleShot(True)
        self._growing.setInterval(_GROWING_MS)
        self._build_actions()
        self._build()
        self._growing.timeout.connect(self._on_time)
        self._model.edited.connect(self._on_edited)
        self.deleting.message.connect(self.message)
        self.deleting.changed.connect(self.refresh)
        self.exporting.message.connect(self.message)
        self.search.textChanged.connect(self._on_search)
        self.table.doubleClicked.connect(self.open.trigger)
        self.table.selectionModel().selectionChanged.connect(self._show_choice)
        self._show_choice()

    @property
    def folder(self) -> Path:
        return recordings_folder(self._settings)

    @Slot()
    def refresh(self) -> None:
        """Read the folder again; once after all changes that come while it is read."""
        self._outdated = self._reading
        if self._reading:
            return
        self._reading = True
        folder = self.folder
        self.place.set_text(str(folder))
        self._background.do(lambda: list_recordings(folder), self._on_listed)

    def refresh_theme(self) -> None:
        self.table.refresh_theme()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()
        self._background.do(prepare_reading, lambda *_: None)

    # Building

    def _build_actions(self) -> None:
        self.open = list_action(self, self.tr("Open"), self._on_open)
        self.open.setShortcuts([QKeySequence("Return"), QKeySequence("Enter")])
        # Enter ends what is entered in a cell, too.
        self.open.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self.compare = list_action(self, self.tr("Compare"), self._on_compare)
        self.replay = list_action(self, self.tr("Use as source"), self._on_replay)
        self.rename = list_action(self, self.tr("Rename"), self._on_rename, "F2")
        self.write_note = list_action(self, self.tr("Edit note"), self._on_write_note)
        self.open_folder = list_action(self, self.tr("Show in folder"), self._on_open_folder)
        self.delete = list_action(self, self.tr("Delete…"), self._on_delete, "Del")
        self.reload = list_action(self, self.tr("Refresh"), self.refresh, "F5")
        self.export = QMenu(self.tr("Export…"), self)
        for name, kind in KINDS.items():
            self.export.addAction(kind.title).triggered.connect(
                lambda _=False, name=name: self._on_export(name)
            )

    def _build(self) -> None:
        self.table = RecordingsTable(self._sorted)
        first = [self.open, self.compare, self.replay]
        last = [self.rename, self.write_note, self.open_folder, self.delete, self.reload]
        self.table.addActions([*first, self.export.menuAction(), *last])
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Search"))
        self.search.setAccessibleName(self.tr("Search in names, sources and notes"))
        self.search.setClearButtonEnabled(True)
        self.search.setFixedWidth(220)
        self.place = ElidedLabel()
        self.place.setObjectName("caption")
        choose = QPushButton(self.tr("Choose folder…"))
        choose.clicked.connect(self._on_choose)
        self.nothing = QLabel()
        self.nothing.setObjectName("caption")
        self.nothing.setTextFormat(Qt.TextFormat.PlainText)
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.nothing.setWordWrap(True)
        self.nothing.setMargin(24)
        self._pages = QStackedLayout()
        self._pages.addWidget(self.nothing)  # until the folder has been read
        self._pages.addWidget(self.table)
        card = QFrame()
        card.setObjectName("card")
        inside = QVBoxLayout(card)
        inside.setContentsMargins(6, 2, 6, 6)
        inside.addLayout(self._pages)
        self.problem = QLabel()
        self.problem.setObjectName("caption")
        self.problem.setWordWrap(True)
        self.problem.setTextFormat(Qt.TextFormat.PlainText)

        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self.search)
        top.addWidget(self.place, 1)
        top.addWidget(choose)
        self.export_button = QPushButton(self.export.title())
        self.export_button.setMenu(self.export)
        bar = QHBoxLayout()
        bar.setSpacing(8)
        for action in first:
            bar.addWidget(action_button(action))
        bar.addWidget(self.export_button)
        bar.addStretch(1)
        for action in (self.rename, self.write_note, self.open_folder, self.delete):
            bar.addWidget(action_button(action))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(top)
        layout.addWidget(card, 1)
        layout.addWidget(self.problem)
        layout.addLayout(bar)

    # Showing

    def _on_listed(self, recordings: list[Found] | None, failure: str) -> None:
        self._reading = False
        self._failure = failure
        self._model.show(recordings or [])
        self._show_page()
        if any(found.growing for found in self._model.items):
            self._growing.start()
        if self._outdated:
            self.refresh()

    @Slot()
    def _on_time(self) -> None:
        if self.isVisible():
            self.refresh()

    @Slot(str)
    def _on_search(self, text: str) -> None:
        self._sorted.setFilterFixedString(text)
        self._show_page()

    def _show_page(self) -> None:
        if self._failure:
            self.nothing.setText(self._failure)
        elif not self._model.items:
            self.nothing.setText(
                self.tr(
                    "No recordings yet. In the live tab, press Record while somebody is in view: "
                    "what is seen is kept here, on this computer, as data, and as video only if "
                    "you ask for one."
                )
            )
        else:
            self.nothing.setText(self.tr("No recording has “{}” in it.").format(self.search.text()))
        self._pages.setCurrentIndex(1 if self._sorted.rowCount() else 0)
        self._show_choice()

    @Slot()
    def _show_choice(self) -> None:
        chosen = self.table.chosen
        abouts = [found.about for found in chosen if found.about is not None]
        sound = bool(chosen) and len(abouts) == len(chosen)
        one = len(chosen) == 1
        growing = any(found.growing for found in chosen)
        self.open.setEnabled(one and sound)
        self.compare.setEnabled(len(chosen) == 2 and sound)
        self.replay.setEnabled(one and sound and abouts[0].video is not None and not growing)
        self.rename.setEnabled(one and not growing)
        self.write_note.setEnabled(one and not chosen[0].problem)
        self.open_folder.setEnabled(one)
        self.delete.setEnabled(bool(chosen) and not growing)
        self.export_button.setEnabled(sound)
        self.export.menuAction().setEnabled(sound)
        busy = self.tr("A recording cannot be renamed or deleted while it is made.")
        self.compare.setToolTip(self.tr("Show two selected recordings, one above the other."))
        self.replay.setToolTip(
            self.tr("Play the video in the live tab, to analyse it again with other options.")
        )
        self.rename.setToolTip(busy if growing else self.tr("F2"))
        self.delete.setToolTip(
            busy if growing else self.tr("Move the selected recordings to the bin.")
        )
        self.problem.setText(next((found.problem for found in chosen if found.problem), ""))
        self.problem.setVisible(bool(self.problem.text()))

    # What the user does

    @Slot()
    def _on_open(self) -> None:
        self.open_requested.emit(self.table.chosen[0].folder)

    @Slot()
    def _on_compare(self) -> None:
        first, second = self.table.chosen
        self.compare_requested.emit(first.folder, second.folder)

    @Slot()
    def _on_replay(self) -> None:
        folder = self.table.chosen[0].folder
        self._do(lambda: find_video(folder), self.replay_requested.emit)

    @Slot()
    def _on_rename(self) -> None:
        self.table.edit_cell(Column.NAME)

    @Slot()
    def _on_write_note(self) -> None:
        self.table.edit_cell(Column.NOTE)

    @Slot()
    def _on_open_folder(self) -> None:
        folder = self.table.chosen[0].folder
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
            text = self.tr("No file manager was found. The recording is in {}.")
            self.message.emit(text.format(folder), True)

    @Slot()
    def _on_choose(self) -> None:
        folder = QFileDialog.getExistingDirectory(
            self, self.tr("Folder of the recordings"), str(self.folder)
        )
        if folder:
            self._settings.set(RECORDINGS_FOLDER, folder)
            self.refresh()

    @Slot(object, int, str)
    def _on_edited(self, found: Found, column: int, text: str) -> None:
        def show(folder: Path) -> None:
            self._model.replace(found, dataclasses.replace(found, folder=folder))

        if column == Column.NAME:
            self._do(lambda: rename_recording(found.folder, text), show)
        else:
            self._do(lambda: add_note(found.folder, text), lambda _: None)

    @Slot()
    def _on_delete(self) -> None:
        self.deleting.delete([found.folder for found in self.table.chosen])

    def _on_export(self, kind: str) -> None:
        folders = [found.folder for found in self.table.chosen]
        self.exporting.export(folders, kind, self.folder)

    def _do(self, work: Callable[[], Any], succeeded: Callable[[Any], object]) -> None:
        """And list the recordings anew, whether it succeeded or not."""

        def then(result: object, failure: str) -> None:
            self.message.emit(failure, True)
            if not failure:
                succeeded(result)
            self.refresh()

        self._background.do(work, then)
