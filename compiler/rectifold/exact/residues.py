"""Matrices modulo a large prime: fast ranks and reduced forms that are never too optimistic.

    [[2, 4], [1, 2]]      →      rank 1, reduced [[1, 2]]

A rank modulo a prime is at most the rank: so what is independent here is independent.
"""

from __future__ import annotations

from collections.abc import Sequence

from flint import nmod_mat

from rectifold.exact.entries import PRIME
from rectifold.exact.matrix import Matrix

Residues = list[list[int]]  # rows, each entry in [0, PRIME)


def residues(matrix: Matrix) -> Residues | None:
    """The entries modulo the prime; None where it divides the denominator."""
    integers, den = matrix.integers()
    if den % PRIME == 0:
        return None
    factor, width = pow(den, -1, PRIME), matrix.shape[1]
    values = [value * factor % PRIME for value in integers]
    return [values[k * width : (k + 1) * width] for k in range(matrix.shape[0])]


def rank_of(rows: Sequence[Sequence[int]]) -> int:
    """The rank; at most that of the rational matrix."""
    return int(_mat(rows).rank()) if rows and rows[0] else 0


def reduced(rows: Sequence[Sequence[int]]) -> tuple[Residues, list[int]]:
    """(nonzero rows of the reduced row echelon form, pivot columns)."""
    if not rows or not rows[0]:
        return [], []
    mat, rank = _mat(rows).rref()
    table = [[int(v) for v in row] for row in mat.tolist()[: int(rank)]]
    return table, [next(j for j, v in enumerate(row) if v) for row in table]


def transposed(rows: Sequence[Sequence[int]], columns: int) -> Residues:
    """The rows as columns; `columns` is how many there are."""
    return [[row[j] for row in rows] for j in range(columns)]


def plus_product(
    rows: Residues, column: Sequence[int], row: Sequence[int], factor: int
) -> Residues:
    """rows + factor · column · row."""
    return [
        [(v + factor * c * w) % PRIME for v, w in zip(own, row, strict=True)]
        for own, c in zip(rows, column, strict=True)
    ]


def _mat(rows: Sequence[Sequence[int]]) -> nmod_mat:
    return nmod_mat(len(rows), len(rows[0]), [v for row in rows for v in row], PRIME)
