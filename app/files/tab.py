"""The Files tab: what is added, the queue and its options, Start and Stop, the faces found."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QMimeData, Qt, Signal, Slot
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QStackedLayout,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from app.background import Background
from app.duration import duration
from app.files.drop_target import DropTarget
from app.files.entry import Entry, State
from app.files.estimate import time_left
from app.files.gallery.gallery import Gallery
from app.files.left_out import LeftOutDialog, told
from app.files.options_card import OptionsCard
from app.files.previews import Previews
from app.files.queue import Queue
from app.files.queue_panel import QueuePanel
from app.files.remembered import Remembered
from app.message_bar import MessageBar
from app.settings import Settings
from ml.vision.file_names import patterns

if TYPE_CHECKING:
    from ml.batch.finding import Found, LeftOut
    from ml.batch.items import Item
    from ml.batch.messages import Job

_OPTIONS_WIDTH: Final = 276
_MOST_REFUSED: Final = 2
"""Reasons that are told; the window has room for more, but they are all alike."""


class FilesTab(QWidget):
    open_requested = Signal(object, float, int)
    """The Path of a recording's folder; a time in it in seconds, and a person, or 0."""
    recorded = Signal()
    """There is another recording."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.setAcceptDrops(True)
        self._background = Background(self)
        self._saving = Background(self)
        """Of summaries, which do not wait until files have been found."""
        self._closed = threading.Event()
        self._searches = 0
        """That have not found everything yet."""
        self._left_out: Sequence[LeftOut] = ()
        self._results: list[tuple[Item, Path]] = []
        """That the gallery has."""
        self.previews = Previews(self)
        self.options = OptionsCard(settings)
        self.queue = Queue(lambda: self.options.plan, self)
        self.remembered = Remembered(settings.path, self.queue, self._background)
        self.panel = QueuePanel(self.queue, self.previews)
        self.gallery = Gallery()
        self._build()
        self._connect()
        self._show_page()

    # For the rest of the program

    def add(self, paths: Sequence[Path]) -> None:
        """Find what there is in ``paths``, and put it in the queue."""
        kinds, results = self.options.wanted, self.options.out

        def work() -> Found:
            from ml.batch.finding import find  # OpenCV takes long to import

            return find(paths, kinds, results, give_up=self._closed.is_set)

        self._searches += 1
        self._say("")
        self._show_summary()
        self._background.do(work, self._on_found)

    def shut_down(self) -> bool:
        """Stop all threads and processes; returns whether they ended in time."""
        self._closed.set()
        self.remembered.save()
        parts = (self.queue, self.gallery, self.previews, self._background, self._saving)
        ended = [part.shut_down() for part in parts]
        return all(ended)

    def refresh_theme(self) -> None:
        self.panel.refresh_theme()
        self.gallery.refresh_theme()

    # Building

    def _build(self) -> None:
        self.add_files = self._adding(self.tr("Add files…"), self._on_add_files)
        self.add_folder = self._adding(self.tr("Add folder…"), self._on_add_folder)
        self.drop = DropTarget(
            self._adding(self.tr("Add files…"), self._on_add_files),
            self._adding(self.tr("Add folder…"), self._on_add_folder),
        )
        self.progress = QProgressBar()
        self.progress.setRange(0, 1000)
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(6)
        self.progress.setAccessibleName(self.tr("Progress of the whole queue"))
        self.summary = QLabel()
        self.summary.setObjectName("caption")
        self.button = QPushButton()
        self.button.setObjectName("primary")
        self.message = MessageBar()
        self.details = QPushButton(self.tr("Details…"))
        self.details.clicked.connect(self._on_details)
        self.details.hide()

        how_far = QVBoxLayout()
        how_far.setSpacing(5)
        how_far.addStretch()
        how_far.addWidget(self.summary)
        how_far.addWidget(self.progress)
        how_far.addStretch()
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self.add_files)
        top.addWidget(self.add_folder)
        top.addSpacing(8)
        top.addLayout(how_far, 1)
        top.addSpacing(8)
        top.addWidget(self.button)
        told = QHBoxLayout()
        told.setSpacing(8)
        told.addWidget(self.message, 1)
        told.addWidget(self.details)
        self._pages = QStackedLayout()
        self._pages.addWidget(self.drop)
        self._pages.addWidget(self.panel)
        scroll = QScrollArea()
        scroll.setWidget(self.options)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFixedWidth(_OPTIONS_WIDTH)
        queue = QWidget()
        beside = QHBoxLayout(queue)
        beside.setContentsMargins(0, 0, 0, 0)
        beside.setSpacing(12)
        beside.addLayout(self._pages, 1)
        beside.addWidget(scroll)
        self.pages = QTabWidget()
        self.pages.setDocumentMode(True)
        self.pages.tabBar().setDrawBase(False)
        for page, name in ((queue, self.tr("Queue")), (self.gallery, self.tr("Faces"))):
            page.setContentsMargins(0, 8, 0, 0)
            self.pages.addTab(page, name)
        self.save_summary = QPushButton(self.tr("Save summary…"))
        self.save_summary.setObjectName("compact")
        self.save_summary.setToolTip(
            self.tr("Write a csv file with a row for each file and person that was analysed.")
        )
        self.save_summary.clicked.connect(self._on_save_summary)
        self.pages.setCornerWidget(self.save_summary)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 10, 14, 6)
        layout.setSpacing(10)
        layout.addLayout(top)
        layout.addLayout(told)
        layout.addWidget(self.pages, 1)

    def _connect(self) -> None:
        self.button.clicked.connect(self._on_button)
        self.options.changed.connect(self.queue.plan_changed)
        self.panel.open_requested.connect(self.open_requested)
        self.gallery.open_requested.connect(self.open_requested)
        self.previews.measured.connect(self.queue.measured)
        self.remembered.found.connect(self._add_items)
        self.queue.recorded.connect(self.recorded)
        self.queue.changed.connect(self._show_summary)
        self.queue.changed.connect(self._show_results)
        self.queue.rearranged.connect(self._show_page)

    # Adding

    @Slot()
    def _on_add_files(self) -> None:
        kinds = self.tr("Videos and pictures ({});;All files (*)").format(patterns())
        title = self.tr("Add videos and pictures")
        files, _ = QFileDialog.getOpenFileNames(self, title, filter=kinds)
        if files:
            self.add([Path(file) for file in files])

    @Slot()
    def _on_add_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, self.tr("Add a folder"))
        if folder:
            self.add([Path(folder)])

    @Slot()
    def _on_save_summary(self) -> None:
        name, _ = QFileDialog.getSaveFileName(
            self, self.tr("Save the summary"), "summary.csv", self.tr("csv (*.csv);;All files (*)")
        )
        if name:
            path = Path(name)
            jobs = [e.job for e in self.queue.entries if e.job is not None and e.recording]
            self._saving.do(partial(_write_summary, jobs, path), self._on_summary_saved)

    def _on_summary_saved(self, path: Path | None, failure: str) -> None:
        saved = self.tr("The summary was saved as {}.").format(path)
        self._say(failure or saved, serious=bool(failure))

    def _on_found(self, found: Found | None, failure: str) -> None:
        self._searches -= 1
        self._show_summary()
        if found is None:
            self._say(failure)
            return
        refused = self._add_items(found.items)
        if refused:
            more = len(refused) - _MOST_REFUSED
            if more > 0:
                refused = [*refused[:_MOST_REFUSED], self.tr("and {} more").format(more)]
            self._say("\n".join(refused))
        elif not found.items and not found.left_out:
            self._say(self.tr("There are no such files in what was added."), serious=False)
        else:
            self._say_left_out(found.left_out)

    @Slot(object)
    def _add_items(self, items: Sequence[Item]) -> list[str]:
        """Returns why items were refused."""
        refused = self.queue.add(items)
        self.previews.measure(items)
        return refused

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _paths(event.mimeData()):
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
            self.drop.show_dragged(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.drop.show_dragged(False)
        super().dragLeaveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        self.drop.show_dragged(False)
        event.setDropAction(Qt.DropAction.CopyAction)  # the files stay where they are
        event.accept()
        self.add(_paths(event.mimeData()))

    # Showing

    @Slot()
    def _show_page(self) -> None:
        filled = bool(self.queue.entries)
        self._pages.setCurrentWidget(self.panel if filled else self.drop)
        self.add_files.setVisible(filled)
        self.add_folder.setVisible(filled)
        self.pages.tabBar().setVisible(filled)
        if not filled:
            self.pages.setCurrentIndex(0)
        self._show_summary()

    @Slot()
    def _show_results(self) -> None:
        results = self.queue.results
        if results != self._results:
            self._results = results
            self.gallery.show_results(results)

    @Slot()
    def _show_summary(self) -> None:
        entries, running = self.queue.entries, self.queue.running
        begun = any(entry.finished for entry in entries)
        waiting = any(entry.state is State.WAITING for entry in entries)
        go_on = self.tr("Go on") if begun and waiting else self.tr("Start")
        self.button.setText(self.tr("Stop") if running else go_on)
        self.button.setEnabled(running or waiting)
        self.button.setProperty("running", running)
        self.button.style().polish(self.button)
        self.progress.setVisible(running or begun)
        self.save_summary.setVisible(any(entry.recording is not None for entry in entries))
        if entries:
            done = sum(entry.fraction for entry in entries) / len(entries)
            self.progress.setValue(int(done * self.progress.maximum()))
        self.summary.setText(" · ".join(self._told(entries)))

    def _told(self, entries: Sequence[Entry]) -> Iterable[str]:
        """What there is to say of the queue, in short."""
        if self._searches:
            yield self.tr("Looking for files…")
        if not entries:
            return
        done = sum(entry.state is State.DONE for entry in entries)
        if self.queue.running or any(entry.finished for entry in entries):
            yield self.tr("{} of {} analysed").format(done, len(entries))
        else:
            yield self.tr("{} to analyse").format(len(entries))
        failed = sum(entry.state is State.FAILED for entry in entries)
        if failed:
            yield self.tr("{} failed").format(failed)
        left = time_left(entries, self.options.plan.workers) if self.queue.running else None
        if left is not None:
            text = self.tr("about {} left") if left.whole else self.tr("more than {} left")
            yield text.format(duration(left.seconds))

    def _say(self, text: str, serious: bool = True, left_out: Sequence[LeftOut] = ()) -> None:
        self.message.say(text, serious)
        self._left_out = left_out
        self.details.setVisible(bool(left_out))

    def _say_left_out(self, left_out: Sequence[LeftOut]) -> None:
        serious = any(one.serious for one in left_out)
        self._say(told(left_out), serious, left_out if len(left_out) > 1 else ())

    @Slot()
    def _on_details(self) -> None:
        LeftOutDialog(self._left_out, self).open()

    @Slot()
    def _on_button(self) -> None:
        if self.queue.running:
            self.queue.stop()
        else:
            self._say("")
            self.queue.start()
        self._show_summary()

    def _adding(self, text: str, slot: object) -> QPushButton:
        button = QPushButton(text)
        button.clicked.connect(slot)
        return button


def _paths(data: QMimeData) -> list[Path]:
    """Of the files among what is dragged."""
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]


def _write_summary(jobs: Sequence[Job], path: Path) -> Path:
    """In the background. Raises ValueError."""
    from ml.batch.summary import write_summary

    try:
        problems = write_summary(jobs, path)
    except OSError as error:
        raise ValueError(
            f"{path} cannot be written: {error.strerror or error}. Choose another place."
        ) from error
    if problems:
        raise ValueError("\n".join(problems[:_MOST_REFUSED]))
    return path
