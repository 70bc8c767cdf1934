"""Cells: polytopes that cover a domain of few inputs, on each of which a network is affine.

    |x0| as relu(x0) + relu(−x0) on [−1, 1]     has the cells     [−1, 0]  and  [0, 1]

A cell is the list of its vertices, with the set of inequalities that cut it out: sides of the box,
constraints, units. An inequality is tight at a vertex where its value is 0.

Why a network is affine on a cell. Take a layer whose predecessors' relu units each have one sign
(≥ 0 or ≤ 0) at all vertices. Those units are affine on the cell, one after the other, hence so is
the layer: its values at the vertices say everything. A unit with both signs cuts the cell in two.
Where none is left the network is affine, and nonpositive on the cell if it is so at the vertices.

Why the lists of vertices are complete. The vertices of the part z ≥ 0 are the vertices with z ≥ 0
and the points of the edges that lead from z > 0 to z < 0. Two vertices are the ends of an edge
exactly if no third vertex has every inequality tight that both have (the smallest face with both is
the segment between them). An edge of a polytope in n dimensions lies on n − 1 inequalities at
least, which is asked first. Where at one of the two no more than n are tight, their normals are
independent, for it is a vertex; so n − 1 of them leave a line, on which there is no third vertex.
The values of a unit that cuts a cell are those of one affine function on it, for units before it
have one sign there. So the lists stay exact from one cut to the next.

What a new vertex costs is shared. It lies inside an edge, on which k units are tight that have cut,
n − 1 or fewer: 2^k cells around that edge have it in common, and each spends a part of its cost. So
the work is the same in whatever order cells are cut, by whom, and whichever vertices are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import product
from math import gcd, lcm
from typing import NamedTuple

from rectifold_check.directions import over_directions
from rectifold_check.integers.corners import Corner, Corners, Point
from rectifold_check.json import Refusal
from rectifold_check.limits import CELL_INPUTS_AS_THEY_ARE, MOST_CELL_INPUTS, MOST_KEPT_VALUES
from rectifold_check.networks import Domain, Network
from rectifold_check.work import Work


class Cell(NamedTuple):
    """Vertices, and a bit for each inequality that cuts the cell out of the space.

    `zero`, `through`: bits of relu units that are known to have h = 0, or h = z, on all of it, by
    more than the signs at its vertices.
    """

    corners: tuple[Corner, ...]
    cuts: int
    zero: int = 0
    through: int = 0


class Cells:
    """The cells on which a network is affine, on a bounded domain with few inputs that vary.

    Where they are not few, on one with all values that the network has on that (directions.py).
    """

    def __init__(self, network: Network, domain: Domain, work: Work | None = None) -> None:
        self.work = work or Work()
        self.domain = domain
        if len(self._varying()) > CELL_INPUTS_AS_THEY_ARE:
            self.domain = over_directions(network, domain, MOST_CELL_INPUTS, self.work)
        self.free = self._varying()
        if len(self.free) > MOST_CELL_INPUTS:
            raise Refusal(f"cells are for at most {MOST_CELL_INPUTS} inputs that vary")
        self.corners = Corners(network, self.domain, self.work)
        values = self.corners.starts[-1] << len(self.free)
        if len(self.free) > CELL_INPUTS_AS_THEY_ARE and values > MOST_KEPT_VALUES:
            raise Refusal(f"the corners of the box have {values} values, too many to keep")
        self.found = 0

    def affine(
        self, most: int, stop: Callable[[], bool] | None = None
    ) -> Iterator[tuple[Corner, ...]]:
        """The vertices of cells that cover the domain, the network affine on each.

        Raises Refusal beyond `most` of them, and once `stop` says so.
        """
        for cell in self.leaves(most, stop, lambda _: False):
            yield cell.corners

    def leaves(
        self,
        most: int,
        stop: Callable[[], bool] | None,
        is_done: Callable[[Cell], bool],
        waiting: list[Cell] | None = None,
    ) -> Iterator[Cell]:
        """Cells on each of which the network is affine; they and those that are done cover the
        domain.

        A cell of which `is_done` says so is counted in `found`, but neither cut nor answered.
        `waiting`: cells to cut instead of the box; it has those that are left.
        """
        waiting = [self.whole()] if waiting is None else waiting
        self.found = 0
        while waiting:
            if stop is not None and stop():
                raise Refusal("the count of the cells was stopped")
            cell = waiting.pop()
            ends_here = is_done(cell)
            parts = None if ends_here else self.parts(cell)
            if parts is not None:
                waiting += parts
                continue
            self.found += 1
            if self.found > most:
                raise Refusal(f"there are more than {most} cells")
            if not ends_here:
                yield cell

    def whole(self) -> Cell:
        """The box."""
        ends = self._ends()
        den = lcm(*(v.denominator for pair in ends for v in pair))
        corners = []
        for sides in product((0, 1), repeat=len(self.free)):
            chosen = dict(zip(self.free, sides, strict=True))
            corner = [ends[k][chosen.get(k, 0)] for k in range(len(ends))]
            numerators = [v.numerator * (den // v.denominator) for v in corner]
            corners.append(self.corners.at(_reduced([*numerators, den])))
            self.work.spend(corners[-1].cost)
        return Cell(tuple(corners), sum(3 << (2 * k) for k in self.free))

    def _varying(self) -> list[int]:
        return [k for k, (low, high) in enumerate(self._ends()) if low < high]

    def _ends(self) -> list[tuple[Fraction, Fraction]]:
        ends = []
        for low, high in zip(self.domain.lower, self.domain.upper, strict=True):
            if low is None or high is None:
                raise Refusal("cells need a bounded domain")
            ends.append((low, high))
        return ends

    def parts(self, cell: Cell) -> list[Cell] | None:
        """The parts of a cell in the domain, cut by a constraint or else by a unit, if any cuts."""
        positive = negative = 0
        for corner in cell.corners:
            positive |= corner.positive
            negative |= corner.negative
        self.work.spend(len(cell.corners) * (1 + (self.corners.relu.bit_length() >> 6)))
        outside = negative & self.corners.constraints
        if outside:
            return [part for part in self._cut(cell, outside & -outside)[:1] if part.corners]
        known, first = self.first_cut(cell, positive, negative)
        return self._cut(known, first) if first else None

    def first_cut(self, cell: Cell, positive: int, negative: int) -> tuple[Cell, int]:
        """The cell with what is known of it, and the bit of the unit that cuts it, or 0.

        It is the first one with both signs at the vertices.
        """
        cutting = positive & negative & self.corners.relu
        return cell, cutting & -cutting

    def _cut(self, cell: Cell, bit: int) -> list[Cell]:
        """The parts where the value of this bit is ≥ 0, and where it is ≤ 0."""
        above = [c for c in cell.corners if c.positive & bit]
        below = [c for c in cell.corners if c.negative & bit]
        on = [c for c in cell.corners if not (c.positive | c.negative) & bit]
        unit = bit.bit_length() - 1
        for p, q in self._edges(cell, above, below):
            on.append(self.corners.between(p, q, unit))
            tight = cell.cuts & ~(p.positive | p.negative | q.positive | q.negative)
            around = min((tight & self.corners.relu).bit_count(), len(self.free) - 1)
            self.work.spend(on[-1].cost >> around)
        cuts = cell.cuts | bit
        return [Cell((*side, *on), cuts, cell.zero, cell.through) for side in (above, below)]

    def _edges(
        self, cell: Cell, above: Sequence[Corner], below: Sequence[Corner]
    ) -> Iterator[tuple[Corner, Corner]]:
        """The edges of a cell from these vertices of it to those."""
        n, cuts = len(self.free), cell.cuts
        self.work.spend(len(above) * len(below))
        inside, outside = (
            [(c, cuts & ~(c.positive | c.negative)) for c in side] for side in (above, below)
        )
        for p, at_p in inside:
            is_simple = at_p.bit_count() == n
            for q, at_q in outside:
                common = at_p & at_q
                if common.bit_count() >= n - 1 and (
                    is_simple or at_q.bit_count() == n or self._is_edge(cell, p, q, common)
                ):
                    yield p, q

    def _is_edge(self, cell: Cell, p: Corner, q: Corner, common: int) -> bool:
        """Has no third vertex all tight that both have?"""
        self.work.spend(len(cell.corners))
        return not any(
            c is not p and c is not q and not (c.positive | c.negative) & common
            for c in cell.corners
        )


def _reduced(column: list[int]) -> Point:
    common = gcd(*column)
    return tuple(v // common for v in column)
