"""Which side of each hyperplane a unit stands on, so that the linear part has a small rank.

    z + relu(−z)      becomes      relu(z):      the flip takes the linear part z away

A layer gives Σ J_k relu(z_k) + M a. As J relu(z) = J relu(−z) + J z, the units of a set S can be
turned, and M becomes M + Σ_{k∈S} J_k w_kᵀ. `orientation` looks for a set of least rank, and says
below which rank no set can go. Sound because ranks modulo a prime are at most the ranks, and
because of what `_least` says; what is found is only a suggestion, as the rewrite factors M exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

from rectifold.effort.running import CompileEffort
from rectifold.exact.entries import PRIME
from rectifold.exact.matrix import Matrix
from rectifold.exact.residues import (
    Residues,
    plus_product,
    rank_of,
    reduced,
    residues,
    transposed,
)


@dataclass(frozen=True)
class Orientation:
    """Units that are turned, by place; the rank of the linear part then, and the least rank that
    any set of units can leave (a bound).
    """

    flips: tuple[int, ...]
    rank: int
    least: int


def orientation(linear: Matrix, jumps: Matrix, rows: Matrix) -> Orientation | None:
    """Units to turn, for `linear` (s×n) and units with columns `jumps` (s×h) and `rows` (h×n).

    None where there would be too much work.
    """
    (s, n), h = linear.shape, jumps.shape[1]
    if s * n * (h + min(s, n)) > CompileEffort.most_orientation_work:
        return None
    parts = [residues(matrix) for matrix in (linear, jumps.T, rows)]
    if any(part is None for part in parts):
        return None
    m, columns, own = (part for part in parts if part is not None)
    return _Search(m, columns, own).run()


class _Search:
    """`linear` as it is with the units in `flipped` turned. Rows of `jumps` are the columns J_k."""

    def __init__(self, linear: Residues, jumps: Residues, rows: Residues) -> None:
        self.linear = linear
        self.jumps = jumps
        self.rows = rows
        self.flipped: set[int] = set()

    def run(self) -> Orientation:
        """Single flips while one helps; then all sets of the units that are in doubt."""
        while True:
            split = _Split(self.linear, self.jumps, self.rows)
            k = next((k for k in split.inside if self._drops(split, k)), None)
            if k is not None:
                self._flip(k)
                continue
            least, better = self._least(split)
            if not better:
                return Orientation(tuple(sorted(self.flipped)), split.rank, least)
            for k in better:
                self._flip(k)

    def _factor(self, k: int) -> int:
        """What turning the unit (back) adds of J wᵀ."""
        return -1 if k in self.flipped else 1

    def _flip(self, k: int) -> None:
        self.linear = self._turned(self.linear, k)
        self.flipped ^= {k}

    def _turned(self, linear: Residues, k: int) -> Residues:
        return plus_product(linear, self.jumps[k], self.rows[k], self._factor(k))

    def _drops(self, split: _Split, k: int) -> bool:
        """Does turning the unit leave a smaller rank?

        With M = F Q, J = F α and w = Qᵀ β, M + J wᵀ = F (I + α βᵀ) Q.
        """
        alpha, beta = split.left[k], split.right[k]
        return (1 + self._factor(k) * sum(a * b for a, b in zip(alpha, beta, strict=True))) % (
            PRIME
        ) == 0

    def _least(self, split: _Split) -> tuple[int, list[int]]:
        """(a bound below the rank for every set of units, units whose flips leave a smaller rank).

        Rows that cancel the columns J_k of some units, and columns that cancel the rows w_k of
        others, leave nothing of M but what no choice for those units changes. Units that can be
        cancelled so at no cost are out of the question; the others are tried in all combinations,
        or each takes 1 from the rank at most.
        """
        if not split.doubt:
            return split.rank, []
        if len(self.jumps) <= CompileEffort.most_doubtful_units:
            return self._try_all(split, range(len(self.jumps)), rank_of)
        if len(split.doubt) <= CompileEffort.most_doubtful_units:
            return self._try_all(split, split.doubt, split.rank_left)
        return max(0, split.rank - len(split.doubt)), self._pair(split)

    def _try_all(
        self, split: _Split, units: Sequence[int], rank_left: Callable[[Residues], int]
    ) -> tuple[int, list[int]]:
        """`_least`, where all sets of these units are tried; `rank_left` is what the others leave
        of a matrix.
        """
        least = split.rank
        for turned in product((False, True), repeat=len(units)):
            chosen = [k for k, is_turned in zip(units, turned, strict=True) if is_turned]
            linear = self.linear
            for k in chosen:
                linear = self._turned(linear, k)
            if rank_of(linear) < split.rank:
                return 0, chosen
            least = min(least, rank_left(linear))
        return least, []

    def _pair(self, split: _Split) -> list[int]:
        """Two units in doubt that leave a smaller rank together; none if there are none."""
        for k in split.doubt:
            other = _Split(self._turned(self.linear, k), self.jumps, self.rows)
            if other.rank == split.rank:
                second = next((j for j in other.inside if j != k and self._drops(other, j)), None)
                if second is not None:
                    return [k, second]
        return []


class _Split:
    """M = F Q, and how the units stand to it.

    `inside`: units with J in the span of F and w in that of Q, with their coordinates `left` and
    `right`. `doubt`: those that are cancelled neither on the left nor on the right at no cost.
    """

    def __init__(self, linear: Residues, jumps: Residues, rows: Residues) -> None:
        basis, pivots = reduced(linear)
        self.rank = len(pivots)
        factor = [[row[j] for row in linear] for j in pivots]  # columns of F
        self.jumps, self.rows = jumps, rows
        every = list(range(len(jumps)))
        left, self.cancelled_left = _coordinates(factor, jumps, every)
        rest = [k for k in every if k not in self.cancelled_left]
        right, _ = _coordinates(basis, rows, every)
        _, self.cancelled_right = _coordinates(basis, rows, rest)
        self.doubt = [k for k in rest if k not in self.cancelled_right]
        self.left, self.right = left, right
        self.inside = [k for k in every if k in left and k in right]

    def rank_left(self, linear: Residues) -> int:
        """The rank of M on the rows and columns that cancel units."""
        columns = [self.jumps[k] for k in sorted(self.cancelled_left)]
        rows = [self.rows[k] for k in sorted(self.cancelled_right)]
        none = [0] * len(columns)
        bordered = [[*own, *(c[i] for c in columns)] for i, own in enumerate(linear)]
        bordered += [[*row, *none] for row in rows]
        return rank_of(bordered) - rank_of(columns) - rank_of(rows)


def _coordinates(
    basis: Sequence[Sequence[int]], vectors: Sequence[Sequence[int]], chosen: Sequence[int]
) -> tuple[dict[int, list[int]], set[int]]:
    """(coordinates of the chosen vectors in the span of a basis, vectors that are cancelled).

    Cancelled are, in their order, those independent of the basis and those before, and the
    combinations of such alone: what is 0 on all of them still tells the basis apart.
    """
    size = len(basis)
    columns = [*basis, *(vectors[k] for k in chosen)]
    if not columns or not columns[0]:
        return {k: [] for k in chosen}, set(chosen)
    table, pivots = reduced(transposed(columns, len(columns[0])))
    inside: dict[int, list[int]] = {}
    cancelled: set[int] = set()
    for place, k in enumerate(chosen, start=size):
        column = [row[place] for row in table]
        if not any(column[size:]):
            inside[k] = column[:size]
        if place in pivots or not any(column[:size]):
            cancelled.add(k)
    return inside, cancelled
