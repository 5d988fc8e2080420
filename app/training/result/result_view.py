"""The evaluation of weights on a data set: figures, classes, confusion matrix, calibration."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSignalBlocker, Qt, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QCheckBox,
    QComboBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.training.result.calibration_chart import CalibrationChart
from app.training.result.cell_loader import CellLoader, CellRequest, ResultFiles
from app.training.result.cell_pictures import CellPictures
from app.training.result.class_chart import ClassChart
from app.training.result.confusion_view import ConfusionView
from ml.expressions import Expression

if TYPE_CHECKING:
    from ml.evaluation.results import Estimate, Evaluation, Scores, SplitEvaluation

_NARROW: Final = 790
"""Width in pixels below which the charts are stacked."""


class ResultView(QWidget):
    """Shows one split at a time, as the two check boxes say."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._evaluation: Evaluation | None = None
        self._files = ResultFiles(None, None)
        self._loader = CellLoader(self)
        self._pictures = CellPictures(self._loader, self)
        self._build()
        self.split.currentIndexChanged.connect(self._show_split)
        self.flip.toggled.connect(self._show_scores)
        self.without.toggled.connect(self._show_scores)
        self.confusion.cell_chosen.connect(self._on_cell_chosen)
        self.clear()

    # For the page

    def show_result(
        self, evaluation: Evaluation, predictions_file: Path | None, data: Path | None
    ) -> None:
        """``predictions_file`` and ``data`` provide the pictures behind the cells."""
        self._show(evaluation, ResultFiles(predictions_file, data))

    def clear(self) -> None:
        self._show(None, ResultFiles(None, None))

    def shut_down(self) -> bool:
        """Stop the thread that loads pictures; returns whether it ended in time."""
        self._pictures.close()
        return self._loader.shut_down()

    def refresh_theme(self) -> None:
        self.calibration.refresh_theme()
        self.update()

    # Building

    def _build(self) -> None:
        self.split = QComboBox()
        self.split.setAccessibleName(self.tr("Split"))
        self.split.setToolTip(self.tr("The part of the data set that was evaluated."))
        self.split.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.flip = QCheckBox(self.tr("Flip averaging"))
        self.flip.setToolTip(
            self.tr("Average the probabilities of a picture and its mirror image.")
        )
        self.without = QCheckBox()
        self.protocol = QLabel()
        self.protocol.setObjectName("caption")
        self.protocol.setWordWrap(True)

        bar = QHBoxLayout()
        bar.setSpacing(8)
        bar.addWidget(self.split)
        bar.addSpacing(12)
        bar.addWidget(self.flip)
        bar.addSpacing(12)
        bar.addWidget(self.without)
        bar.addStretch(1)

        self.confusion = ConfusionView()
        self.classes = ClassChart()
        self.calibration = CalibrationChart()
        charts = QVBoxLayout()
        charts.setSpacing(10)
        charts.addWidget(_card(self.tr("Classes, %"), self.classes), 5)
        charts.addWidget(_card(self.tr("Calibration"), self.calibration), 4)
        matrix = _card(
            self.tr("Confusion matrix"),
            self.confusion,
            self.tr("Click a cell to see its pictures"),
        )
        self._body = QHBoxLayout()
        self._body.setSpacing(10)
        self._body.addWidget(matrix, 11)
        self._body.addLayout(charts, 9)

        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addLayout(bar)
        column.addWidget(self._build_figures())
        column.addLayout(self._body, 1)
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setWidget(inside)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(scroll, 1)
        layout.addWidget(self.protocol)
        self._arrange(narrow=False)

    def _build_figures(self) -> QWidget:
        self.accuracy, self.macro_f1 = _Figure(self.tr("Accuracy")), _Figure(self.tr("Macro-F1"))
        self.top2 = _Figure(self.tr("Top-2 accuracy"))
        self.calibration_error = _Figure(self.tr("Calibration error"))
        self.count = _Figure(self.tr("Pictures"))
        self.accuracy.setToolTip(
            self.tr("Share of pictures classified correctly, with its 95 % confidence interval.")
        )
        self.macro_f1.setToolTip(
            self.tr("Unweighted mean F1 of the classes, with its 95 % confidence interval.")
        )
        self.top2.setToolTip(
            self.tr("Share of pictures whose class is among the two most probable.")
        )
        self.calibration_error.setToolTip(
            self.tr("Expected calibration error: mean gap between confidence and accuracy.")
        )
        card = QFrame()
        card.setObjectName("card")
        self._figures = QGridLayout(card)
        self._figures.setContentsMargins(16, 8, 16, 8)
        return card

    def _arrange(self, *, narrow: bool) -> None:
        direction = QBoxLayout.Direction
        self._body.setDirection(direction.TopToBottom if narrow else direction.LeftToRight)
        figures = (self.accuracy, self.macro_f1, self.top2, self.calibration_error, self.count)
        for position, figure in enumerate(figures):
            self._figures.addWidget(figure, *divmod(position, 3 if narrow else len(figures)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange(narrow=self.width() < _NARROW)

    # Showing

    def _show(self, evaluation: Evaluation | None, files: ResultFiles) -> None:
        self._evaluation = evaluation
        self._files = files
        self._pictures.close()
        names = list(evaluation.splits) if evaluation else []
        wanted = self.split.currentText()
        with QSignalBlocker(self.split):
            self.split.clear()
            self.split.addItems(names)
            # The last is the test split, if there is one.
            self.split.setCurrentText(wanted if wanted in names else (names or [""])[-1])
        self.split.setVisible(len(names) > 1)
        self.flip.setEnabled(bool(names))
        self.protocol.setText(
            self.tr("Splits: {}.").format(evaluation.protocol) if evaluation else ""
        )
        self._show_split()

    @Slot()
    def _show_split(self) -> None:
        split = self._split
        full = split.full.single.pictures if split else 0
        new = split.without_training_duplicates if split else None
        repeated = full - (new.single.pictures if new else 0)
        self.without.setEnabled(new is not None and repeated > 0)
        self.without.setText(
            self.tr("Exclude {:,} training duplicates").format(repeated)
            if self.without.isEnabled()
            else self.tr("Exclude training duplicates")
        )
        if split is None or self.without.isEnabled():
            tip = self.tr(
                "Exclude pictures of the training split, which the network may have memorised."
            )
        elif new is None:
            tip = self.tr("All pictures of this split are also in the training split.")
        else:
            tip = self.tr("No picture of this split is also in the training split.")
        self.without.setToolTip(tip)
        self._show_scores()

    @property
    def _split(self) -> SplitEvaluation | None:
        return self._evaluation.splits.get(self.split.currentText()) if self._evaluation else None

    @property
    def _leaves_out(self) -> bool:
        return self.without.isEnabled() and self.without.isChecked()

    @property
    def scores(self) -> Scores | None:
        """The ones shown."""
        split = self._split
        if split is None:
            return None
        measured = split.without_training_duplicates if self._leaves_out else split.full
        assert measured is not None
        return measured.flip_averaged if self.flip.isChecked() else measured.single

    @Slot()
    def _show_scores(self) -> None:
        scores = self.scores
        self.confusion.set_scores(scores)
        self.classes.set_scores(scores)
        self.calibration.set_scores(scores)
        if scores is None:
            for figure in self.findChildren(_Figure):
                figure.show_value("–", "")
            return
        self.accuracy.show_value(_percent(scores.accuracy.value), self._interval(scores.accuracy))
        self.macro_f1.show_value(_percent(scores.macro_f1.value), self._interval(scores.macro_f1))
        self.top2.show_value(_percent(scores.top2), self.tr("in the top two"))
        self.calibration_error.show_value(
            _percent(scores.calibration_error), self.tr("0 % is perfect")
        )
        self.count.show_value(
            f"{scores.pictures:,}", self.tr("of {}").format(self.split.currentText())
        )

    def _interval(self, estimate: Estimate) -> str:
        return self.tr("95 % CI {:.1f}–{:.1f}").format(100 * estimate.low, 100 * estimate.high)

    @Slot(int, int)
    def _on_cell_chosen(self, true: int, predicted: int) -> None:
        scores = self.scores
        assert scores is not None
        request = CellRequest(
            self._files,
            self.split.currentText(),
            Expression(true),
            Expression(predicted),
            self.flip.isChecked(),
            self._leaves_out,
        )
        self._pictures.ask(request, scores.confusion[true][predicted])


class _Figure(QWidget):
    """A name, a large value and a note."""

    def __init__(self, name: str) -> None:
        super().__init__()
        caption = QLabel(name)
        caption.setObjectName("caption")
        self.value = QLabel()
        self.value.setObjectName("headline")
        self.value.setAccessibleDescription(name)
        self.note = QLabel()
        self.note.setObjectName("caption")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for label in (caption, self.value, self.note):
            layout.addWidget(label)

    def show_value(self, value: str, note: str) -> None:
        self.value.setText(value)
        self.note.setText(note)


def _card(title: str, content: QWidget, hint: str = "") -> QFrame:
    card = QFrame()
    card.setObjectName("card")
    name = QLabel(title)
    name.setStyleSheet("font-weight: 600;")
    aside = QLabel(hint)
    aside.setObjectName("caption")
    grid = QGridLayout(card)
    grid.setContentsMargins(16, 10, 16, 10)
    grid.setVerticalSpacing(6)
    grid.addWidget(name, 0, 0)
    grid.addWidget(aside, 0, 1, Qt.AlignmentFlag.AlignRight)
    grid.addWidget(content, 1, 0, 1, 2)
    grid.setRowStretch(1, 1)
    return card


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
