"""A matrix with some of its entries, or some of its rows, replaced.

[[1, 2], [3, 4]], rows [0], [[5, 6]]      becomes      [[5, 6], [3, 4]]
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.exact.matrix import Matrix, vstack


def with_entries(matrix: Matrix, rows: Indices, columns: Indices, values: Floats) -> Matrix:
    """The matrix with entry (rows[k], columns[k]) set to the finite float values[k]."""
    if matrix.is_float:
        table = matrix.floats.copy()
        table[rows, columns] = values
        return Matrix.from_floats(table)
    entries = matrix.fractions()
    for i, j, value in zip(rows.tolist(), columns.tolist(), values.tolist(), strict=True):
        entries[i][j] = Fraction(value)
    return Matrix.from_fractions(entries, matrix.shape[1])


def with_rows(matrix: Matrix, rows: Sequence[int] | Indices, new: Matrix) -> Matrix:
    """The matrix with row rows[k] replaced by row k of `new`."""
    order = np.arange(matrix.shape[0])
    order[np.asarray(rows, dtype=np.int64)] = matrix.shape[0] + np.arange(len(rows))
    return vstack([matrix, new]).select_rows(order)
