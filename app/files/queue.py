"""The queue: what is in it, what is analysed next, and when it is done."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from app.files.entry import Entry, State
from app.files.queue_model import QueueModel
from app.files.workers import Workers
from ml.batch.items import Item
from ml.batch.messages import Done, Job, Message, Progress
from ml.batch.options import BatchOptions

_TOLD_MS: Final = 100
"""After which a change is told."""


@dataclass(frozen=True)
class Plan:
    """How what waits is analysed."""

    options: BatchOptions
    out: Path
    """The folder of the recordings."""
    workers: int
    """Processes at once."""


class Queue(QObject):
    changed = Signal()
    """Anything at all. Many changes at once are told together."""
    rearranged = Signal()
    """What is in it, or the order."""
    recorded = Signal()
    """There is another recording."""

    def __init__(self, plan: Callable[[], Plan], parent: QObject | None = None) -> None:
        """``plan`` is asked when something is begun: a change holds for what waits."""
        super().__init__(parent)
        self.running = False
        self.model = QueueModel(self)
        self._plan = plan
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_TOLD_MS)
        self._soon.timeout.connect(self.changed)
        self._workers = Workers(self)
        self._workers.told.connect(self._on_told)
        self._workers.freed.connect(self._go_on)
        for moved in (self.model.rowsInserted, self.model.rowsRemoved, self.model.rowsMoved):
            moved.connect(self.rearranged)
            moved.connect(self._tell)

    @property
    def entries(self) -> Sequence[Entry]:
        return self.model.items

    @property
    def results(self) -> list[tuple[Item, Path]]:
        """What is done, with the folder of its recording."""
        done = ((entry.item, entry.recording) for entry in self.entries)
        return [(item, folder) for item, folder in done if folder is not None]

    def add(self, items: Iterable[Item]) -> list[str]:
        """Pictures join those of their folder. Returns why items were refused, in words."""
        refused = []
        new: list[Entry] = []
        sources = {(entry.item.kind, entry.source): entry for entry in self.entries}
        places = {entry.item.place: entry for entry in self.entries}
        for item in items:
            entry = Entry(item)
            there = sources.get((item.kind, entry.source))
            taken = places.get(item.place)
            if there is not None:
                if set(item.files) <= set(there.item.files):
                    self.repeat([there])  # it may have changed, or have other options now
                    continue
                if there.state is State.RUNNING:
                    text = self.tr("{} is being analysed; add more of it when that is done.")
                    refused.append(text.format(entry.source))
                else:
                    self._join(there, item)
            elif taken is not None:
                text = self.tr(
                    "The results of {} would be named as those of {}, which is in the queue. "
                    "Analyse them one after the other, into different folders."
                )
                refused.append(text.format(entry.source, taken.source))
            else:
                sources[item.kind, entry.source] = places[item.place] = entry
                new.append(entry)
        if new:
            self.model.add(new)
        self._go_on()
        return refused

    def remove(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            if entry.job is not None:
                self._workers.stop(entry.job)
        self.model.remove(entries)
        self._go_on()

    def repeat(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            if entry.finished:
                self._replace(entry, _waiting(entry))
        self._go_on()

    def clear_finished(self) -> None:
        self.model.remove([entry for entry in self.entries if entry.finished])

    def measured(self, item: Item, seconds: float | None) -> None:
        """A video's length was read."""
        entry = next((entry for entry in self.entries if entry.item is item), None)
        if entry is not None:
            self._replace(entry, replace(entry, seconds=seconds))

    def start(self) -> None:
        self.running = True
        self._go_on()
        self._tell()

    def stop(self) -> None:
        """What is being analysed waits again."""
        self.running = False
        self._workers.stop_all()
        for entry in self.entries:
            if entry.state is State.RUNNING:
                self._replace(entry, _waiting(entry))
        self._tell()

    @Slot()
    def plan_changed(self) -> None:
        """There may be more processes."""
        self._go_on()

    def shut_down(self) -> bool:
        """Returns whether all processes ended."""
        self.running = False
        self._soon.stop()
        return self._workers.shut_down()

    # While it runs

    @Slot()
    def _go_on(self) -> None:
        """Begin what there is room for; it has ended when nothing is left."""
        if not self.running:
            return
        plan = self._plan()
        while self._workers.has_room(plan.workers):
            entry = next((entry for entry in self.entries if entry.state is State.WAITING), None)
            if entry is None:
                break
            job = Job(entry.item, plan.out, plan.options)
            self._replace(entry, replace(entry, job=job, began=time.monotonic()))
            self._workers.start(job, plan.workers)
        if all(entry.finished for entry in self.entries):
            self.running = False
            self._workers.stop_all()
            self._tell()

    @Slot(object, object)
    def _on_told(self, job: Job, message: Message) -> None:
        entry = next((entry for entry in self.entries if entry.job is job), None)
        if entry is None:
            return
        told = replace(entry, spent=time.monotonic() - entry.began)
        if isinstance(message, Progress):
            self._replace(entry, replace(told, progress=message))
        else:
            self._replace(entry, replace(told, outcome=message))
            if isinstance(message, Done):
                self.recorded.emit()

    def _join(self, there: Entry, item: Item) -> None:
        """The pictures of ``item`` to those of ``there``; all are analysed together."""
        files = {*there.item.files, *item.files}
        in_order = sorted(files, key=lambda file: (file.name.casefold(), file))
        self._replace(there, Entry(replace(there.item, files=tuple(in_order))))
        self.rearranged.emit()

    @Slot()
    def _tell(self) -> None:
        if not self._soon.isActive():
            self._soon.start()

    def _replace(self, old: Entry, new: Entry) -> None:
        self.model.replace(old, new)
        self._tell()


def _waiting(entry: Entry) -> Entry:
    return Entry(entry.item, entry.seconds)
