"""Step 2 of four inputs: along every line the class that is left is constant, and units take it.

Derivation: docs/mathematics.md#four-inputs.

    the class where a line enters the domain, less that of the units there → elimination.py

At every vertex the units have the function's class, so what is left does not change along a line:
it is read off where the line enters the domain.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from fractions import Fraction

from rectifold.linear_regions.polytope import Vertex
from rectifold.two_layers.form import Hinge, Unit
from rectifold.two_layers.hyper.cells import Cells, Class, Face, add_weights
from rectifold.two_layers.hyper.elimination import Quad, eliminated
from rectifold.two_layers.hyper.flags import direction_of
from rectifold.two_layers.hyper.flats import Flat
from rectifold.two_layers.hyper.units import Placed
from rectifold.two_layers.hyper.watch import Watch
from rectifold.two_layers.newton.vectors import Vector, dot
from rectifold.two_layers.space.geometry import where
from rectifold.two_layers.space.sheets import NotGenericError
from rectifold.two_layers.space.units import unit_of


class Lines:
    """The classes that are left along lines after the units of the vertices."""

    def __init__(self, cells: Cells, own: set[Hinge], hinges: Counter[Hinge]) -> None:
        self.cells = cells
        self.own = own
        self.hinges = hinges

    def units(self, corners: Sequence[Placed], watch: Watch) -> list[Placed]:
        """Units that take the class of every line."""
        left: dict[Flat, Class] = defaultdict(dict)
        points: dict[Flat, Vertex] = {}
        for edge, own in self.cells.classes[1].items():
            low = self._low_end(edge)
            if low is not None:
                line = Flat.through(self.cells.points[low], self.cells.basis(edge))
                points[line] = self.cells.inside_of(edge, (1, 1))
                for flag, weights in own.items():
                    add_weights(left[line], flag, weights, 1)
        for placed in corners:
            for direction, (_, behind) in placed.rays.items():
                line = Flat.through(placed.point, [direction])
                points.setdefault(line, placed.point)
                for flag, value in behind.items():
                    add_weights(left[line], flag, placed.weights, -value)
        units = []
        ordered = sorted(left, key=lambda line: (len(left[line]), line))
        for done, line in enumerate(ordered):
            watch.step("lines", done, len(ordered))
            units += self._units_on(line, left[line], points[line])
        return units

    def _low_end(self, edge: Face) -> int | None:
        """The end of an edge where its line enters the domain; None if that is elsewhere."""
        (direction,) = self.cells.basis(edge)
        a, b = edge
        low = a if dot(direction, self.cells.difference(a, b)) > 0 else b
        return None if self.cells.is_inside((low,)) else low

    def _units_on(self, line: Flat, left: Class, point: Vertex) -> list[Placed]:
        def cost(plane: Vector) -> int:
            hinge = direction_of(line.from_quotient(plane))[0]
            return 0 if self.hinges[hinge] else 1 if hinge in self.own else 2

        quads = eliminated(left, cost)
        if quads is None:
            raise NotGenericError(
                f"the class that is left along the line through ({where(point)}) is no sum of "
                "units on its lines: the construction for four inputs does not cover this network"
            )
        units = [Placed(_unit(line, quad), point, line.basis) for quad in quads]
        for placed in units:
            self.hinges.update(hinge for hinge, _ in placed.unit.bends)
        return units


def _unit(line: Flat, quad: Quad) -> Unit:
    """The unit of the whole space that is this one in the quotient by a line."""
    base, *inner = (
        tuple(Fraction(v) for v in line.from_quotient(form))
        for form in (quad.base, *(normal for normal, _ in quad.bends))
    )
    bends = [(Fraction(c), form) for (_, c), form in zip(quad.bends, inner, strict=True)]
    return unit_of(_scaled(quad, line), base, bends)


def _scaled(quad: Quad, line: Flat) -> tuple[Fraction, ...]:
    """The weights over the factor by which `from_quotient` multiplies forms."""
    (row,) = line.basis
    factor = row[line.pivots[0]] * line.foot[-1]
    return tuple(w / factor for w in quad.weights)
