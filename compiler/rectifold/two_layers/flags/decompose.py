"""A class as a sum of few others: floats propose which, exact arithmetic decides.

    total = 2 a − b over the columns a, b, c, …      →      {a: 2, b: −1}

A solution with few columns is looked for by weighted least squares, reweighted so that small
coefficients vanish; columns are then eliminated in that order modulo a prime until the total is in
their span, and the coefficients are solved over the rationals and put back in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

import numpy as np
import numpy.typing as npt

from rectifold.effort.geometry import SHALLOW_EFFORT
from rectifold.exact.matrix import Matrix
from rectifold.two_layers.flags.cells import Chain

Values = dict[Chain, Fraction]
_PRIME = (1 << 20) - 3  # 2^13 products of two residues are summed exactly in a float


def combination(
    total: Values, columns: Sequence[Values], costs: Sequence[float]
) -> dict[int, Fraction] | None:
    """Coefficients of few columns, by number, whose sum is the total; None if none is found.

    Columns of small cost are preferred. What is returned is exact.
    """
    kept = _useful(total, columns)
    chains = {chain for k in kept for chain in columns[k]}
    if not total or not set(total) <= chains:
        return None if total else {}
    place = {chain: i for i, chain in enumerate(sorted(chains))}
    table = _table([columns[k] for k in kept] + [total], place)
    for rows in (SHALLOW_EFFORT.sketched_rows, len(kept) + SHALLOW_EFFORT.sketched_rows):
        if rows * len(kept) > SHALLOW_EFFORT.sketched_entries:
            return None
        chosen = _cheapest(table, [costs[k] for k in kept], rows)
        found = (
            None if chosen is None else _solved(total, columns, [kept[k] for k in chosen], place)
        )
        if found is not None or chosen is None or rows >= len(place):
            return found
    return None


def _cheapest(table: _Table, costs: Sequence[float], rows: int) -> list[int] | None:
    """Columns that span the last one in random sums of so many rows, found in two orders."""
    residues = _sketched(table, rows)
    best = _spanning(residues, _by_cost(costs))
    if best is None or len(best) == 1:
        return best
    other = _spanning(residues, _by_size(_summed(table), costs))
    if other is not None and sum(costs[k] for k in other) < sum(costs[k] for k in best):
        return other
    return best


def _useful(total: Values, columns: Sequence[Values]) -> list[int]:
    """Columns without a chain that neither the total nor another useful column has."""
    kept = [k for k, column in enumerate(columns) if column]
    while True:
        count = Counter(chain for k in kept for chain in columns[k])
        count.update(total.keys())
        left = [k for k in kept if all(count[chain] > 1 for chain in columns[k])]
        if len(left) == len(kept):
            return kept
        kept = left


@dataclass(frozen=True, eq=False)
class _Column:
    """What is not 0 in a column: its rows, floats of size 1 at most, residues modulo the prime."""

    rows: npt.NDArray[np.intp]
    floats: npt.NDArray[np.float64]
    residues: npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class _Table:
    """Columns of so many rows. Most entries are 0, and it is never written out where it is long."""

    columns: Sequence[_Column]
    length: int


def _table(columns: Sequence[Values], place: dict[Chain, int]) -> _Table:
    return _Table([_column(column, place) for column in columns], len(place))


def _column(column: Values, place: dict[Chain, int]) -> _Column:
    size = max(abs(v) for v in column.values())
    den = lcm(*(v.denominator for v in column.values()))
    return _Column(
        np.array([place[chain] for chain in column], dtype=np.intp),
        np.array([float(v / size) for v in column.values()]),
        np.array([int(v * den) % _PRIME for v in column.values()], dtype=np.int64),
    )


def _sketched(table: _Table, rows: int) -> npt.NDArray[np.int64]:
    """So many random sums of the rows modulo the prime; the rows themselves if they are fewer."""
    result = np.zeros((min(rows, table.length), len(table.columns)), dtype=np.int64)
    if table.length <= rows:
        for k, column in enumerate(table.columns):
            result[column.rows, k] = column.residues
        return result
    random, step = np.random.default_rng(0), SHALLOW_EFFORT.sketched_rows
    for start in range(0, rows, step):
        count = min(step, rows - start)
        factors = random.integers(0, _PRIME, (count, table.length)).astype(float).T.copy()
        for k, column in enumerate(table.columns):
            result[start : start + count, k] = _sum_of(column, factors)
    return result


def _sum_of(column: _Column, factors: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Residues of a column's sum, of factors (row × sum) that are residues: exact in floats."""
    total = np.zeros(factors.shape[1], dtype=np.int64)
    summed = 2**53 // _PRIME**2
    for start in range(0, len(column.rows), summed):
        part = slice(start, start + summed)
        product = column.residues[part].astype(float) @ factors[column.rows[part]]
        total = (total + product.astype(np.int64)) % _PRIME
    return total


def _summed(table: _Table) -> npt.NDArray[np.float64]:
    """The columns as floats, or random sums of their rows where these are many."""
    rows = SHALLOW_EFFORT.sketched_rows
    result = np.zeros((min(rows, table.length), len(table.columns)))
    if table.length <= rows:
        for k, column in enumerate(table.columns):
            result[column.rows, k] = column.floats
        return result
    normals = np.random.default_rng(0).standard_normal((rows, table.length)).T.copy()
    for k, column in enumerate(table.columns):
        result[:, k] = column.floats @ normals[column.rows]
    return result


def _by_cost(costs: Sequence[float]) -> list[int]:
    return sorted(range(len(costs)), key=lambda k: (costs[k], k))


def _by_size(floats: npt.NDArray[np.float64], costs: Sequence[float]) -> list[int]:
    """By the size of coefficients of a solution in floats with a small weighted sum of sizes."""
    a, b = floats[:, :-1], floats[:, -1]
    weights = 1.0 / np.asarray(costs)
    scale = weights.copy()
    x = np.zeros(len(costs))
    for _ in range(SHALLOW_EFFORT.reweighted):
        gram = (a * scale) @ a.T
        gram[np.diag_indices_from(gram)] += 1e-10 * max(float(np.trace(gram)) / len(gram), 1e-30)
        x = scale * (a.T @ np.linalg.solve(gram, b))
        scale = (np.abs(x) + 1e-9) * weights
    return sorted(range(len(costs)), key=lambda k: (-abs(float(x[k])) * costs[k], k))


def _spanning(residues: npt.NDArray[np.int64], order: Sequence[int]) -> list[int] | None:
    """Columns, in this order, in whose span the last one is: those with coefficients not 0."""
    work = residues[:, [*order, residues.shape[1] - 1]]
    done, pivots = 0, []
    for column in range(len(order)):
        if not work[done:, -1].any():
            break
        nonzero = np.nonzero(work[done:, column])[0]
        if not len(nonzero):
            continue
        row = done + int(nonzero[0])
        work[[done, row]] = work[[row, done]]
        inverse = pow(int(work[done, column]), -1, _PRIME)
        work[done, column:] = work[done, column:] * inverse % _PRIME
        others = np.nonzero(work[:, column])[0]
        others = others[others != done]
        work[others, column:] = (
            work[others, column:] - work[others, column][:, None] * work[done, column:] % _PRIME
        ) % _PRIME
        pivots.append(column)
        done += 1
    if work[done:, -1].any():
        return None
    return [order[column] for row, column in enumerate(pivots) if work[row, -1]]


def _solved(
    total: Values, columns: Sequence[Values], chosen: Sequence[int], place: dict[Chain, int]
) -> dict[int, Fraction] | None:
    """The exact coefficients of these columns; None if they do not give the total."""
    zero = Fraction(0)
    met = {chain for k in chosen for chain in columns[k]}.union(total)
    table = [
        [*(columns[k].get(chain, zero) for k in chosen), total.get(chain, zero)]
        for chain in sorted(met, key=place.__getitem__)
    ]
    table = [row for row in table if any(row)]
    reduced, pivots = Matrix.from_fractions(table, columns=len(chosen) + 1).rref()
    if pivots != list(range(len(chosen))):
        return None
    return {k: reduced.entry(row, len(chosen)) for row, k in enumerate(chosen)}
