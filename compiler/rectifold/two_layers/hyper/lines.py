"""Step 2 of four inputs: along every line the class that is left is constant, and units take it.

Derivation: docs/mathematics.md#four-inputs.

    the class where a line enters the domain, less that of the units there → elimination.py

At every vertex the units have the function's class, so what is left does not change along a line:
it is read off where the line enters the domain.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from rectifold.two_layers.classes.vectors import Vector, direction_of, echelon
from rectifold.two_layers.form import Unit, unit_of
from rectifold.two_layers.hyper.cells import Cells, Class
from rectifold.two_layers.hyper.choices import Choice, choose, settle
from rectifold.two_layers.hyper.corners import Corners
from rectifold.two_layers.hyper.elimination import Quad, eliminated
from rectifold.two_layers.hyper.flats import Flat
from rectifold.two_layers.hyper.ledger import Changes, PlaneLedger, flipped
from rectifold.two_layers.hyper.units import Placed
from rectifold.two_layers.hyper.watch import Watch


class Lines:
    """The classes that are left along lines after the units of the vertices."""

    def __init__(self, cells: Cells, corners: Corners) -> None:
        self.cells = cells
        self.prices = corners.prices
        self.given = corners.ledger
        self.ledger = PlaneLedger(cells)

    def units(self, corners: Sequence[Placed], watch: Watch) -> list[Placed]:
        """Units that take the class of every line."""
        for placed in corners:
            self.ledger.add(self.ledger.changes(placed, placed.ridges))
        ordered = sorted(self.given.left.items(), key=lambda item: (len(item[1]), item[0]))
        choices: list[Choice] = []
        for done, (line, left) in enumerate(ordered):
            watch.step("lines", done, len(ordered))
            for quad in self._quads(line, left):
                choice = Choice(self._options(line, quad))
                choose(choice, self.ledger, self.prices)
                choices.append(choice)
        settle(choices, self.ledger, self.prices, watch)
        return [choice.placed for choice in choices]

    def _quads(self, line: Flat, left: Class) -> list[Quad]:
        """Units with the class of a line."""

        def cost(plane: Vector) -> int:
            return self.prices.of(direction_of(line.from_quotient(plane))[0])

        return list(eliminated(left, cost))

    def _options(self, line: Flat, quad: Quad) -> list[tuple[Placed, Changes]]:
        """The forms of a unit, and what each leaves on planes."""
        flats = _flats(line, quad)
        forms = [
            Placed(unit, self.given.points[line], line.basis)
            for form in quad.forms()
            for unit in flipped(_unit(line, form), self.cells.n - 1)
        ]
        return [(placed, self.ledger.changes(placed, flats)) for placed in forms]


def _flats(line: Flat, quad: Quad) -> list[Flat]:
    """The four planes through a line on which a unit bends over hinges."""
    return [Flat.through(line.foot, echelon([*line.basis, line.lifted(own)])) for own in quad.lines]


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
