"""What open units do to the outputs on a cell, and which of them are multiples of one function.

    relu(z0) and relu(−3 z0), read by an output with 3 and −1      their effects are 3 and −1
                                                                  and 1 · 3 + 3 · (−1) = 0

Functions that are affine on a cell are proportional if their values at its vertices are, or at
n + 1 of these that are affinely independent: those say what such a function is.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from rectifold_check.cells import Cell
from rectifold_check.integers.corners import Corner
from rectifold_check.integers.sums import Weights
from rectifold_check.limits import PRIME
from rectifold_check.ways import Seen, Ways, add, bits
from rectifold_check.work import words


class Effects:
    """Of units on each output, by way of units with h = z, on one cell."""

    def __init__(self, ways: Ways, seen: Seen) -> None:
        self.ways = ways
        self.through = seen.through
        self._known: dict[int, Weights] = {}
        self._mask = 0

    def of(self, unit: int) -> Weights:
        """Of an open unit."""
        if unit not in self.ways.reading:
            return self.ways.outputs.get(unit, {})
        found = self._known.get(unit)
        if found is None:
            self._find(1 << unit)
            found = self._known[unit]
        return found

    def _find(self, wanted: int) -> None:
        """Of these, and of those by way of which that is."""
        ways, waiting = self.ways, wanted
        while waiting:
            unit = waiting & -waiting
            read_by = ways.reading.get(unit.bit_length() - 1, 0)
            found = read_by & self.through & ~(wanted | self._mask)
            ways.work.spend(ways.size)
            wanted |= found
            waiting = waiting ^ unit | found
        self._mask |= wanted
        for u in reversed(list(bits(wanted))):  # who reads a unit stands behind it
            total = dict(ways.outputs.get(u, {}))
            for reader, weight in ways.weights.get(u, {}).items():
                if self.through >> reader & 1:
                    effect = self._known[reader]
                    ways.work.spend(len(effect) * words(weight))
                    add(total, effect, weight)
            self._known[u] = total


class Multiples:
    """Open units of one cell, all affine there, that are multiples of one function."""

    def __init__(self, ways: Ways, cell: Cell, inputs: int) -> None:
        """`inputs`: those that vary."""
        self.corners = ways.corners
        self.ways = ways
        self.vertices = cell.corners
        self.inputs = inputs

    def of_lowest(self, waiting: int) -> list[tuple[int, int]]:
        """The lowest of these units and its multiples among them, with their sizes."""
        u, numbers = (waiting & -waiting).bit_length() - 1, self.corners.multiples
        alike = numbers.alike[numbers.first[u]] & waiting
        others = self._with_its_signs(u, waiting & ~alike)
        if not others:
            return [(k, numbers.factor[k]) for k in bits(alike)]
        own = self.corners.values(self.spanning, u)
        place = next(k for k, v in enumerate(own) if v)
        this = own[place]
        found = [(k, abs(this) // numbers.factor[u] * numbers.factor[k]) for k in bits(alike)]
        for k in bits(others):
            that = self.corners.value(self.spanning[place], k)
            self.ways.work.spend(2 * len(own) * words(this) * words(that))
            if all(
                x * that == self.corners.value(corner, k) * this
                for x, corner in zip(own, self.spanning, strict=True)
            ):
                found.append((k, abs(that)))
        return found

    def _with_its_signs(self, u: int, others: int) -> int:
        """Those with its signs at all vertices, or with all opposite."""
        equal = opposite = others
        self.ways.work.spend(2 * len(self.vertices) * self.ways.size)
        for corner in self.vertices:
            if not equal | opposite:
                break
            positive, negative = corner.positive, corner.negative
            if negative >> u & 1:
                positive, negative = negative, positive
            elif not positive >> u & 1:
                positive = negative = ~(positive | negative)
            equal &= positive
            opposite &= negative
        return equal | opposite

    @cached_property
    def spanning(self) -> Sequence[Corner]:
        """Vertices that are independent modulo a prime, hence independent; all of them if too few
        are seen to be so.
        """
        found, rows = list[Corner](), list[tuple[int, list[int]]]()
        for corner in self.vertices:
            self.ways.work.spend(len(corner.point) * (1 + 2 * len(rows) + words(corner.point[-1])))
            vector = [v % PRIME for v in corner.point]
            for place, row in rows:
                vector = _without(vector, place, row)
            first = next((k for k, v in enumerate(vector) if v), None)
            if first is not None:
                inverse = pow(vector[first], -1, PRIME)
                rows.append((first, [v * inverse % PRIME for v in vector]))
                found.append(corner)
                if len(found) > self.inputs:
                    return found
        return self.vertices


def _without(vector: list[int], place: int, row: list[int]) -> list[int]:
    """Less so much of a row, which is 1 at this place, that it is 0 there; modulo the prime."""
    factor = vector[place]
    if not factor:
        return vector
    return [(x - factor * y) % PRIME for x, y in zip(vector, row, strict=True)]
