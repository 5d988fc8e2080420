"""Choosing the data to train on, and what the check found in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import QMimeData, Qt, Signal, Slot
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.elided_label import ElidedLabel
from app.message_bar import MessageBar
from app.theme import current_theme
from app.training.setup.contact_sheet import ContactSheet, Sampler
from app.training.setup.dataset_chart import DatasetChart
from app.training.setup.dataset_check import DatasetCheck
from app.training.setup.dataset_details import DatasetDetails
from ml.data.near_misses import named

Check = Mapping[str, Any]


class DatasetPanel(QWidget):
    """A folder, zip or csv by button or drop; its check runs in a process."""

    checked = Signal(object)
    """``check``, whenever it has become another."""
    message = Signal(str)
    refused = Signal(str)
    """Why the data set cannot be used, or not as it is."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._path: Path | None = None
        self._found: Check | None = None
        self._problem = ""
        self._told: Check | None = None
        self._process = DatasetCheck(self)
        self._sampler = Sampler(self)
        self._sheet: ContactSheet | None = None
        self.setAcceptDrops(True)
        self._build()
        self._process.progressed.connect(self._on_progress)
        self._process.done.connect(self._on_done)
        self._process.failed.connect(self._on_failed)
        self.refresh_theme()
        self._show_state()

    @property
    def path(self) -> Path | None:
        return self._path

    @property
    def check(self) -> Check | None:
        """The ml.data.check.DataCheck as a mapping, when there is one to train with."""
        if self._found is None or (self._found["bad"] and not self.skip_bad):
            return None
        return self._found

    @property
    def skip_bad(self) -> bool:
        """Whether to train without what cannot be used."""
        return self.without_bad.isChecked()

    def choose(self, path: Path) -> None:
        """Use the data set at ``path``, whatever it may be, and check it."""
        self._path = path
        self._found, self._problem = None, ""
        self.without_bad.setChecked(False)
        self.details_shown.setChecked(False)
        self._on_progress(0, 0)
        if self._sheet is not None:
            self._sheet.close()
        self._process.start(path)
        self._show_state()

    def shut_down(self) -> bool:
        """Whether the process and the thread ended in time."""
        if self._sheet is not None:
            self._sheet.close()
        return all([self._process.cancel(), self._sampler.shut_down()])

    def refresh_theme(self) -> None:
        theme = current_theme()
        self.chart.update()
        self.invitation.setStyleSheet(f"""
            color: {theme.muted}; border: 2px dashed {theme.border}; border-radius: 8px;
            padding: 8px;
        """)
        self._drop_hint.setStyleSheet(f"""
            background: {theme.surface}; color: {theme.accent}; font-weight: 600;
            border: 2px dashed {theme.accent}; border-radius: 8px;
        """)

    # Building

    def _build(self) -> None:
        self.title = ElidedLabel()
        self.title.setObjectName("figure")
        self.choose_button = QPushButton(self.tr("Choose data"))
        self.choose_button.setToolTip(self.tr("Or drop a folder, a zip or a csv here."))
        menu = QMenu(self.choose_button)
        menu.addAction(self.tr("Folder…"), self._ask_for_folder)
        menu.addAction(self.tr("Zip or csv…"), self._ask_for_file)
        self.choose_button.setMenu(menu)
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self.title, 1)
        top.addWidget(self.choose_button)

        self.sentence = QLabel()
        self.sentence.setObjectName("caption")
        self.sentence.setWordWrap(True)
        self.sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.problem = MessageBar()
        self.invitation = QLabel(
            self.tr("Drop FER2013 here, or pictures of your own\nin a folder for each expression.")
            + "\n\n"
            + self.tr("A folder, a zip or a csv")
        )
        self.invitation.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.invitation.setWordWrap(True)
        self.invitation.setMinimumHeight(130)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(6)
        self.bar.setAccessibleName(self.tr("Progress of the data check"))
        self.cancel = QPushButton(self.tr("Cancel"))
        self.cancel.clicked.connect(self._on_cancel)
        self.again = QPushButton(self.tr("Check again"))
        self.again.clicked.connect(self._on_again)

        self.chart = DatasetChart()
        self.details = DatasetDetails()

        self.warning = QFrame()
        self.warning.setObjectName("message")
        self.bad = QLabel()
        self.bad.setWordWrap(True)
        self.without_bad = QCheckBox(self.tr("Train without them"))
        self.without_bad.toggled.connect(self._tell)
        inside = QVBoxLayout(self.warning)
        inside.setContentsMargins(10, 6, 10, 6)
        inside.setSpacing(4)
        inside.addWidget(self.bad)
        inside.addWidget(self.without_bad)

        self.details_shown = QPushButton(self.tr("Details"))
        self.details_shown.setCheckable(True)
        self.details_shown.setToolTip(
            self.tr("Duplicates, conflicting labels and what cannot be used")
        )
        self.details_shown.toggled.connect(self._show_state)
        self.samples = QPushButton(self.tr("Sample pictures…"))
        self.samples.clicked.connect(self._on_samples)
        bottom = QHBoxLayout()
        bottom.setSpacing(8)
        for button in (self.cancel, self.again, self.details_shown, self.samples):
            bottom.addWidget(button)
        bottom.addStretch()

        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(top)
        layout.addWidget(self.chart, 1)
        layout.addWidget(self.details, 1)
        layout.addWidget(self.invitation, 1)
        layout.addWidget(self.sentence)
        layout.addWidget(self.problem)
        layout.addWidget(self.bar)
        layout.addWidget(self.warning)
        layout.addLayout(bottom)
        self._space = QWidget()
        layout.addWidget(self._space, 1)

        self._drop_hint = QLabel(self)
        self._drop_hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._drop_hint.setWordWrap(True)
        self._drop_hint.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._drop_hint.hide()
        for label in (self.title, self.sentence, self._drop_hint):
            label.setTextFormat(Qt.TextFormat.PlainText)  # names of files are no markup

    @Slot()
    def _show_state(self) -> None:
        running, found = self._process.running, self._found is not None
        empty = self._path is None
        self.title.set_text(_name(self._path) if self._path else self.tr("Data"))
        self.title.setToolTip(str(self._path or ""))
        self.invitation.setVisible(empty)
        self.bar.setVisible(running)
        self.cancel.setVisible(running)
        self.again.setVisible(not (empty or running or found))
        self.chart.setVisible(found and not self.details_shown.isChecked())
        self.details.setVisible(found and self.details_shown.isChecked())
        self.details_shown.setVisible(found)
        self.samples.setVisible(found)
        self.warning.setVisible(self._found is not None and bool(self._found["bad"]))
        self._space.setVisible(not (empty or found))
        self.sentence.setVisible(not (empty or self._problem))
        self.problem.say(self._problem, serious=True)
        if self._found is not None:
            self.sentence.setText(self._summary(self._found))
        self._tell()

    @Slot()
    def _tell(self) -> None:
        if self.check is not self._told:
            self._told = self.check
            self.checked.emit(self.check)

    # Choosing

    @Slot()
    def _ask_for_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(
            self, self.tr("Choose the folder of a data set"), self._last_folder()
        )
        if path:
            self.choose(Path(path))

    @Slot()
    def _ask_for_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self,
            self.tr("Choose a data set"),
            self._last_folder(),
            self.tr("Data sets (*.zip *.csv);;All files (*)"),
        )
        if path:
            self.choose(Path(path))

    def _last_folder(self) -> str:
        return str(self._path.parent) if self._path else ""

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()
            path = _dropped(event.mimeData())
            name = _name(path) if path else self.tr("A single folder, zip or csv")
            self._drop_hint.setText(self.tr("Drop to check\n{}").format(name) if path else name)
            self._drop_hint.show()
            self._drop_hint.raise_()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:  # noqa: ARG002 - Qt's signature
        self._drop_hint.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        self._drop_hint.hide()
        path = _dropped(event.mimeData())
        if path is None:
            self.message.emit(self.tr("Drop a single folder, zip or csv from this computer."))
        else:
            event.acceptProposedAction()
            self.choose(path)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._drop_hint.resize(self.size())

    # The check

    @Slot(int, int)
    def _on_progress(self, done: int, total: int) -> None:
        self.bar.setRange(0, 100 if total else 0)
        self.bar.setValue(100 * done // max(total, 1))
        share = self.tr(" {} %").format(100 * done // total) if total else ""
        doing = self.tr("Comparing…") if total and done >= total else self.tr("Reading…") + share
        self.sentence.setText(doing)

    @Slot(object)
    def _on_done(self, found: Check) -> None:
        self._found = found
        self.chart.set_counts(found["counts"])
        count = len(found["bad"])
        self.bad.setText(
            self.tr("1 file, row or class cannot be used (see Details).")
            if count == 1
            else self.tr("{:,} files, rows or classes cannot be used (see Details).").format(count)
        )
        self.details.set_check(found)
        self._show_state()
        if count:
            self.refused.emit(self.bad.text())

    @Slot(str)
    def _on_failed(self, why: str) -> None:
        self._problem = why
        self._show_state()
        self.refused.emit(why)

    @Slot()
    def _on_cancel(self) -> None:
        self._process.cancel()
        why = self.tr("The data set was not checked, so it cannot be used yet.")
        self.sentence.setText(why)
        self._show_state()
        self.refused.emit(why)

    @Slot()
    def _on_again(self) -> None:
        if self._path is not None:
            self.choose(self._path)

    @Slot()
    def _on_samples(self) -> None:
        if self._path is None:
            return
        if self._sheet is None:
            self._sheet = ContactSheet(self._sampler, self)
        self._sheet.show_from(self._path)

    # What it found, in words

    def _summary(self, found: Check) -> str:
        first = next(iter(found["counts"]), "")
        shared = sum(n for pair, n in found["shared"].items() if pair.endswith(f" in {first}"))
        parts = [
            (sum(found["repeats"].values()), self.tr("{:,} duplicates")),
            (shared, self.tr("{:,} from other splits also in {}").replace("{}", first)),
            (found["conflicts"], self.tr("{:,} conflicting labels")),
        ]
        words = [text.format(count) for count, text in parts if count]
        if left_out := found["left_out"]:
            text = self.tr("{:,} of other classes left out: {}")
            words.append(text.format(sum(left_out.values()), named(left_out)))
        told = ", ".join(words)
        protocol = found["protocol"]
        return f"{protocol[:1].upper()}{protocol[1:]}. " + (
            self.tr("{}.").format(told)
            if told
            else self.tr("No duplicates, no conflicting labels.")
        )


def _name(path: Path) -> str:
    return path.name or str(path)


def _dropped(content: QMimeData) -> Path | None:
    """The one file or folder that is dropped."""
    urls = content.urls()
    if len(urls) != 1 or not urls[0].isLocalFile():
        return None
    return Path(urls[0].toLocalFile())
