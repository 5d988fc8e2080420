"""The training tab: data, options and Start; progress and result of a run; past runs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QMessageBox,
    QPushButton,
    QScrollArea,
    QSplitter,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from app.message_bar import MessageBar
from app.settings import OUTLIVE, TRAINING_DATA, TRAINING_PRESET, Settings
from app.training.process import all_but_one_processor
from app.training.progress.curves import Curves
from app.training.progress.epoch_table import EpochTable
from app.training.progress.histories import Histories
from app.training.progress.progress_view import ProgressView
from app.training.result.result_page import ResultPage
from app.training.runs.runs_panel import RunsPanel
from app.training.session import State, TrainingSession
from app.training.setup.dataset_panel import DatasetPanel
from app.training.setup.estimate import Estimate
from app.training.setup.setup_form import SetupForm
from ml.runs.events import Batch, Epoch, Event, Failed, Finished, Started, Stopped
from ml.runs.folder import RunFolderError, default_runs_folder, named
from ml.runs.summaries import RunState, RunSummary

_PANEL_WIDTH: Final = 410


class TrainingTab(QWidget):
    """Everything from choosing data to using the weights in the live tab."""

    use_in_live = Signal(Path)

    def __init__(
        self, settings: Settings, runs_folder: Path | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._settings = settings
        self._folder = runs_folder or default_runs_folder()
        self._start_when_checked = False
        self.session = TrainingSession(self)
        self.histories = Histories(self)
        self._build()
        self._connect()
        self.session.outlive_window(self.outlive.isChecked())
        if data := settings.get(TRAINING_DATA):
            self.data.choose(Path(data))
        self._show_state()

    # For the rest of the program

    def train_on(self, data: Path, epochs: int | None = None) -> None:
        """Start a run with the form's options on ``data``, once the data check finds it usable."""
        if epochs is not None:
            self.setup.set_epochs(epochs)
        self._start_when_checked = True
        self.data.choose(data)

    def set_capturing(self, capturing: bool) -> None:
        """While the camera is on, training leaves it a processor core."""
        self.session.use_threads(all_but_one_processor() if capturing else 0)

    def may_close(self) -> bool:
        """Ask what to do with a run in progress; returns whether the window may close."""
        if not self.session.owns_process:
            return True
        box = QMessageBox(self)
        box.setIcon(QMessageBox.Icon.Question)
        box.setText(self.tr("A training run is in progress."))
        box.setInformativeText(
            self.tr("It can continue in the background and is shown again at the next start.")
        )
        background = box.addButton(
            self.tr("Keep training in the background"), QMessageBox.ButtonRole.AcceptRole
        )
        stop = box.addButton(self.tr("Stop and save"), QMessageBox.ButtonRole.DestructiveRole)
        box.addButton(self.tr("Keep the window open"), QMessageBox.ButtonRole.RejectRole)
        box.exec()
        if box.clickedButton() is background:
            if not self.session.go_on_without_window():
                self.show_message(self.tr("Training could not continue in the background."))
                return False
            return True
        return box.clickedButton() is stop

    def shut_down(self) -> bool:
        """Stop all threads and processes; returns whether they ended in time."""
        parts = (
            self.session, self.data, self.runs, self.result, self.estimate, self.histories,
        )  # fmt: skip
        ended = [part.shut_down() for part in parts]
        return all(ended)

    def refresh_theme(self) -> None:
        for view in (self.curves, self.data, self.runs, self.result.view):
            view.refresh_theme()

    # Building

    def _build(self) -> None:
        self.data = DatasetPanel()
        self.setup = SetupForm()
        self.setup.choose_preset(self._settings.get(TRAINING_PRESET))
        self.estimate = Estimate(self)
        self.button = QPushButton()
        self.button.setObjectName("primary")
        self.kill = QPushButton(self.tr("Kill run"))
        self.kill.setToolTip(
            self.tr("Kill a run that does not respond. Its last checkpoint is kept.")
        )
        self.kill.hide()
        self.outlive = QCheckBox(self.tr("Keep training if the window closes unexpectedly"))
        self.outlive.setToolTip(self.tr("Otherwise training saves a checkpoint and stops."))
        self.outlive.setChecked(self._settings.get(OUTLIVE))
        self.message = MessageBar()
        self.progress = ProgressView()
        self.curves = Curves()
        self.epochs = EpochTable()
        self.result = ResultPage()
        self.runs = RunsPanel(self._folder)

        chosen = QVBoxLayout()
        chosen.setSpacing(10)
        chosen.addWidget(_card(self.data), 1)
        chosen.addWidget(_card(self.setup))
        chosen.addStretch()
        inner = QWidget()
        chosen.setContentsMargins(0, 0, 4, 0)
        inner.setLayout(chosen)
        scroll = QScrollArea()
        scroll.setWidget(inner)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        panel = QVBoxLayout()
        panel.addWidget(scroll, 1)
        panel.addWidget(self.outlive)
        buttons = QHBoxLayout()
        buttons.addWidget(self.button, 1)
        buttons.addWidget(self.kill)
        panel.addLayout(buttons)
        left = QWidget()
        left.setLayout(panel)
        left.setFixedWidth(_PANEL_WIDTH)
        panel.setContentsMargins(0, 0, 0, 0)

        run = QSplitter(Qt.Orientation.Vertical)
        run.addWidget(self.curves)
        run.addWidget(self.epochs)
        run.setSizes([400, 140])
        self.pages = QTabWidget()
        self.pages.setDocumentMode(True)
        self.pages.addTab(run, self.tr("Curves"))
        self.pages.addTab(self.result, self.tr("Result"))
        self.pages.addTab(self.runs, self.tr("Runs"))
        right = QVBoxLayout()
        right.setSpacing(8)
        right.addWidget(self.message)
        right.addWidget(self.progress)
        right.addWidget(self.pages, 1)

        layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 10, 14, 6)
        layout.setSpacing(12)
        layout.addWidget(left)
        layout.addLayout(right, 1)

    def _connect(self) -> None:
        self.button.clicked.connect(self._start_or_stop)
        self.kill.clicked.connect(self.session.kill)
        self.outlive.toggled.connect(self._on_outlive)
        self.data.checked.connect(self._on_checked)
        self.data.refused.connect(self._on_refused)
        self.data.message.connect(self.show_message)
        self.setup.changed.connect(self._estimate)
        self.estimate.measured.connect(self.setup.show_estimate)
        self.runs.selection_changed.connect(self._on_selection)
        self.runs.resume_requested.connect(self._resume)
        self.runs.opened.connect(self._open)
        self.runs.message.connect(self.show_message)
        self.runs.listed.connect(self._on_listed)
        self.result.message.connect(self.show_message)
        self.result.use_in_live.connect(self.use_in_live)
        self.curves.message.connect(self.show_message)
        self.histories.known.connect(self._show_histories)
        self.session.state_changed.connect(self._show_state)
        self.session.told.connect(self._on_event)
        self.session.ended.connect(self._on_ended)
        self.session.silent.connect(self._on_silent)

    # Before a run

    @Slot(object)
    def _on_checked(self, check: Mapping[str, Any] | None) -> None:
        if check is not None and self.data.path is not None:
            self._settings.set(TRAINING_DATA, str(self.data.path))
        usable = self.data.path if check is not None else None
        self.result.set_data(usable, skip_bad=self.data.skip_bad)
        self._estimate()
        self._show_state()
        if check is not None and self._start_when_checked:
            self._start_when_checked = False
            self._start()

    @Slot()
    def _on_refused(self) -> None:
        self._start_when_checked = False  # the next choice is not the data to train on

    @Slot()
    def _estimate(self) -> None:
        self.estimate.cancel()
        self.setup.show_estimate(None)
        if self.data.path is not None and self.data.check is not None and not self.session.active:
            self.estimate.measure(self.data.path, self._options())

    def _options(self) -> list[str]:
        return self.setup.options() + (["--skip-bad"] if self.data.skip_bad else [])

    @Slot()
    def _start_or_stop(self) -> None:
        if self.session.active:
            self.session.stop()
        else:
            self._start()

    def _start(self) -> None:
        if self._is_busy():
            return
        if self.data.path is None:
            self.show_message(self.tr("Choose a data set first."))
            return
        preset = self.setup.preset.currentData()
        title = self.setup.name.text().strip() or f"{preset} {time.strftime('%Y-%m-%d %H.%M.%S')}"
        try:
            path = named(self._folder, title)
        except RunFolderError as error:
            self.show_message(str(error))
            return
        self._settings.set(TRAINING_PRESET, preset)
        self._begin(path)
        self.session.start(self.data.path, path, self._options())

    @Slot(Path)
    def _resume(self, path: Path) -> None:
        if self._is_busy():
            return
        self._begin(path)
        self.histories.read([path])
        self.session.resume(path)

    def _is_busy(self) -> bool:
        """Whether a run is in progress; if so, the user is told."""
        if self.session.active:
            self.show_message(self.tr("Stop the current run first."))
        return self.session.active

    def _begin(self, path: Path) -> None:
        self.estimate.cancel()
        self.show_message("")
        self.curves.clear()
        self.curves.set_run(str(path), path.name, [])
        self.epochs.set_epochs([])
        self.progress.clear()
        self.progress.begin(self.tr("Starting {}…").format(path.name))
        self.pages.setCurrentIndex(0)

    # A run

    @Slot(object)
    def _on_event(self, event: Event) -> None:
        key = str(self.session.path)
        self.progress.show_event(event)
        match event:
            case Started(epoch=done) if done and not self.epochs.model().rowCount():
                self.histories.read([Path(key)])
            case Batch():
                self.curves.set_progress(key, event)
            case Epoch():
                self.curves.add_epoch(key, event)
                self.epochs.add_epoch(event)
            case Stopped():
                self.progress.say(self.tr("Stopped. Resume continues from here."))
            case Failed():
                self.progress.say(self.tr("Failed"))
                self.show_message(f"{event.message} {event.hint}".strip())
            case Finished():
                self.progress.say(self.tr("Finished"))
                self.result.show_run(Path(key))
                self.pages.setCurrentWidget(self.result)

    @Slot(str)
    def _on_ended(self, why: str) -> None:
        self.progress.end()
        self.kill.hide()
        if why:
            self.progress.say(self.tr("Interrupted. Resume it in Runs."))
            self.show_message(why)
        self.runs.refresh()

    @Slot(bool)
    def _on_silent(self, silent: bool) -> None:
        self.kill.setVisible(silent)
        notice = self.tr(
            "The run has not responded for a while. Wait, or kill it: its last checkpoint is kept."
        )
        if silent:
            self.show_message(notice)
        elif self.message.text() == notice:
            self.show_message("")

    @Slot()
    def _show_state(self) -> None:
        active = self.session.active
        self.button.setText(self.tr("Stop") if active else self.tr("Start training"))
        self.button.setProperty("running", active)
        self.button.style().polish(self.button)
        self.button.setEnabled(
            self.session.state is not State.STOPPING and (active or self.data.check is not None)
        )
        self.setup.setEnabled(not active)
        self.data.setEnabled(not active)

    @Slot(bool)
    def _on_outlive(self, outlive: bool) -> None:
        self._settings.set(OUTLIVE, outlive)
        self.session.outlive_window(outlive)

    # Past runs

    @Slot(list)
    def _on_listed(self, runs: list[RunSummary]) -> None:
        """Follow a run that continued without this window."""
        if self.session.active or self._start_when_checked:
            return
        for run in runs:
            if run.state is RunState.RUNNING:
                self._begin(run.path)
                self.session.follow(run.path)
                return

    @Slot(list)
    def _on_selection(self, runs: list[RunSummary]) -> None:
        if not self.session.active and runs:
            self.histories.read([run.path for run in runs])

    @Slot(Path)
    def _open(self, path: Path) -> None:
        self.result.show_run(path)
        if not self.session.active:
            self.histories.read([path])
        self.pages.setCurrentWidget(self.result)

    @Slot(object)
    def _show_histories(self, histories: dict[Path, list[Epoch]]) -> None:
        if self.session.active:
            histories = {p: epochs for p, epochs in histories.items() if p == self.session.path}
        else:
            self.curves.clear()
        for path, epochs in histories.items():
            self.curves.set_run(str(path), path.name, epochs)
        if len(histories) == 1:
            (epochs,) = histories.values()
            self.epochs.set_epochs(epochs)
            if self.session.active:
                self.progress.show_history(epochs)

    @Slot(str)
    def show_message(self, text: str) -> None:
        self.message.say(text)


def _card(content: QWidget) -> QFrame:
    card = QFrame()
    card.setObjectName("card")
    layout = QVBoxLayout(card)
    layout.setContentsMargins(14, 12, 14, 12)
    layout.addWidget(content)
    return card
