"""The queue as a table, and what can be done with its rows."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.files.previews import Previews
from app.files.queue import Queue
from app.files.queue_table import QueueTable
from app.listing.actions import action_button, list_action

_MOST_LINES = 4
"""Of a result with many problems; the tool tip has all."""


class QueuePanel(QWidget):
    open_requested = Signal(object, float, int)
    """The Path of a recording's folder; a time in it in seconds, and a person, or 0."""

    def __init__(self, queue: Queue, previews: Previews) -> None:
        super().__init__()
        self._queue = queue
        self.table = QueueTable(queue.model, previews)
        self._build_actions()
        self._build()
        self.table.chosen_changed.connect(self._show_choice)
        self.table.doubleClicked.connect(self.open.trigger)
        queue.changed.connect(self._show_choice)
        queue.rearranged.connect(self._show_choice)
        self._show_choice()

    def refresh_theme(self) -> None:
        self.table.refresh_theme()

    def _build_actions(self) -> None:
        self.open = list_action(self, self.tr("Open"), self._on_open)
        self.open.setShortcuts([QKeySequence("Return"), QKeySequence("Enter")])
        self.again = list_action(self, self.tr("Again"), self._on_again)
        self.up = list_action(self, self.tr("Move up"), self._on_up, "Alt+Up")
        self.down = list_action(self, self.tr("Move down"), self._on_down, "Alt+Down")
        self.remove = list_action(self, self.tr("Remove"), self._on_remove, "Del")
        self.clear = list_action(self, self.tr("Clear finished"), self._queue.clear_finished)
        self.open.setToolTip(self.tr("Show the recording in the Recordings tab."))
        self.again.setToolTip(
            self.tr("Analyse the selected files again; what has not changed stays as it is.")
        )
        self.remove.setToolTip(
            self.tr("Take the selected files off the queue. Files and recordings stay.")
        )
        self.clear.setToolTip(self.tr("Take what is done or failed off the queue."))

    def _build(self) -> None:
        actions = [self.open, self.again, self.up, self.down, self.remove, self.clear]
        self.table.addActions(actions)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        card = QFrame()
        card.setObjectName("card")
        inside = QVBoxLayout(card)
        inside.setContentsMargins(6, 2, 6, 6)
        inside.addWidget(self.table)
        self.reason = QLabel()
        self.reason.setObjectName("caption")
        self.reason.setWordWrap(True)
        self.reason.setTextFormat(Qt.TextFormat.PlainText)
        self.reason.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        bar = QHBoxLayout()
        bar.setSpacing(8)
        for action in actions:
            button = action_button(action)
            button.setObjectName("compact")
            bar.addWidget(button)
        bar.addStretch()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(card, 1)
        layout.addWidget(self.reason)
        layout.addLayout(bar)

    @Slot()
    def _show_choice(self) -> None:
        rows, chosen = self.table.rows, self.table.chosen
        self.open.setEnabled(len(chosen) == 1 and chosen[0].recording is not None)
        self.again.setEnabled(any(entry.finished for entry in chosen))
        self.up.setEnabled(bool(rows) and rows != list(range(len(rows))))
        last = len(self._queue.entries)
        self.down.setEnabled(bool(rows) and rows != list(range(last - len(rows), last)))
        self.remove.setEnabled(bool(chosen))
        self.clear.setEnabled(any(entry.finished for entry in self._queue.entries))
        text = ""
        if len(chosen) == 1:
            text = chosen[0].reason or self._queue.model.note(chosen[0])
        lines = text.splitlines()
        if len(lines) > _MOST_LINES:
            lines = [*lines[: _MOST_LINES - 1], self.tr("and {} more").format(len(lines) - 3)]
        self.reason.setText("\n".join(lines))
        self.reason.setVisible(bool(lines))

    # What the user does

    @Slot()
    def _on_open(self) -> None:
        for entry in self.table.chosen[:1]:
            if entry.recording is not None:
                self.open_requested.emit(entry.recording, 0.0, 0)

    @Slot()
    def _on_again(self) -> None:
        self._queue.repeat(self.table.chosen)

    @Slot()
    def _on_remove(self) -> None:
        self._queue.remove(self.table.chosen)

    @Slot()
    def _on_up(self) -> None:
        rows = self.table.rows
        self._queue.model.move(rows, max(rows[0] - 1, 0))
        self.table.scrollTo(self._queue.model.index(self.table.rows[0], 0))

    @Slot()
    def _on_down(self) -> None:
        rows = self.table.rows
        self._queue.model.move(rows, min(rows[-1] + 2, len(self._queue.entries)))
        self.table.scrollTo(self._queue.model.index(self.table.rows[-1], 0))
