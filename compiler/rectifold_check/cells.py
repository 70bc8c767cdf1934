"""Cells: polytopes that cover a domain of few inputs, on each of which a network is affine.

    |x0| as relu(x0) + relu(−x0) on [−1, 1]     has the cells     [−1, 0]  and  [0, 1]

A cell is the list of its vertices, each with the set of inequalities (of those that cut the cell)
that are tight at it.

Why a network is affine on a cell. Take a layer whose predecessors' relu units each have one sign
(≥ 0 or ≤ 0) at all vertices. Those units are affine on the cell, one after the other, hence so is
the layer: its values at the vertices say everything. A unit with both signs cuts the cell in two.
Where none is left the network is affine, and nonpositive on the cell if it is so at the vertices.

Why the lists of vertices are complete. The vertices of the part z ≥ 0 are the vertices with z ≥ 0
and the points of the edges that lead from z > 0 to z < 0. Two vertices are the ends of an edge
exactly if no third vertex has every inequality tight that both have (the smallest face with both is
the segment between them). An edge of a polytope in n dimensions lies on n − 1 inequalities at
least, which is asked first. Tight at a new point are those that are tight at both ends, and z: an
affine function that is ≥ 0 at both ends of a segment and 0 inside it is 0 at both ends. So the
lists stay exact from one cut to the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from math import gcd, lcm

from rectifold_check.integers.layers import entries_of, sources_of
from rectifold_check.json import Refusal
from rectifold_check.limits import MOST_CELL_INPUTS
from rectifold_check.networks import Domain, Network
from rectifold_check.work import Work, words

Point = tuple[int, ...]
"""Numerators, then one positive denominator."""


@dataclass(frozen=True)
class Cell:
    """Vertices and, for each, one bit per tight inequality, of `bits` in all.

    Units before `unit` of `layer` have one sign on it; constraints of the domain are layer 0.
    """

    vertices: tuple[Point, ...]
    tight: tuple[int, ...]
    bits: int
    layer: int = 0
    unit: int = 0


class Cells:
    """The cells on which a network is affine, on a bounded domain with few inputs that vary."""

    def __init__(self, network: Network, domain: Domain, work: Work | None = None) -> None:
        self.work = work or Work()
        self.entries = [entries_of(v) + v.size for v in network.layers]
        self.network = network
        self.domain = domain
        self.known: dict[Point, list[tuple[int, ...]]] = {}
        self.dimensions = 0

    def affine(
        self, most: int, stop: Callable[[], bool] | None = None
    ) -> Iterator[tuple[Point, ...]]:
        """The vertices of cells that cover the domain, the network affine on each.

        Raises Refusal beyond `most` of them, and once `stop` says so.
        """
        waiting = [self._whole()]
        found = 0
        while waiting:
            if stop is not None and stop():
                raise Refusal("the count of the cells was stopped")
            cell = waiting.pop()
            parts = self._parts(cell)
            if parts is not None:
                waiting += parts
                continue
            found += 1
            if found > most:
                raise Refusal(f"there are more than {most} cells")
            yield cell.vertices

    def values(self, point: Point) -> list[tuple[int, ...]]:
        """bound − c·x per constraint, then each layer's pre-activations.

        Times the point's denominator, and a positive number per constraint and layer.
        """
        if point not in self.known:
            self.known[point] = self._evaluated(point)
        return self.known[point]

    def _whole(self) -> Cell:
        """The box."""
        ends = self._ends()
        free = [k for k, (low, high) in enumerate(ends) if low < high]
        if len(free) > MOST_CELL_INPUTS:
            raise Refusal(f"cells are for at most {MOST_CELL_INPUTS} inputs that vary")
        self.dimensions = len(free)
        den = lcm(*(v.denominator for pair in ends for v in pair))
        vertices, tight = [], []
        for sides in product((0, 1), repeat=len(free)):
            chosen = dict(zip(free, sides, strict=True))
            corner = [ends[k][chosen.get(k, 0)] for k in range(len(ends))]
            numerators = [v.numerator * (den // v.denominator) for v in corner]
            vertices.append(_reduced([*numerators, den]))
            tight.append(sum(1 << (2 * k + side) for k, side in enumerate(sides)))
        return Cell(tuple(vertices), tuple(tight), 2 * len(free))

    def _ends(self) -> list[tuple[Fraction, Fraction]]:
        ends = []
        for low, high in zip(self.domain.lower, self.domain.upper, strict=True):
            if low is None or high is None:
                raise Refusal("cells need a bounded domain")
            ends.append((low, high))
        return ends

    def _parts(self, cell: Cell) -> list[Cell] | None:
        """The parts of a cell in the domain, cut by the first unit with two signs, if any."""
        values = [self.values(point) for point in cell.vertices]
        self.work.spend(len(cell.vertices) * sum(len(z) for z in values[0]))
        for k in range(cell.layer, len(self.network.layers) + 1):
            if k and not self.network.layers[k - 1].is_relu:
                continue
            for i in range(cell.unit if k == cell.layer else 0, len(values[0][k])):
                at = [v[k][i] for v in values]
                low, high = min(at), max(at)
                if k == 0 and low < 0:
                    return [part] if (part := self._cut(cell, at, 1, k, i)).vertices else []
                if low < 0 < high:
                    return [self._cut(cell, at, sign, k, i) for sign in (1, -1)]
        return None

    def _cut(self, cell: Cell, at: list[int], sign: int, layer: int, unit: int) -> Cell:
        """The part where sign · z ≥ 0, at least a face of the cell or nothing.

        `at`: z of the unit of the layer at the cell's vertices.
        """
        z = [sign * v for v in at]
        bit = 1 << cell.bits
        kept = [
            (p, m | bit if v == 0 else m)
            for p, m, v in zip(cell.vertices, cell.tight, z, strict=True)
            if v >= 0
        ]
        for p, q, common in self._edges(cell, z):
            a, b = cell.vertices[p], cell.vertices[q]
            between = [z[p] * y - z[q] * x for x, y in zip(a, b, strict=True)]
            kept.append((_reduced(between), common | bit))
        return Cell(
            tuple(p for p, _ in kept), tuple(m for _, m in kept), cell.bits + 1, layer, unit + 1
        )

    def _edges(self, cell: Cell, z: list[int]) -> Iterator[tuple[int, int, int]]:
        """(vertex with z > 0, vertex with z < 0, what is tight at both) of every edge."""
        inside, outside = ([k for k, v in enumerate(z) if s * v > 0] for s in (1, -1))
        for p in inside:
            self.work.spend(len(outside))
            for q in outside:
                common = cell.tight[p] & cell.tight[q]
                if common.bit_count() < self.dimensions - 1:
                    continue
                self.work.spend(len(cell.tight))
                if any(m & common == common and k not in (p, q) for k, m in enumerate(cell.tight)):
                    continue
                yield p, q, common

    def _evaluated(self, point: Point) -> list[tuple[int, ...]]:
        """What `values` promises; in integers, one denominator a layer."""
        *x, w = point
        self.work.spend(sum(self.entries) * max(map(words, point)))
        result = [self._constraints(x, w)]
        # values of the layers, each times w and a denominator
        known: list[tuple[list[int], int]] = [(x, 1)]
        for layer in self.network.layers:
            den = lcm(*(known[source][1] for source in sources_of(layer)))
            self.work.spend(self.entries[len(known) - 1] * words(den * w))
            scaled = {s: [v * (den // known[s][1]) for v in known[s][0]] for s in sources_of(layer)}
            z = []
            for bias, parts in zip(layer.bias, layer.rows, strict=True):
                total = bias * den * w
                for part in parts:
                    inner = scaled[part.source]
                    total += sum(c * inner[j] for j, c in part.entries)
                z.append(total)
            result.append(tuple(z))
            known.append(([max(v, 0) for v in z] if layer.is_relu else z, den * layer.den))
        return result

    def _constraints(self, x: list[int], w: int) -> tuple[int, ...]:
        """bound − c·x of every constraint at the point x / w, times w and a denominator."""
        rows = []
        for row, bound in self.domain.constraints:
            den = lcm(bound.denominator, *(c.denominator for c in row.values()))
            rows.append(int(bound * den) * w - sum(int(c * den) * x[j] for j, c in row.items()))
        return tuple(rows)


def _reduced(column: list[int]) -> Point:
    common = gcd(*column)
    return tuple(v // common for v in column)
