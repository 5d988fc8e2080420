"""The person looked at: the probabilities at the moment, their name, who they are the same as."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Slot
from PySide6.QtWidgets import QComboBox, QFormLayout, QFrame, QLabel, QLineEdit, QVBoxLayout

from app.duration import duration
from app.live.views.probability_chart import ProbabilityChart
from app.recordings.viewer.edits import Edits
from app.recordings.viewer.shown import Shown
from app.theme import centre_labels
from ml.expressions import Expression


class PersonPanel(QFrame):
    def __init__(self, shown: Shown, edits: Edits) -> None:
        super().__init__()
        self.setObjectName("card")
        self._shown, self._edits = shown, edits
        self.person = QComboBox()
        self.person.setAccessibleName(self.tr("Person"))
        self.headline = QLabel()
        self.headline.setObjectName("headline")
        self.chart = ProbabilityChart()
        self.name = QLineEdit()
        self.name.setPlaceholderText(self.tr("No name"))
        self.same = QComboBox()
        self.same.setToolTip(
            self.tr(
                "One person can have several numbers: after they were away, or behind others. "
                "Their times are put together; this can be undone."
            )
        )
        self.apart = QComboBox()
        self.apart.setToolTip(self.tr("Numbers that were put together with this person's."))
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.setVerticalSpacing(4)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._form = form
        for text, field in (
            (self.tr("Name"), self.name),
            (self.tr("Same as"), self.same),
            (self.tr("Separate"), self.apart),
        ):
            field.setAccessibleName(text)
            form.addRow(text, field)
        centre_labels(form)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 10, 14, 8)
        layout.setSpacing(4)
        layout.addWidget(self.person)
        layout.addWidget(self.headline)
        layout.addWidget(self.chart, 1)
        layout.addLayout(form)
        layout.addStretch()

        self.person.activated.connect(self._on_person)
        self.name.editingFinished.connect(self._on_name)
        self.same.activated.connect(self._on_same)
        self.apart.activated.connect(self._on_apart)
        shown.changed.connect(self._list)
        shown.person_changed.connect(self._list)
        shown.clock.moved.connect(self._show)

    def refresh_theme(self) -> None:
        self.chart.refresh_theme()

    @Slot()
    def _list(self) -> None:
        corrected, person = self._shown.corrected, self._shown.person
        if corrected is None:
            return
        with QSignalBlocker(self.person), QSignalBlocker(self.name):
            self.person.clear()
            for track in corrected.tracks:
                seen = duration(corrected.seconds(track))
                self.person.addItem(f"{track}  {self._shown.name(track)}, {seen}", track)
            self.person.setCurrentIndex(self.person.findData(person))
            self.name.setText(corrected.names.get(person, "") if person is not None else "")
        self.same.clear()
        self.same.addItem(self.tr("nobody else"), None)
        self.apart.clear()
        self.apart.addItem(self.tr("nothing"), None)
        for track in corrected.tracks:
            if track != person:
                self.same.addItem(f"{track}  {self._shown.name(track)}", track)
        merged = corrected.corrections.merged
        for track in sorted(merged):
            if corrected.corrections.person(track) == person:
                self.apart.addItem(self.tr("Number {}").format(track), track)
        self._form.setRowVisible(self.apart, self.apart.count() > 1)
        for field in (self.person, self.name, self.same):
            field.setEnabled(person is not None)
        self._show()

    @Slot()
    def _show(self) -> None:
        if not self.isVisible():
            return
        corrected, person = self._shown.corrected, self._shown.person
        row = None
        if corrected is not None and person is not None:
            row = corrected.at(person, self._shown.clock.time)
        if row is None:
            self.headline.setText(self.tr("Not seen at this time"))
            self.chart.set_probabilities(None)
            return
        label = Expression(int(row["label"]))
        values = row["probabilities"].tolist()
        self.headline.setText(f"{label.label.capitalize()} {values[label]:.0%}")
        self.chart.set_probabilities(values, row["raw"].tolist())

    @Slot()
    def _on_person(self) -> None:
        self._shown.choose(self.person.currentData())

    @Slot()
    def _on_name(self) -> None:
        corrected, person = self._shown.corrected, self._shown.person
        name = self.name.text().strip()
        if corrected is not None and person is not None and name != corrected.names.get(person, ""):
            self._edits.edit(names={**self._edits.now.names, person: name})

    @Slot()
    def _on_same(self) -> None:
        other, person = self.same.currentData(), self._shown.person
        if other is not None and person is not None:
            # The lower number stays: it was there first.
            first, second = sorted((person, other))
            self._edits.edit(merged={**self._edits.now.merged, second: first})

    @Slot()
    def _on_apart(self) -> None:
        track = self.apart.currentData()
        if track is not None:
            merged = {a: b for a, b in self._edits.now.merged.items() if a != track}
            self._edits.edit(merged=merged)
