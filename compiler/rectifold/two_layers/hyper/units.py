"""Units of a second layer next to exact points: their germs, classes and jumps.

relu(z + relu(u)) where u > 0      →      the germ relu(z + u), no bend
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import lcm

from rectifold.linear_regions.polytope import Vertex
from rectifold.two_layers.classes.vectors import Vector, dot, echelon
from rectifold.two_layers.form import Hinge, Unit, Weights
from rectifold.two_layers.hyper.flags import Flag, Germ
from rectifold.two_layers.hyper.flats import Flat, spanned


@dataclass(frozen=True, eq=False)
class Placed:
    """A unit, and a point that all that it bends on passes through.

    `lineality` are directions along which it is constant but for an affine map, in echelon form.
    """

    unit: Unit
    point: Vertex
    lineality: tuple[Vector, ...] = ()

    @cached_property
    def scale(self) -> int:
        """A positive number that makes what relu is applied to a sum of integers."""
        numbers = [*self.unit.base, *(c for _, c in self.unit.bends)]
        return lcm(*(v.denominator for v in numbers))

    @cached_property
    def integers(self) -> tuple[Vector, tuple[tuple[Vector, int], ...]]:
        """Base and bends times the scale."""
        base = tuple(int(v * self.scale) for v in self.unit.base)
        return base, tuple((hinge, int(c * self.scale)) for hinge, c in self.unit.bends)

    def at(self, point: Vertex) -> tuple[int, Vector, list[tuple[Vector, int]]]:
        """(what relu is applied to, the form there with hinges that are 0 off, those hinges), each
        times the scale and positive numbers.
        """
        base, bends = self.integers
        form = list(base)
        open_bends = []
        for hinge, c in bends:
            side = dot(hinge, point)
            if side > 0:
                form = [a + c * b for a, b in zip(form, hinge, strict=True)]
            elif side == 0:
                open_bends.append((hinge, c))
        return dot(form, point), tuple(form), open_bends

    def germ(self, point: Vertex) -> Germ | None:
        """Next to a point, times the scale; None where the relu does not bend at it."""
        value, form, bends = self.at(point)
        if value:
            return None
        return Germ(form[:-1], [(hinge[:-1], c) for hinge, c in bends])

    @cached_property
    def rays(self) -> dict[Vector, tuple[dict[Flag, int], dict[Flag, int]]]:
        """`Germ.rays` at its own point."""
        germ = self.germ(self.point)
        return germ.rays() if germ is not None else {}

    def flats(self, k: int) -> list[Flat]:
        """The flats of dimension k on which it bends over a hinge."""
        germ = self.germ(self.point)
        if germ is None:
            return []
        own = Flat.through(self.point, self.lineality)
        inner = Germ(
            own.in_quotient(germ.base),
            [(own.in_quotient(normal), c) for normal, c in germ.bends],
        )
        found = set()
        for flag in inner.flats(k - len(self.lineality)):
            vectors = [own.lifted(vector) for vector in spanned(flag)]
            found.add(Flat.through(self.point, echelon([*self.lineality, *vectors])))
        return sorted(found)

    @cached_property
    def ridges(self) -> list[Flat]:
        """Those of dimension n − 2."""
        return self.flats(len(self.point) - 3)

    def hyperplanes(self) -> set[Hinge]:
        """On which it may bend: its hinges, and the parts of its sheet."""
        found = {hinge for hinge, _ in self.unit.bends}
        return found | {flat.hinge for flat in self.flats(len(self.point) - 2)}

    @cached_property
    def weights(self) -> Weights:
        """Those of the unit over the scale."""
        return tuple(w / self.scale for w in self.unit.weights)


def merged(units: Iterable[Placed]) -> list[Placed]:
    """Units whose arguments are multiples of each other by a positive number, as one."""
    total: dict[tuple[object, ...], Placed] = {}
    for placed in units:
        unit = placed.unit
        first = next(abs(c) for _, c in unit.bends) if unit.bends else Fraction(1)
        base = tuple(v / first for v in unit.base)
        bends = tuple(sorted((hinge, c / first) for hinge, c in unit.bends))
        weights: Sequence[Fraction] = tuple(w * first for w in unit.weights)
        key = base, bends
        if key in total:
            weights = tuple(a + b for a, b in zip(total[key].unit.weights, weights, strict=True))
        total[key] = Placed(Unit(tuple(weights), base, bends), placed.point, placed.lineality)
    return [placed for placed in total.values() if any(placed.unit.weights)]
