"""A class as a sum of few others: floats propose which, exact arithmetic decides.

    total = 2 a − b over the columns a, b, c, …      →      {a: 2, b: −1}

A solution with few columns is looked for by weighted least squares, reweighted so that small
coefficients vanish; columns are then eliminated in that order modulo a prime until the total is in
their span, and the coefficients are solved over the rationals and put back in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
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
        chosen = _cheapest(table, [costs[k] for k in kept], rows)
        found = (
            None if chosen is None else _solved(total, columns, [kept[k] for k in chosen], place)
        )
        if found is not None or chosen is None or rows >= len(place):
            return found
    return None


def _cheapest(table: _Table, costs: Sequence[float], rows: int) -> list[int] | None:
    """Columns that span the last one in random sums of so many rows, found in two orders."""
    residues = _sketched(table.residues, rows)
    best = _spanning(residues, _by_cost(costs))
    if best is None or len(best) == 1:
        return best
    other = _spanning(residues, _by_size(table.floats, costs))
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


class _Table:
    """Columns as floats, scaled by row and column, and as residues modulo the prime."""

    def __init__(self, floats: npt.NDArray[np.float64], residues: npt.NDArray[np.int64]) -> None:
        self.floats = floats
        self.residues = residues


def _table(columns: Sequence[Values], place: dict[Chain, int]) -> _Table:
    floats = np.zeros((len(place), len(columns)))
    residues = np.zeros((len(place), len(columns)), dtype=np.int64)
    for k, column in enumerate(columns):
        size = max(abs(v) for v in column.values())
        den = lcm(*(v.denominator for v in column.values()))
        for chain, value in column.items():
            floats[place[chain], k] = float(value / size)
            residues[place[chain], k] = int(value * den) % _PRIME
    return _Table(floats, residues)


def _sketched(residues: npt.NDArray[np.int64], rows: int) -> npt.NDArray[np.int64]:
    """So many random sums of the rows modulo the prime; the rows themselves if they are fewer."""
    if len(residues) <= rows:
        return residues
    factors = np.random.default_rng(0).integers(0, _PRIME, (rows, len(residues)))
    result = np.zeros((rows, residues.shape[1]), dtype=np.int64)
    summed = 2**53 // _PRIME**2
    for start in range(0, len(residues), summed):
        part = slice(start, start + summed)
        product = factors[:, part].astype(float) @ residues[part].astype(float)
        result = (result + product.astype(np.int64)) % _PRIME
    return result


def _by_cost(costs: Sequence[float]) -> list[int]:
    return sorted(range(len(costs)), key=lambda k: (costs[k], k))


def _by_size(floats: npt.NDArray[np.float64], costs: Sequence[float]) -> list[int]:
    """By the size of coefficients of a solution in floats with a small weighted sum of sizes."""
    if len(floats) > SHALLOW_EFFORT.sketched_rows:
        floats = (
            np.random.default_rng(0).standard_normal((SHALLOW_EFFORT.sketched_rows, len(floats)))
            @ floats
        )
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
    table = [
        [*(columns[k].get(chain, zero) for k in chosen), total.get(chain, zero)] for chain in place
    ]
    table = [row for row in table if any(row)]
    reduced, pivots = Matrix.from_fractions(table, columns=len(chosen) + 1).rref()
    if pivots != list(range(len(chosen))):
        return None
    return {k: reduced.entry(row, len(chosen)) for row, k in enumerate(chosen)}
