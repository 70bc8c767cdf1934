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

from collections.abc import Iterator
from math import gcd
from typing import NamedTuple

from rectifold_check.cells import Cell, Cells
from rectifold_check.integers.corners import Corners
from rectifold_check.integers.sums import Weights
from rectifold_check.networks import Domain, Network
from rectifold_check.work import Work, words


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
        return known, 1 << max(
            affine, key=lambda u: ((self.ways.read_by(u) & waiting).bit_count(), -u)
        )

    def _uncancelled(self, cell: Cell, seen: Seen) -> int:
        """The lowest open unit of those whose multiples do not cancel. All open ones are affine."""
        effects = self.ways.effects(seen)
        groups: dict[tuple[int, ...], int] = {}
        totals: dict[int, Weights] = {}
        for u in bits(seen.open):
            values = self.corners.values(cell.corners, u)
            self.work.spend(3 * sum(map(words, values)))
            size = gcd(*values)
            sign = 1 if next(v for v in values if v) > 0 else -1
            first = groups.setdefault(tuple(sign * v // size for v in values), u)
            _add(totals.setdefault(first, {}), effects[u], size)
        return next((1 << u for u, total in totals.items() if any(total.values())), 0)


class Seen(NamedTuple):
    """What is seen of the relu units on one cell, as bits of values.

    `zero`: those with h = 0. `through`: with h = z. `open`: the others. `bent`: z is not known to
    be affine.
    """

    zero: int
    through: int
    open: int
    bent: int


class Ways:
    """Which relu units and outputs read which relu units, by way of linear layers or without."""

    def __init__(self, cells: Cells) -> None:
        corners = cells.corners
        self.work = cells.work
        self.corners = corners
        self.size = 1 + (corners.starts[-1] >> 6)
        self.groups: list[int] = []
        self.weights: dict[int, Weights] = {}
        self.outputs: dict[int, Weights] = {}
        self.upward: dict[int, int] = {}
        self.downward: dict[int, int] = {}
        self.reads: dict[int, Weights] = {}
        first = corners.starts[2]
        inputs = corners.rows.inputs
        whole: dict[int, Weights] = {}  # of linear units, and of relu units 1 for themselves
        for rows, is_relu in corners.rows.groups:
            group = 0
            for row in rows:
                unit = len(whole) + first
                read = self._whole(row, whole, inputs)
                whole[unit - first] = {unit: 1} if is_relu else read
                group |= 1 << unit
                self._note(unit, read, is_relu=is_relu, is_output=bool(corners.outputs >> unit & 1))
            if is_relu:
                self.groups.append(group)

    def _whole(self, row: Weights, whole: dict[int, Weights], inputs: int) -> Weights:
        """The weights of a unit on relu units, by way of linear ones too."""
        total: Weights = {}
        for place, weight in row.items():
            if place > inputs:
                found = whole[place - inputs - 1]
                self.work.spend(len(found) * words(weight))
                _add(total, found, weight)
        return {unit: weight for unit, weight in total.items() if weight}

    def _note(self, unit: int, read: Weights, *, is_relu: bool, is_output: bool) -> None:
        """What a unit reads, for each that it reads."""
        self.reads[unit] = read
        for u, weight in read.items():
            if is_output:
                self.outputs.setdefault(u, {})[unit] = weight
            if is_relu:
                self.weights.setdefault(u, {})[unit] = weight
                side = self.upward if weight > 0 else self.downward
                side[u] = side.get(u, 0) | 1 << unit

    def read_by(self, u: int) -> int:
        """The relu units that read this one, as bits."""
        return self.upward.get(u, 0) | self.downward.get(u, 0)

    def seen(self, cell: Cell, positive: int, negative: int) -> Seen:
        """By the signs at the vertices, layer by layer; and by what is known of the cell."""
        zero, through = cell.zero, cell.through
        not_convex = not_concave = still_open = 0
        slack = Slack(self.corners, cell)
        for group in self.groups:
            rest = group & ~(zero | through)
            zero |= rest & ~positive & ~not_convex
            through |= rest & ~zero & ~negative & ~not_concave
            self.work.spend(6 * self.size)
            bent = (not_convex | not_concave) & ~zero
            for unit in bits(rest & ~(zero | through) & (positive ^ negative)):
                sign = 1 if positive >> unit & 1 else -1
                if self._has_sign(unit, sign, still_open, bent, slack):
                    zero, through = (
                        (zero, through | 1 << unit) if sign > 0 else (zero | 1 << unit, through)
                    )
            is_open = rest & ~(zero | through)
            for u in bits(group & ~zero & not_convex):
                self.work.spend(2 * self.size)
                not_convex |= self.upward.get(u, 0)
                not_concave |= self.downward.get(u, 0)
            for u in bits(is_open | group & through & not_concave):
                self.work.spend(2 * self.size)
                not_convex |= self.downward.get(u, 0)
                not_concave |= self.upward.get(u, 0)
            still_open |= is_open
        return Seen(zero, through, still_open, not_convex | not_concave)

    def _has_sign(self, unit: int, sign: int, still_open: int, bent: int, slack: Slack) -> bool:
        """Is z times this sign ≥ 0 on the cell, as it is at the vertices?

        Where z reads units whose z is affine: at a vertex, z times the sign less the slack of all
        open h that are read against the sign is the value of a concave function below it.
        """
        read = self.reads[unit]
        if any(bent >> u & 1 for u in read):
            return False
        values = slack.values(unit)
        against = [
            (abs(weight), slack.of(u))
            for u, weight in read.items()
            if still_open >> u & 1 and weight * sign > 0
        ]
        self.work.spend(len(values) * (1 + len(against)))
        return all(
            sum([weight * gap[k] for weight, gap in against]) <= sign * value
            for k, value in enumerate(values)
        )

    def effects(self, seen: Seen) -> dict[int, Weights]:
        """Of each open unit on each output, by way of units with h = z."""
        wanted = waiting = seen.open
        while waiting:
            unit = waiting & -waiting
            found = self.read_by(unit.bit_length() - 1) & seen.through & ~wanted
            self.work.spend(self.size)
            wanted |= found
            waiting = waiting ^ unit | found
        effects: dict[int, Weights] = {}
        for u in reversed(list(bits(wanted))):  # who reads a unit stands behind it
            total = dict(self.outputs.get(u, {}))
            for reader, weight in self.weights.get(u, {}).items():
                if seen.through >> reader & 1:
                    self.work.spend(len(effects[reader]) * words(weight))
                    _add(total, effects[reader], weight)
            effects[u] = total
        return effects


class Slack:
    """By how much h of an open unit is above an affine function below it, at the vertices of a
    cell: above 0, or above z.
    """

    def __init__(self, corners: Corners, cell: Cell) -> None:
        self.cell = cell
        self.corners = corners
        self._found: dict[int, list[int]] = {}

    def values(self, unit: int) -> list[int]:
        """Its z at the vertices."""
        return self.corners.values(self.cell.corners, unit)

    def of(self, unit: int) -> list[int]:
        """The lesser one of the two, by its largest."""
        found = self._found.get(unit)
        if found is None:
            values = self.values(unit)
            sign = 1 if max(values) <= -min(values) else -1
            found = self._found[unit] = [max(0, sign * v) for v in values]
        return found


def bits(mask: int) -> Iterator[int]:
    """The numbers of the bits that are set, rising."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def _add(total: Weights, found: Weights, factor: int) -> None:
    """Adds `factor` times what was found."""
    for k, value in found.items():
        total[k] = total.get(k, 0) + factor * value
