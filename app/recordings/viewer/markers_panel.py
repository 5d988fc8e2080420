"""Markers and excluded times in a list: added at the moment that is shown, changed, deleted."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from PySide6.QtCore import QSignalBlocker, Qt, Slot
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QGridLayout,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
)

from app.duration import clock_time
from app.recordings.viewer.edits import Edits
from app.recordings.viewer.shown import Shown
from ml.recording.corrections import Excluded
from ml.recording.marker import Marker

_LABEL: Final = 1
_ENTRY: Final = Qt.ItemDataRole.UserRole


class MarkersPanel(QFrame):
    def __init__(self, shown: Shown, edits: Edits) -> None:
        super().__init__()
        self.setObjectName("card")
        self._shown, self._edits = shown, edits
        self._from: float | None = None
        """Where the time that is being chosen begins; None if none is."""
        self.add = QPushButton(self.tr("Marker (M)"))
        self.begin = QPushButton()
        self.interval = QPushButton(self.tr("Mark it"))
        self.exclude = QPushButton(self.tr("Exclude for all"))
        self.exclude_person = QPushButton(self.tr("Exclude for person"))
        self.delete = QPushButton(self.tr("Delete"))
        self.begin.setToolTip(
            self.tr("Then go to the end of that time, and mark it or exclude it (I).")
        )
        self.exclude.setToolTip(self.tr("Left out of summaries and exports; the data stay."))
        self.exclude_person.setToolTip(self.exclude.toolTip())
        buttons = QGridLayout()
        buttons.setSpacing(4)
        for place, button in enumerate(
            (self.add, self.begin, self.interval, self.exclude, self.exclude_person, self.delete)
        ):
            button.setObjectName("compact")
            buttons.addWidget(button, place // 2, place % 2)
        self.table = QTableWidget(0, 3)
        self.table.setHorizontalHeaderLabels([self.tr("Time"), self.tr("Label"), self.tr("Note")])
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.verticalHeader().hide()
        header = self.table.horizontalHeader()
        for column, text in enumerate(("0:00.0–0:00.0", self.tr("excluded"))):
            width = self.fontMetrics().horizontalAdvance(text) + 14
            self.table.setColumnWidth(column, width)
        header.setStretchLastSection(True)
        self.table.setAccessibleName(self.tr("Markers and excluded times"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.setSpacing(6)
        layout.addLayout(buttons)
        layout.addWidget(self.table, 1)

        self.add.clicked.connect(self.mark)
        self.begin.clicked.connect(self.begin_time)
        self.interval.clicked.connect(self._on_interval)
        self.exclude.clicked.connect(lambda: self._exclude(None))
        self.exclude_person.clicked.connect(lambda: self._exclude(self._shown.person))
        self.delete.clicked.connect(self._on_delete)
        self.table.itemChanged.connect(self._on_item)
        self.table.itemSelectionChanged.connect(self._on_selection)
        self.table.cellClicked.connect(self._on_click)
        shown.changed.connect(self._list)  # names may be others
        edits.changed.connect(self._list)
        edits.begun.connect(self._forget_time)
        shown.person_changed.connect(self._show_state)
        shown.clock.moved.connect(self._show_state)
        self._show_state()

    # What is in the list

    @property
    def entries(self) -> list[Marker | Excluded]:
        """In the order of time."""
        every: list[Marker | Excluded] = [*self._edits.markers, *self._edits.now.excluded]
        return sorted(every, key=lambda e: e.start if isinstance(e, Excluded) else e.time)

    @Slot()
    def _list(self) -> None:
        entries = self.entries
        with QSignalBlocker(self.table):
            self.table.setRowCount(len(entries))
            for row, entry in enumerate(entries):
                for column, text in enumerate(self._texts(entry)):
                    old = self.table.item(row, column)
                    if old is not None and old.text() == text and old.data(_ENTRY) == entry:
                        continue  # it may be edited just now
                    item = QTableWidgetItem(text)
                    item.setData(_ENTRY, entry)
                    if isinstance(entry, Excluded) or not column:
                        item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsEditable)
                    self.table.setItem(row, column, item)
        self._show_state()

    def _texts(self, entry: Marker | Excluded) -> tuple[str, str, str]:
        if isinstance(entry, Excluded):
            person = entry.person
            whom = self.tr("everybody")
            if person is not None:
                whom = self._shown.name(self._edits.now.person(person))
            time = f"{clock_time(entry.start)}–{clock_time(entry.end)}"
            return time, self.tr("excluded"), whom
        time = clock_time(entry.time)
        if entry.until is not None:
            time += f"–{clock_time(entry.until)}"
        return time, entry.label, entry.note

    @Slot()
    def _show_state(self) -> None:
        chosen = self._from is not None and self._shown.clock.time > self._from
        self.begin.setText(
            self.tr("From here (I)")
            if self._from is None
            else self.tr("From {} (I)").format(clock_time(self._from))
        )
        for button in (self.interval, self.exclude):
            button.setEnabled(chosen)
        self.exclude_person.setEnabled(chosen and self._shown.person is not None)
        self.delete.setEnabled(bool(self.table.selectedItems()))

    # What the user does

    @Slot()
    def mark(self) -> None:
        """A marker at the moment that is shown, whose label can be typed at once."""
        self._add(Marker(self._shown.clock.time, None))

    @Slot()
    def begin_time(self) -> None:
        """The time that is marked or excluded begins at the moment that is shown."""
        self._from = self._shown.clock.time
        self._show_state()

    @Slot()
    def _forget_time(self) -> None:
        self._from = None
        self._show_state()

    @Slot()
    def _on_interval(self) -> None:
        if self._from is not None:
            marker = Marker(self._from, self._shown.clock.time)
            self._from = None
            self._add(marker)

    def _add(self, marker: Marker) -> None:
        """And let its label be typed."""
        self._set_markers([*self._edits.markers, marker])
        item = self.table.item(self.entries.index(marker), _LABEL)
        if item is not None:
            self.table.setCurrentItem(item)
            self.table.editItem(item)

    def _exclude(self, person: int | None) -> None:
        if self._from is not None:
            part = Excluded(self._from, self._shown.clock.time, person)
            self._from = None
            self._edits.edit(excluded=(*self._edits.now.excluded, part))

    @Slot()
    def _on_delete(self) -> None:
        rows = {item.row() for item in self.table.selectedItems()}
        left = [entry for row, entry in enumerate(self.entries) if row not in rows]
        excluded = tuple(entry for entry in left if isinstance(entry, Excluded))
        self._set_markers([e for e in left if isinstance(e, Marker)], excluded=excluded)

    @Slot(QTableWidgetItem)
    def _on_item(self, item: QTableWidgetItem) -> None:
        entry = self.entries[item.row()]
        if isinstance(entry, Marker):
            text = item.text().strip()
            labelled = item.column() == _LABEL
            changed = replace(entry, label=text) if labelled else replace(entry, note=text)
            markers = list(self._edits.markers)
            markers[markers.index(entry)] = changed
            self._set_markers(markers)

    @Slot()
    def _on_selection(self) -> None:
        self._show_state()

    @Slot(int, int)
    def _on_click(self, row: int, _: int) -> None:
        entry = self.entries[row]
        self._shown.clock.go_to(entry.start if isinstance(entry, Excluded) else entry.time)

    def _set_markers(self, markers: list[Marker], **others: tuple[Excluded, ...]) -> None:
        in_order = tuple(sorted(markers, key=lambda marker: marker.time))
        changes = {"markers": in_order} if in_order != self._edits.markers else {}
        self._edits.edit(**changes, **others)
