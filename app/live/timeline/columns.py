"""What is drawn of a person's rows: a mean and a label for those that share a column of pixels."""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from ml.expressions import EXPRESSIONS
from ml.people.history import Rows

_Float = TypeVar("_Float", np.float32, np.float64)
_Floats = npt.NDArray[np.float64]
_Keys = npt.NDArray[np.integer] | npt.NDArray[np.bool_]


class Runs(NamedTuple):
    """Times without gaps in which something stays the same; three arrays of one length."""

    begins: _Floats
    """Seconds, as all times here."""
    ends: _Floats
    keys: _Keys
    """What it is that stays the same."""


class Columns:
    """Rows by the columns that they begin in; a column in which none begins is left out.

    A column holds until the next, or, where the person was not seen for at least a column's width
    after it, until the end of its last row.
    """

    def __init__(self, rows: Rows, width: float) -> None:
        """``width`` is a column's, in seconds.

        The columns begin at multiples of ``width``, so that a row stays in its column, and the
        drawing the same, while time goes on.
        """
        self._rows = rows
        self._times = np.ascontiguousarray(rows["time"])
        numbers = np.floor(self._times / width)
        another = np.ones(len(rows), bool)
        another[1:] = numbers[1:] != numbers[:-1]
        self._index = np.cumsum(another) - 1
        """Of each row's column."""
        self._first = np.flatnonzero(another)
        """Each column's first row."""
        last = np.append(self._first[1:], len(rows))[: len(self._first)] - 1
        self.begins: _Floats = self._times[self._first]
        self.ends: _Floats = self._times[last] + rows["seconds"][last]
        self._joined = self.begins[1:] - self.ends[:-1] < width
        """Whether the person was seen from each column to the next."""
        self.ends[:-1][self._joined] = self.begins[1:][self._joined]

    def __len__(self) -> int:
        return len(self._first)

    @property
    def times(self) -> _Floats:
        """The mean time of each column's rows."""
        return self._mean(self._times)

    def mean(self, field: str) -> npt.NDArray[np.float32]:
        """Of a field of ROW in each column."""
        return self._mean(self._rows[field].astype(np.float32))

    def labels(self, field: str) -> npt.NDArray[np.intp]:
        """Of each column: the most frequent label, or for ``raw`` values that of their mean."""
        if field == "raw":
            votes = self.mean(field)
        else:
            kinds = len(EXPRESSIONS)
            keys = self._index * kinds + self._rows["label"]
            counts = np.bincount(keys, minlength=len(self) * kinds)
            votes = counts.reshape(-1, kinds).astype(np.float32)
        labels: npt.NDArray[np.intp] = votes.argmax(axis=1)
        return labels

    @property
    def pieces(self) -> list[slice]:
        """The columns from gap to gap."""
        if not len(self):
            return []
        cuts = [0, *(np.flatnonzero(~self._joined) + 1).tolist(), len(self)]
        return list(map(slice, cuts, cuts[1:]))

    def runs(self, keys: _Keys) -> Runs:
        """Where the columns' ``keys`` stay the same without a gap."""
        changes = np.flatnonzero(~self._joined | (keys[1:] != keys[:-1])) + 1
        first = np.append(0, changes)[: len(self)]
        last = np.append(changes, len(self))[: len(self)] - 1
        return Runs(self.begins[first], self.ends[last], keys[first])

    def _mean(self, values: npt.NDArray[_Float]) -> npt.NDArray[_Float]:
        if not len(self):
            return values[:0]
        sums: npt.NDArray[_Float] = np.add.reduceat(values, self._first, axis=0)
        counts = np.diff(self._first, append=len(self._rows)).astype(values.dtype)
        sums /= counts.reshape(-1, *[1] * (values.ndim - 1))
        return sums
