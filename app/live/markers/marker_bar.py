"""The bar below the picture that sets markers, by mouse or keys."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QFocusEvent, QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QPushButton

from app.duration import clock_time
from app.live.consumer_base import CaptureTimer, Consumer, Live
from app.live.markers.key_button import KeyButton
from app.live.markers.labels import MOST, Label, read_labels, write_labels
from app.live.markers.labels_dialog import LabelsDialog
from app.live.session import State

_REFRESH_MS: Final = 250
_NOTE_MS: Final = 15_000
"""Without a key press, after which a note is taken as it is."""
_ELSEWHERE: Final = (Qt.FocusReason.ActiveWindowFocusReason, Qt.FocusReason.PopupFocusReason)
"""Why the note field loses the focus though it is still being typed into."""


class MarkerBar(QFrame, Consumer):
    """Shown while a source is captured."""

    def __init__(self, live: Live) -> None:
        super().__init__()
        self._session, self._settings = live.session, live.settings
        self._markers, self._view = live.markers, live.view
        self.dialog: LabelsDialog | None = None
        """Open while it asks."""
        self._labels: list[Label] = []
        self._build()
        self._waiting = QTimer(self)
        self._waiting.setSingleShot(True)
        self._waiting.setInterval(_NOTE_MS)
        self._waiting.timeout.connect(live.markers.finish_note)
        timer = CaptureTimer(live.session, _REFRESH_MS, self)
        timer.timeout.connect(self._show_running)
        self._shortcut("M", self.mark)
        for key in range(1, MOST + 1):
            self._shortcut(str(key), partial(self.press, key))
        live.markers.changed.connect(self._on_markers)
        live.session.state_changed.connect(self._on_state)
        live.below.addWidget(self)
        self.hide()

    def _build(self) -> None:
        self.moment = QPushButton(self.tr("Marker (M)"))
        self.moment.setToolTip(self.tr("Mark this moment; a note can be typed afterwards."))
        self.moment.clicked.connect(self.mark)
        self.caption = QLabel()
        self.caption.setObjectName("caption")
        self.note = _NoteField()
        self.note.setPlaceholderText(self.tr("Note: Enter keeps it, Esc leaves it out"))
        self.note.setAccessibleName(self.tr("Note of the marker"))
        self.note.setObjectName("compact")
        self.note.returnPressed.connect(self._markers.finish_note)
        self.note.left.connect(self._markers.finish_note)
        self.note.left_out.connect(self._drop_note)
        self.note.textEdited.connect(self._on_note)
        self.keys = [KeyButton(key) for key in range(1, MOST + 1)]
        self.choose = QPushButton(self.tr("Labels…"))
        self.choose.setToolTip(self.tr("Choose what the keys 1 to 9 mark."))
        self.choose.clicked.connect(self._ask)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.moment)
        layout.addWidget(self.caption)
        layout.addWidget(self.note, 1)
        for button in self.keys:
            button.clicked.connect(partial(self.press, button.key))
            layout.addWidget(button)
        layout.addStretch()
        layout.addWidget(self.choose)
        for other in (self.moment, self.choose):
            other.setObjectName("compact")
            other.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.caption.hide()
        self.note.hide()
        self._show_labels()

    def _shortcut(self, key: str, slot: Callable[[], None]) -> None:
        shortcut = QShortcut(QKeySequence(key), self)
        shortcut.setContext(Qt.ShortcutContext.WindowShortcut)
        shortcut.setAutoRepeat(False)  # a key held down would set many
        shortcut.activated.connect(slot)

    # What the user does

    @Slot()
    def mark(self) -> None:
        """A marker at the newest observation, and a field for its note."""
        self._markers.mark_to_note()
        marker = self._markers.noted
        if marker is not None:
            self.caption.setText(self.tr("Marker at {}").format(clock_time(marker.time)))
            self.note.clear()
            self._show_note(True)
            self.note.setFocus()
            self._waiting.start()

    def press(self, key: int) -> None:
        """The key from 1 to 9."""
        label = self._labels[key - 1]
        if not label.text:
            self._session.message.emit(
                self.tr("The key {} has no label yet: choose one with “Labels…”.").format(key),
                False,
            )
        elif label.interval:
            self._markers.toggle(label.text)
        else:
            self._markers.mark(label.text)

    @Slot(str)
    def _on_note(self, text: str) -> None:
        self._markers.note(text)
        self._waiting.start()

    @Slot()
    def _drop_note(self) -> None:
        self._markers.note("")
        self._markers.finish_note()

    @Slot()
    def _ask(self) -> None:
        if self.dialog is None:
            self.dialog = LabelsDialog(self._labels, self)
            self.dialog.finished.connect(self._on_answered)
            self.dialog.open()

    @Slot(int)
    def _on_answered(self, accepted: int) -> None:
        dialog, self.dialog = self.dialog, None
        if dialog is not None:
            if accepted:
                write_labels(self._settings, dialog.labels)
                # No key would end them any more.
                self._markers.end_all_but([x.text for x in dialog.labels if x.interval])
                self._show_labels()
            dialog.deleteLater()

    # Showing

    @Slot(object)
    def _on_state(self, state: State) -> None:
        self.setVisible(state in (State.RUNNING, State.LOST))

    @Slot()
    def _on_markers(self) -> None:
        if self._markers.noted is None and not self.note.isHidden():
            typed = self.note.hasFocus()
            self._show_note(False)
            self._waiting.stop()
            if typed:
                self._view.setFocus()
        self._show_running()

    def _show_note(self, shown: bool) -> None:
        self.caption.setVisible(shown)
        self.note.setVisible(shown)
        for button in (self.moment, self.choose):
            button.setVisible(not shown)
        self._show_labels()

    def _show_labels(self) -> None:
        noting = not self.note.isHidden()
        self._labels = read_labels(self._settings)
        for button, label in zip(self.keys, self._labels, strict=True):
            button.setVisible(bool(label.text) and not noting)
            button.setToolTip(
                self.tr("{}: press {} to begin it, and again to end it").format(
                    label.text, button.key
                )
                if label.interval
                else self.tr("{}: press {} to mark this moment").format(label.text, button.key)
            )
        self._show_running()

    @Slot()
    def _show_running(self) -> None:
        now = self._markers.now
        for button, label in zip(self.keys, self._labels, strict=True):
            begun = self._markers.running.get(label.text) if label.interval else None
            seconds = int(now - begun.time) if begun is not None and now is not None else None
            lasted = clock_time(seconds).removesuffix(".0") if seconds is not None else ""
            button.show_label(label.text, lasted)


class _NoteField(QLineEdit):
    left_out = Signal()
    """By Esc."""
    left = Signal()
    """For another part of the window."""

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() not in _ELSEWHERE:
            self.left.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.left_out.emit()
        else:
            super().keyPressEvent(event)
