"""Cells on which the outputs of a network are affine, though some of its units bend there.

    relu(x0) − 2 relu(x0 / 2) on [−1, 1]     one cell: the two bends at 0 cancel

Signs of units that are not affine. Each relu unit's z is followed on a cell as convex, concave,
both (affine) or neither, layer by layer. A positive multiple of a convex h keeps a sum convex, a
negative one of a concave h does, and affine parts do no harm. A convex z that is ≤ 0 at all
vertices is ≤ 0 on the cell, for every point is a mean of vertices; a concave one that is ≥ 0 there
is ≥ 0. Then h = 0, or h = z. Else the unit is open: h = relu(z) is convex if z is.

A unit that reads open units with both kinds of weights may have a sign as well. h of an open unit
with an affine z is above 0 and above z; its slack over the greater of the two by guess is known at
the vertices. To show z ≥ 0, every h that is read with a positive weight is replaced by 0, or by its
z: that leaves a concave function below z, since the others are −h. Where it is ≥ 0 at the vertices,
z is ≥ 0. In the same way z ≤ 0. What holds on a cell holds on its parts.

Why the outputs are affine. If each open unit u has an affine z, replace all other units by 0 or by
their z: an output is an affine function and Σ effect(u) · relu(z_u) over the open units. The effect
is the sum, over the ways from u to the output by units with h = z, of the products of weights.
Units whose z are multiples g v of one affine function v have relu(z) = |g| relu(±v), and relu(−v) =
relu(v) − v. So where Σ effect(u) · |g| = 0 for an output, they add up to an affine function.

Proportional values at the vertices mean proportional functions, for these are affine and the
vertices span the cell. All weights and effects are those of numerators (corners.py), whole numbers.
"""

from __future__ import annotations

from rectifold_check.cells import Cell, Cells
from rectifold_check.effects import Effects, Multiples
from rectifold_check.integers.sums import Weights
from rectifold_check.networks import Domain, Network
from rectifold_check.ways import Seen, Ways, add, bits
from rectifold_check.work import Work


class BendingCells(Cells):
    """Cells on which every output of the network is affine, on a bounded domain."""

    def __init__(self, network: Network, domain: Domain, work: Work | None = None) -> None:
        super().__init__(network, domain, work)
        self.ways = Ways(self)

    def first_cut(self, cell: Cell, positive: int, negative: int) -> tuple[Cell, int]:
        """The cell with what is known of it, and the bit of the unit that cuts it, or 0.

        It is an open one whose z is affine; there is none where the outputs are affine.

        While an open unit is not affine it is one that many of those read, else one of the first
        units that do not cancel.
        """
        seen = self.ways.seen(cell, positive, negative)
        known = cell._replace(zero=seen.zero, through=seen.through)
        waiting = seen.open & seen.bent
        if not waiting:
            return known, self._uncancelled(cell, seen)
        affine = list(bits(seen.open & ~seen.bent))
        self.work.spend(len(affine) * self.ways.size)
        reading = self.ways.reading
        numbers = [(reading.get(u, 0) & waiting).bit_count() for u in affine]
        return known, 1 << affine[numbers.index(max(numbers))]

    def _uncancelled(self, cell: Cell, seen: Seen) -> int:
        """The lowest open unit of those whose multiples do not cancel. All open ones are affine."""
        effects, multiples = Effects(self.ways, seen), Multiples(self.ways, cell, len(self.free))
        waiting = seen.open
        while waiting:
            lowest, total = waiting & -waiting, Weights()
            for u, size in multiples.of_lowest(waiting):
                waiting ^= 1 << u
                add(total, effects.of(u), size)
            if any(total.values()):
                return lowest
        return 0
