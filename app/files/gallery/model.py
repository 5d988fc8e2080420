"""The faces as a list model: sorted, and filtered by expression."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import Enum, auto
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from app.duration import clock_time
from app.files.gallery.crops import Crops
from app.files.gallery.found_face import FoundFace
from app.files.gallery.reading import Reading
from app.tool_tip import tool_tip
from ml.expressions import EXPRESSIONS, Expression

FACE: Final = Qt.ItemDataRole.UserRole
"""Role of the FoundFace."""
PICTURE: Final = FACE + 1
"""Role of its QImage, or why there is none in words; None until it is read."""

Index = QModelIndex | QPersistentModelIndex
_NO_PARENT: Final = QModelIndex()
_Numbers = npt.NDArray[np.int64]


class Sorting(Enum):
    EXPRESSION = auto()
    """By expression, the most certain first."""
    DOUBT = auto()
    """The most doubtful first."""
    FILE = auto()
    """By file and time."""
    QUALITY = auto()
    """The worst first; those without at the end."""


class FacesModel(QAbstractListModel):
    """Faces are kept as arrays, and made into objects only when they are asked for."""

    def __init__(self, crops: Crops, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._crops = crops
        self.readings: Sequence[Reading] = []
        self._starts = np.zeros(1, np.int64)
        """Number of the first face of each reading, and of all faces."""
        self._expression = np.empty(0, np.int8)
        self._sorted: _Numbers = np.empty(0, np.int64)
        """Numbers of all faces."""
        self._shown: _Numbers = np.empty(0, np.int64)
        """Numbers of the faces in the rows."""
        self.sorting = Sorting.EXPRESSION
        self.expressions: Collection[Expression] = EXPRESSIONS
        """Those that are shown."""

    @property
    def counts(self) -> list[int]:
        """Of the faces of each Expression, shown or not."""
        counts: list[int] = np.bincount(self._expression, minlength=len(EXPRESSIONS)).tolist()
        return counts

    def show(self, readings: Sequence[Reading]) -> None:
        self.beginResetModel()
        self.readings = readings
        self._starts = np.cumsum([0, *map(len, readings)])
        self._expression = _joined([reading.expression for reading in readings], np.int8)
        self._sort()
        self._filter()
        self.endResetModel()

    def sort_by(self, sorting: Sorting) -> None:
        self.beginResetModel()
        self.sorting = sorting
        self._sort()
        self._filter()
        self.endResetModel()

    def show_only(self, expressions: Collection[Expression]) -> None:
        self.beginResetModel()
        self.expressions = expressions
        self._filter()
        self.endResetModel()

    def face(self, row: int) -> FoundFace:
        return self.origin(row)[0].face(self.origin(row)[1])

    def origin(self, row: int) -> tuple[Reading, int]:
        """The reading that has the face, and its place there."""
        number = self._shown[row]
        part = int(np.searchsorted(self._starts, number, "right")) - 1
        return self.readings[part], int(number - self._starts[part])

    def row(self, reading: Reading, place: int) -> int | None:
        """Of a face by its ``origin``; None if it is not shown."""
        for part, other in enumerate(self.readings):
            if other is reading:
                rows = np.flatnonzero(self._shown == self._starts[part] + place)
                return int(rows[0]) if len(rows) else None
        return None

    def _sort(self) -> None:
        readings, numbers = self.readings, np.arange(len(self._expression))
        match self.sorting:
            case Sorting.EXPRESSION:
                confidence = _joined([reading.confidence for reading in readings], np.float32)
                numbers = np.lexsort((-confidence, self._expression))
            case Sorting.DOUBT:
                confidence = _joined([reading.confidence for reading in readings], np.float32)
                numbers = np.argsort(confidence, kind="stable")
            case Sorting.QUALITY:
                quality = _joined([reading.quality for reading in readings], np.float32)
                numbers = np.argsort(quality, kind="stable")
        self._sorted = numbers

    def _filter(self) -> None:
        wanted = np.zeros(len(EXPRESSIONS), bool)
        wanted[list(self.expressions)] = True
        self._shown = self._sorted[wanted[self._expression[self._sorted]]]

    # The list model

    def rowCount(self, parent: Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self._shown)

    def data(self, index: Index, role: int = 0) -> Any:  # noqa: ANN401 - as Qt's
        if role not in _ROLES:
            return None
        face = self.face(index.row())
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.AccessibleTextRole:
                return ", ".join([_answer(face), *self._whereabouts(face)])
            case Qt.ItemDataRole.ToolTipRole:
                return tool_tip(self._explained(face))
            case _ if role == PICTURE:
                return self._crops.picture(face.place)
        return face

    def _whereabouts(self, face: FoundFace) -> list[str]:
        if face.place.time is None:
            number = self.tr("face {}").format(face.person)
            return [face.place.file.name, number]
        person = face.name or self.tr("person {}").format(face.person)
        return [face.place.file.name, clock_time(face.time, 2), person]

    def _explained(self, face: FoundFace) -> str:
        lines = [", ".join(self._whereabouts(face))]
        if face.quality is not None:
            lines.append(self.tr("Quality {:.0f} %").format(100 * face.quality))
        if face.place.turned:
            lines.append(self.tr("Turned by {}°, as it lay on its side").format(face.place.turned))
        by_probability = sorted(Expression, key=lambda e: face.probabilities[e], reverse=True)
        lines += [
            f"{e.label.capitalize()} {100 * face.probabilities[e]:.1f} %" for e in by_probability
        ]
        picture = self._crops.picture(face.place)
        return "\n".join([*lines, picture] if isinstance(picture, str) else lines)


_ROLES: Final = frozenset(
    [
        FACE,
        PICTURE,
        Qt.ItemDataRole.DisplayRole,
        Qt.ItemDataRole.AccessibleTextRole,
        Qt.ItemDataRole.ToolTipRole,
    ]
)


def _answer(face: FoundFace) -> str:
    return f"{face.expression.label.capitalize()} {100 * face.probability:.0f} %"


def _joined(arrays: Sequence[npt.NDArray[Any]], kind: type[np.generic]) -> npt.NDArray[Any]:
    return np.concatenate([np.empty(0, kind), *arrays])
