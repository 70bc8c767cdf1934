"""Which units read which, and what is seen of relu units on a cell: bends.py says why.

signs at the vertices → h = 0, h = z, or open; and whose z is affine, layer by layer
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from rectifold_check.cells import Cell, Cells
from rectifold_check.integers.corners import Corners
from rectifold_check.integers.sums import Weights
from rectifold_check.work import words


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
        self.reading = {u: sum(1 << reader for reader in self.weights[u]) for u in self.weights}
        self.inner = sum(1 << unit for unit in self.reading)

    def _whole(self, row: Weights, whole: dict[int, Weights], inputs: int) -> Weights:
        """The weights of a unit on relu units, by way of linear ones too."""
        total: Weights = {}
        for place, weight in row.items():
            if place > inputs:
                found = whole[place - inputs - 1]
                self.work.spend(len(found) * words(weight))
                add(total, found, weight)
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
            for u in bits(group & ~zero & not_convex & self.inner):
                self.work.spend(2 * self.size)
                not_convex |= self.upward.get(u, 0)
                not_concave |= self.downward.get(u, 0)
            for u in bits((is_open | group & through & not_concave) & self.inner):
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


def add(total: Weights, found: Weights, factor: int) -> None:
    """Adds `factor` times what was found."""
    for k, value in found.items():
        total[k] = total.get(k, 0) + factor * value
