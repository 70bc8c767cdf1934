"""Random exact points of flats inside the domain, on nothing else by all that is asked there.

plane x = y, hinges x and z      →      a point with x = y, x ≠ 0, z ≠ 0
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import lcm
from random import Random

from rectifold.effort.geometry import SHALLOW_EFFORT
from rectifold.linear_regions.polytope import Vertex
from rectifold.linear_regions.region import Region
from rectifold.two_layers.classes.lattice import Face
from rectifold.two_layers.classes.vectors import Vector, dot
from rectifold.two_layers.form import Hinge
from rectifold.two_layers.hyper.cells import Cells, weighted_mean
from rectifold.two_layers.hyper.flats import Flat
from rectifold.two_layers.hyper.units import Placed


class Samples:
    """Points of the domain of cells; the same ones in every run."""

    def __init__(self, cells: Cells) -> None:
        self.cells = cells
        self.random = Random(0)
        self.sides = sides_of(cells)

    def on_flat(
        self, flat: Flat, face: Face | None, near: Vertex | None, units: Sequence[Placed]
    ) -> Vertex:
        """A point of a flat inside the face, or near a point of it inside the domain.

        No hinge of the units is 0 there that is not 0 on all of the flat, nor is what a relu is
        applied to that is not 0 on the flat around.
        """
        hinges = {hinge for placed in units for hinge, _ in placed.unit.bends}
        across = [hinge for hinge in hinges if not _holds(hinge, flat)]
        while True:
            if face is not None:
                parts = [self.random.randint(1, SHALLOW_EFFORT.sample_parts) for _ in face]
                point = self.cells.inside_of(face, parts)
            else:
                assert near is not None
                point = self._moved(near, flat.basis)
            is_off = all(dot(hinge, point) for hinge in across)
            if is_off and all(_bends_along(placed, flat, point) for placed in units):
                return point

    def inside(self, region: Region, units: Sequence[Placed], hinges: Iterable[Hinge]) -> Vertex:
        """A point inside a region at which no unit and no hinge is 0."""
        vertices = region.polytope.vertices
        inner = {hinge for placed in units for hinge, _ in placed.unit.bends}.union(hinges)
        while True:
            parts = [self.random.randint(1, SHALLOW_EFFORT.sample_parts) for _ in vertices]
            point = weighted_mean(vertices, parts)
            if all(dot(hinge, point) for hinge in inner) and all(p.at(point)[0] for p in units):
                return point

    def _moved(self, point: Vertex, basis: Sequence[Vector]) -> Vertex:
        """A point inside the domain, some way from this one along random directions."""
        way = [0] * (len(point) - 1)
        for row in basis:
            size = max(abs(v) for v in row)
            factor = self.random.randint(-SHALLOW_EFFORT.sample_parts, SHALLOW_EFFORT.sample_parts)
            way = [w * size + factor * v for w, v in zip(way, row, strict=True)]
        steps = []
        for side in self.sides:
            down = -sum(a * d for a, d in zip(side, way, strict=False))
            if down > 0:
                steps.append(Fraction(dot(side, point), point[-1] * down))
        share = min(steps, default=Fraction(0)) * Fraction(self.random.randint(1, 999), 1000)
        step = Fraction(share.numerator * 2**40 // share.denominator, 2**40) or share
        den = lcm(point[-1], step.denominator)
        return (
            *(
                x * (den // point[-1]) + int(step * den) * d
                for x, d in zip(point[:-1], way, strict=True)
            ),
            den,
        )


def sides_of(cells: Cells) -> list[Vector]:
    """Forms that are positive inside the domain."""
    n = cells.n
    sides: list[Vector] = []
    for k in range(n):
        low, high = cells.restriction.ends(k)
        sides.append((*(low.denominator * int(j == k) for j in range(n)), -low.numerator))
        sides.append((*(-high.denominator * int(j == k) for j in range(n)), high.numerator))
    sides += [
        tuple(cells.restriction.constraint_form(constraint))
        for constraint in cells.restriction.domain.constraints
    ]
    return sides


def _bends_along(placed: Placed, flat: Flat, point: Vertex) -> bool:
    """Is what a unit's relu is applied to 0 around a point of a flat, or not 0 at the point?"""
    value, form, _ = placed.at(point)
    return value != 0 or _holds(form, flat)


def _holds(hinge: Vector, flat: Flat) -> bool:
    """Is a hinge 0 on a flat?"""
    return not dot(hinge, flat.foot) and not any(
        sum(a * d for a, d in zip(hinge, row, strict=False)) for row in flat.basis
    )
