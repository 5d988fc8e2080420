"""The queue is kept in a file, so that a program that was killed can go on with it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Any, Final

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from app.background import Background
from app.files.queue import Queue
from ml.batch.items import Item, Kind
from ml.files import replacing

_QUEUE_FILE: Final = "queue.json"
_SAVE_MS: Final = 1000
"""After a change; many at once are saved together."""


class Remembered(QObject):
    """Only what is in the queue; what became of it is in the recordings."""

    found = Signal(object)
    """The items of last time, as a list."""

    def __init__(self, beside: Path, queue: Queue, background: Background) -> None:
        """The file is beside the one at ``beside``."""
        super().__init__(queue)
        self._path = beside.with_name(_QUEUE_FILE)
        self._queue, self._background = queue, background
        self._saved: Sequence[Item] | None = None
        """None until it has been read: nothing is overwritten before."""
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_SAVE_MS)
        self._soon.timeout.connect(self.save)
        queue.changed.connect(self._on_changed)
        background.do(lambda: read_queue(self._path), self._on_read)

    @Slot()
    def save(self) -> None:
        """Now. A queue of which everything is finished is forgotten."""
        entries = self._queue.entries
        unfinished = any(not entry.finished for entry in entries)
        items = [entry.item for entry in entries] if unfinished else []
        if self._saved is not None and items != self._saved:
            self._saved = items
            self._background.do(lambda: write_queue(self._path, items), lambda *_: None)

    @Slot()
    def _on_changed(self) -> None:
        if not self._soon.isActive():
            self._soon.start()

    def _on_read(self, items: list[Item] | None, _: str) -> None:
        self._saved = items or []
        self.found.emit(self._saved)


def write_queue(path: Path, items: Sequence[Item]) -> None:
    """Raises OSError."""
    if not items:
        path.unlink(missing_ok=True)
        return
    values = [
        {"kind": item.kind, "files": list(map(str, item.files)), "place": str(item.place)}
        for item in items
    ]
    with replacing(path) as file:
        file.write(json.dumps(values).encode())


def read_queue(path: Path) -> list[Item]:
    """What ``write_queue`` wrote; without what is not right. Raises OSError."""
    try:
        values = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError, RecursionError):
        return []
    items = map(_item, values if isinstance(values, list) else [])
    return [item for item in items if item is not None]


def _item(values: Any) -> Item | None:  # noqa: ANN401 - anything may be in the file
    match values:
        case {"kind": str(kind), "files": [*files], "place": str(place)} if (
            kind in set(Kind)
            and files
            and all(isinstance(file, str) and Path(file).is_absolute() for file in files)
            and (kind == Kind.PICTURES or len(files) == 1)
            and _is_below(PurePath(place))
        ):
            return Item(Kind(kind), tuple(map(Path, files)), PurePath(place))
    return None


def _is_below(place: PurePath) -> bool:
    """Whether it is in the folder that it is given relative to."""
    return bool(place.parts) and not place.anchor and ".." not in place.parts
