"""Who gets what, so that it costs least in all."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def assign(costs: npt.NDArray[np.float64]) -> list[int]:
    """The column of each row, no two the same, with the least sum of ``costs`` [rows, columns].

    There must be at least as many columns as rows, and all costs finite.

    Each row in turn takes the shortest augmenting path (Jonker and Volgenant, 1987) through the
    columns of the rows before it. SciPy has this too, but is no dependency of the program, and
    for its size and the time that its import takes not worth becoming one.
    """
    rows, columns = costs.shape
    row_price, column_price = np.zeros(rows), np.zeros(columns)
    holder = np.full(columns, -1)
    for newcomer in range(rows):
        distance = np.full(columns, np.inf)
        before = np.full(columns, -1)
        """The column from whose holder each column is reached; -1 from the newcomer itself."""
        visited = np.zeros(columns, bool)
        row, column, length = newcomer, -1, 0.0
        while row >= 0:
            reach = length + costs[row] - row_price[row] - column_price
            shorter = ~visited & (reach < distance)
            distance[shorter] = reach[shorter]
            before[shorter] = column
            column = int(np.where(visited, np.inf, distance).argmin())
            length = distance[column]
            visited[column] = True
            row = holder[column]
        # The free column at the end of the path keeps its price: it is as far as the path is long.
        gain = length - distance[visited]
        column_price[visited] -= gain
        held = holder[visited]
        row_price[held[held >= 0]] += gain[held >= 0]
        row_price[newcomer] += length
        while before[column] >= 0:
            holder[column] = holder[before[column]]
            column = int(before[column])
        holder[column] = newcomer
    chosen = np.flatnonzero(holder >= 0)
    return [int(column) for column in chosen[np.argsort(holder[chosen])]]
