"""The Faces page of the Files tab."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from PySide6.QtCore import QLocale, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from app.background import Background
from app.elided_label import ElidedLabel
from app.files.gallery.crops import Crops
from app.files.gallery.expression_chips import ExpressionChips
from app.files.gallery.model import FacesModel, Sorting
from app.files.gallery.reading import Reading, read, version
from app.files.gallery.view import FacesView
from ml.batch.items import Item, Kind

_GATHER_MS: Final = 150
"""For which recordings that are read one after the other are gathered, and shown together."""


class Gallery(QWidget):
    """All faces of pictures; of videos each person's most certain one of each episode."""

    open_requested = Signal(object, float, int)
    """The Path of a recording's folder, a time in it in seconds, and a person's track id."""

    def __init__(self) -> None:
        super().__init__()
        self._background = Background(self)
        self._closed = False
        self._results: dict[Path, Item] = {}
        """By the folder of the recording, in the order of the files."""
        self._read: dict[Path, Reading] = {}
        self._failed: dict[Path, str] = {}
        """Why a recording cannot be read."""
        self._pending: set[Path] = set()
        """Folders that are going to be looked at."""
        self._crops = Crops(self)
        self.model = FacesModel(self._crops, self)
        self._gathering = QTimer(self)
        self._gathering.setSingleShot(True)
        self._gathering.setInterval(_GATHER_MS)
        self._build()
        self._gathering.timeout.connect(self._show)
        self._crops.changed.connect(self.view.viewport().update)
        self.view.moved.connect(self._want)
        self.view.chosen.connect(self._on_chosen)
        self.chips.changed.connect(self._on_chips)
        self.sorting.currentIndexChanged.connect(self._on_sorting)

    def show_results(self, results: Sequence[tuple[Item, Path]]) -> None:
        """Items, and the folders of their recordings; they are read when the page is shown."""
        self._results = {folder: item for item, folder in results}
        for known in (self._read, self._failed):
            for folder in known.keys() - self._results.keys():
                del known[folder]
        if self.isVisible():
            self._look_at(self._results.keys() - self._read.keys() - self._failed.keys())
        self._show()

    def refresh_theme(self) -> None:
        self.view.viewport().update()
        self.chips.refresh_theme()

    def shut_down(self) -> bool:
        """Stop all threads; returns whether they ended in time."""
        self._closed = True
        self._gathering.stop()
        return all([self._crops.shut_down(), self._background.shut_down()])

    def showEvent(self, event: QShowEvent) -> None:
        """Recordings may have been corrected meanwhile, and missing files may be there again."""
        super().showEvent(event)
        self._crops.forget_problems()
        self._look_at(self._results)
        self._show()
        self._want()

    def _build(self) -> None:
        self.chips = ExpressionChips()
        self.view = FacesView(self.model)
        self.told = ElidedLabel()
        self.told.setObjectName("caption")
        self.sorting = QComboBox()
        self.sorting.setObjectName("compact")
        self.sorting.setAccessibleName(self.tr("Sort by"))
        for sorting, text in (
            (Sorting.EXPRESSION, self.tr("Most certain of each expression first")),
            (Sorting.DOUBT, self.tr("Most doubtful first")),
            (Sorting.FILE, self.tr("File and time")),
            (Sorting.QUALITY, self.tr("Lowest quality first")),
        ):
            self.sorting.addItem(text, sorting)
        self.nothing = QLabel()
        self.nothing.setObjectName("caption")
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.nothing.setWordWrap(True)
        self.nothing.setMargin(24)
        self._pages = QStackedLayout()
        self._pages.addWidget(self.nothing)
        self._pages.addWidget(self.view)
        card = QFrame()
        card.setObjectName("card")
        inside = QVBoxLayout(card)
        inside.setContentsMargins(6, 4, 4, 4)
        inside.addLayout(self._pages)
        self.problem = ElidedLabel()
        self.problem.setObjectName("caption")
        above = QHBoxLayout()
        above.setSpacing(8)
        above.addWidget(self.told, 1)
        above.addWidget(self.sorting)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.chips)
        layout.addLayout(above)
        layout.addWidget(card, 1)
        layout.addWidget(self.problem)
        self._show_words()

    # Reading recordings

    def _look_at(self, folders: Iterable[Path]) -> None:
        """Read those that were not read yet, or are not as they were."""
        wanted = set(folders) - self._pending
        self._pending |= wanted
        for folder in (folder for folder in self._results if folder in wanted):
            work = partial(self._look, self._results[folder], folder, self._read.get(folder))
            self._background.do(work, partial(self._on_looked, folder))

    def _look(self, item: Item, folder: Path, known: Reading | None) -> Reading | None:
        """In the background. None if nobody waits for it any more."""
        if self._closed:
            return None
        if known is not None and known.item == item and known.version == version(folder):
            return known
        return read(item, folder)

    def _on_looked(self, folder: Path, reading: Reading | None, failure: str) -> None:
        self._pending.discard(folder)
        if folder in self._results:
            self._failed.pop(folder, None)
            self._read.pop(folder, None)
            if reading is not None:
                self._read[folder] = reading
            else:
                self._failed[folder] = failure
        if not self._gathering.isActive():
            self._gathering.start()

    # Showing

    @Slot()
    def _show(self) -> None:
        readings = [self._read[folder] for folder in self._results if folder in self._read]
        if readings != self.model.readings:
            with self.view.keeping_place():
                self.model.show(readings)
            self.chips.show_counts(self.model.counts)
        self._show_words()

    def _show_words(self) -> None:
        shown, faces = self.model.rowCount(), sum(self.model.counts)
        self._pages.setCurrentWidget(self.view if shown else self.nothing)
        number = QLocale().toString
        if faces == shown:
            told = self.tr("Faces: {} · results: {}").format(number(faces), len(self._read))
        else:
            told = self.tr("{} of {} faces").format(number(shown), number(faces))
        if self._pending:
            told = self.tr("{} · reading {} more").format(told, len(self._pending))
        elif any(reading.item.kind is Kind.VIDEO for reading in self._read.values()):
            told += self.tr(" · of videos, the most certain face of each person and episode")
        self.told.set_text(told if self._results else "")
        self.sorting.setEnabled(faces > 0)
        self.nothing.setText(self._why_nothing(faces))
        self.problem.set_text(self._problem())
        self.problem.setVisible(bool(self._failed))

    def _why_nothing(self, faces: int) -> str:
        if faces:
            return self.tr("None of these faces is shown: check an expression above.")
        if self._pending:
            return self.tr("Reading results…")
        if self._results:
            return self.tr("No faces were found.")
        return self.tr(
            "The faces found in your files are shown here when they have been analysed, with what "
            "the network says of each. A look at them tells whether the results can be trusted."
        )

    def _problem(self) -> str:
        """On one line."""
        if not self._failed:
            return ""
        reason = next(iter(self._failed.values()))
        more = len(self._failed) - 1
        return self.tr("{} And {} more.").format(reason, more) if more else reason

    @Slot()
    def _want(self) -> None:
        if self.isVisible():
            faces = map(self.model.face, self.view.rows_in_view)
            self._crops.want([face.place for face in faces])

    # What the user does

    @Slot()
    def _on_chips(self) -> None:
        with self.view.keeping_place():
            self.model.show_only(self.chips.checked)
        self._show_words()

    @Slot()
    def _on_sorting(self) -> None:
        self.model.sort_by(self.sorting.currentData())
        self.view.show_top()

    @Slot(int)
    def _on_chosen(self, row: int) -> None:
        face = self.model.face(row)
        self.open_requested.emit(face.folder, face.time, face.person)
