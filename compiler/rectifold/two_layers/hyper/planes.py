"""Step 3 of four inputs: the class left on every flat of dimension n − 2 is taken by units.

Derivation: docs/mathematics.md#four-inputs.

    a point of the flat, the function's class there, less the units' → relu(A + c relu(L)) each

In the quotient by the flat the class is a number for each hinge through it, and these balance:
Σ number · normal = 0. A unit of one hinge has three of them, so m hinges need m − 2 units.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from fractions import Fraction

from rectifold.linear_regions.polytope import Vertex
from rectifold.two_layers.classes.lattice import Face
from rectifold.two_layers.classes.vectors import direction_of
from rectifold.two_layers.form import Hinge, unit_of
from rectifold.two_layers.hyper.cells import Cells, Class, add_weights
from rectifold.two_layers.hyper.choices import Prices
from rectifold.two_layers.hyper.flags import Flag, Germ
from rectifold.two_layers.hyper.flats import Flat
from rectifold.two_layers.hyper.ledger import faces_by_flat
from rectifold.two_layers.hyper.samples import Samples
from rectifold.two_layers.hyper.units import Placed
from rectifold.two_layers.hyper.watch import Watch


class Planes:
    """The classes that are left on flats of dimension n − 2."""

    def __init__(self, cells: Cells, prices: Prices) -> None:
        self.cells = cells
        self.prices = prices
        self.samples = Samples(cells)

    def units(self, units: Sequence[Placed], watch: Watch) -> list[Placed]:
        """Units that take the class of every flat."""
        faces = faces_by_flat(self.cells, self.cells.n - 2)
        bent: dict[Flat, list[Placed]] = defaultdict(list)
        for placed in units:
            for flat in placed.ridges:
                bent[flat].append(placed)
        left = {}
        flats = sorted({*bent, *faces})
        for done, flat in enumerate(flats):
            watch.step("planes", done, len(flats))
            own, point = self._left_on(flat, faces.get(flat), bent.get(flat, []))
            if own:
                left[flat] = own, point
        often = Counter(hinge for flat, (own, _) in left.items() for hinge in _hinges(flat, own))
        found: list[Placed] = []
        for flat, (own, point) in sorted(left.items(), key=lambda item: (len(item[1][0]), item[0])):
            found += self._units_on(flat, own, point, often)
        return found

    def _left_on(
        self, flat: Flat, face: Face | None, units: Sequence[Placed]
    ) -> tuple[Class, Vertex]:
        """What is left at a point of a flat, in the quotient by it, and the point."""
        left: Class = {}
        if face is not None:
            left.update(self.cells.classes[self.cells.n - 2].get(face, {}))
            if not left and not units:
                return {}, self.cells.points[face[0]]
        near = units[0].point if face is None else None
        point = self.samples.on_flat(flat, face, near, units)
        for placed in units:
            value, form, bends = placed.at(point)
            if value:
                continue
            inner = Germ(
                flat.in_quotient(form), [(flat.in_quotient(hinge), c) for hinge, c in bends]
            )
            for flag, number in inner.numbers().items():
                add_weights(left, flag, placed.weights, -number)
        return left, point

    def _units_on(
        self, flat: Flat, left: Class, point: Vertex, often: Counter[Hinge]
    ) -> Iterator[Placed]:
        """One unit for each hinge beyond two."""
        hinges = _hinges(flat, left)
        while left:
            ordered = sorted(
                (hinge for hinge, flag in hinges.items() if flag in left),
                key=lambda h: (self.prices.of(h), -often[h], h),
            )
            if len(ordered) < 3:
                raise AssertionError("the jumps around a flat do not balance")
            pivot, other, gone = ordered[0], ordered[1], ordered[-1]
            a, b, c = (flat.in_quotient(hinge) for hinge in (pivot, other, gone))
            part = Fraction(c[0] * b[1] - c[1] * b[0], a[0] * b[1] - a[1] * b[0])
            scale = part.denominator
            germ = Germ([scale * v for v in c], [(a, -part.numerator)])
            numbers = germ.numbers()
            weights = tuple(w / numbers[hinges[gone]] for w in left[hinges[gone]])
            for flag, number in numbers.items():
                add_weights(left, flag, weights, -number)
            base = tuple(Fraction(scale * v) for v in gone)
            bends = [(Fraction(-part.numerator), tuple(Fraction(v) for v in pivot))]
            unit = unit_of(weights, base, bends)
            placed = Placed(unit, point, flat.basis)
            self.prices.count(placed, 1)
            yield placed


def _hinges(flat: Flat, left: Class) -> dict[Hinge, Flag]:
    """The hinges through a flat on which the class is, and their flags."""
    hinges: dict[Hinge, Flag] = {}
    for flag in left:
        x, y = flag[0]
        hinges[direction_of(flat.from_quotient((-y, x)))[0]] = flag
    return hinges
