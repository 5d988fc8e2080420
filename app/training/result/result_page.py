"""The result of a run, or of any weights file on any data set, and what to do with the weights."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QThread, Signal, Slot
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.training.result.evaluation import EvaluationProcess
from app.training.result.result_view import ResultView
from ml.runs.folder import RunFolder

if TYPE_CHECKING:
    from ml.evaluation.results import Evaluation


class _Save(QThread):
    """Copies a weights file, to a temporary file that is then renamed."""

    saved = Signal(str)
    failed = Signal(str)

    def __init__(self, source: Path, target: Path, parent: QWidget) -> None:
        super().__init__(parent)
        self._source, self._target = source, target

    def run(self) -> None:
        from ml.files import replacing

        try:
            with self._source.open("rb") as source, replacing(self._target) as target:
                shutil.copyfileobj(source, target)
        except OSError as error:
            self.failed.emit(
                self.tr("{} could not be written: {}.").format(self._target, error.strerror)
            )
        else:
            self.saved.emit(self.tr("Saved {}.").format(self._target))


class _Read(QThread):
    """Reads the evaluation of a run."""

    read = Signal(object, object, object)
    """The RunFolder, its Evaluation, and the data set it was evaluated on."""
    failed = Signal(str)

    def __init__(self, folder: RunFolder, parent: QWidget) -> None:
        super().__init__(parent)
        self._folder = folder

    def run(self) -> None:
        import json

        from ml.evaluation.results import from_json

        try:
            evaluation = from_json(json.loads(self._folder.evaluation_file.read_bytes()))
            data = Path(str(self._folder.config()["data"]))
        except (OSError, ValueError, KeyError) as error:
            self.failed.emit(
                self.tr("The result of the run {} cannot be read: {}.").format(
                    self._folder.path.name, error
                )
            )
        else:
            self.read.emit(self._folder, evaluation, data)


class ResultPage(QWidget):
    """Shows an evaluation; passes the weights on to the live tab or to a file."""

    use_in_live = Signal(Path)
    message = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: Path | None = None
        """The weights file the page is about."""
        self._weights: Path | None = None
        """The same, if it exists."""
        self._data: Path | None = None
        self._skip_bad = False
        self._measured: tuple[Path, Path] | None = None
        """The weights and the data set of the current evaluation, or of the last one."""
        self._threads: list[QThread] = []
        self._scratch = tempfile.TemporaryDirectory(prefix="face-expression-evaluation-")
        self.view = ResultView()
        self.title = QLabel(self.tr("No result yet"))
        self.title.setObjectName("figure")
        self.live = QPushButton(self.tr("Use in Live"))
        self.live.setToolTip(self.tr("Use these weights in the live tab."))
        self.save = QPushButton(self.tr("Save weights as…"))
        self.evaluate = QPushButton(self.tr("Evaluate…"))
        self.evaluate.setToolTip(self.tr("Evaluate any weights file on the chosen data set."))
        self.cancel = QPushButton(self.tr("Cancel"))
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(8)

        bar = QHBoxLayout()
        bar.addWidget(self.title, 1)
        for widget in (self.progress, self.cancel, self.evaluate, self.save, self.live):
            bar.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.addLayout(bar)
        layout.addWidget(self.view, 1)

        self.process = EvaluationProcess(self)
        self.process.progress.connect(self._on_progress)
        self.process.finished.connect(self._on_finished)
        self.process.failed.connect(self._on_failed)
        self.process.cancelled.connect(self._on_cancelled)
        self.cancel.clicked.connect(self.process.cancel)
        self.evaluate.clicked.connect(self._choose_weights)
        self.save.clicked.connect(self._save)
        self.live.clicked.connect(self._hand_over)
        self._show_buttons()

    def set_data(self, data: Path | None, *, skip_bad: bool = False) -> None:
        """Set the data set to evaluate on; ``skip_bad`` leaves out its unusable pictures."""
        self._data, self._skip_bad = data, skip_bad

    def show_run(self, path: Path) -> None:
        """Show the result of a run if it is finished, and offer its weights if it has any."""
        folder = RunFolder(path)
        self._show_weights(folder.weights_file, path.name)
        self.view.clear()
        if folder.evaluation_file.exists():
            reader = _Read(folder, self)
            reader.read.connect(self._on_read)
            reader.failed.connect(self.message)
            self._begin(reader)

    def measure(self, weights: Path) -> None:
        """Evaluate a weights file on the chosen data set, in the background."""
        if self._data is None:
            self.message.emit(self.tr("Choose a data set first: the weights are evaluated on it."))
            return
        self._measured = weights, self._data
        self.progress.setRange(0, 0)
        self.process.start(weights, self._data, Path(self._scratch.name), skip_bad=self._skip_bad)
        self._show_weights(weights, weights.name)
        self.view.clear()

    def shut_down(self) -> bool:
        ended = self.process.shut_down()
        for thread in self._threads:
            ended = thread.wait(5000) and ended
        ended = self.view.shut_down() and ended
        self._scratch.cleanup()
        return ended

    def _show_weights(self, weights: Path, title: str) -> None:
        self._shown = weights
        self._weights = weights if weights.is_file() else None
        self.title.setText(title)
        self._show_buttons()

    def _show_buttons(self) -> None:
        evaluating = self.process.running
        self.progress.setVisible(evaluating)
        self.cancel.setVisible(evaluating)
        self.evaluate.setVisible(not evaluating)
        for button in (self.save, self.live):
            button.setEnabled(self._weights is not None)

    def _begin(self, thread: QThread) -> None:
        self._threads = [old for old in self._threads if old.isRunning()]
        self._threads.append(thread)
        thread.start()

    @Slot()
    def _choose_weights(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self,
            self.tr("Weights to evaluate"),
            str(self._weights or ""),
            self.tr("Weights (*.safetensors *.pt *.pth *.ckpt);;All files (*)"),
        )
        if path:
            self.measure(Path(path))

    @Slot()
    def _save(self) -> None:
        path, _ = QFileDialog.getSaveFileName(
            self,
            self.tr("Save weights as"),
            f"{self.title.text()}.safetensors",
            self.tr("Weights (*.safetensors)"),
        )
        if path and self._weights is not None:
            target = Path(path)
            if target.suffix != ".safetensors":
                target = target.with_name(f"{target.name}.safetensors")
            copy = _Save(self._weights, target, self)
            copy.saved.connect(self.message)
            copy.failed.connect(self.message)
            self._begin(copy)

    @Slot()
    def _hand_over(self) -> None:
        if self._weights is not None:
            self.use_in_live.emit(self._weights)

    @Slot(object, object, object)
    def _on_read(self, folder: RunFolder, evaluation: Evaluation, data: Path) -> None:
        if self._shown == folder.weights_file:  # otherwise another was opened meanwhile
            self.view.show_result(evaluation, folder.predictions_file, data)

    @Slot(int, int)
    def _on_progress(self, done: int, total: int) -> None:
        self.progress.setRange(0, total)
        self.progress.setValue(done)

    @Slot(object, object)
    def _on_finished(self, evaluation: Evaluation, predictions: Path) -> None:
        assert self._measured is not None
        weights, data = self._measured
        self._show_weights(weights, weights.name)  # a run may have been opened meanwhile
        self.view.show_result(evaluation, predictions, data)

    @Slot(str)
    def _on_failed(self, why: str) -> None:
        self._show_buttons()
        self.message.emit(why)

    @Slot()
    def _on_cancelled(self) -> None:
        self._show_buttons()
        self.message.emit(self.tr("The evaluation was cancelled."))
