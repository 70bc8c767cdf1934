"""One linear region: its phases, the affine map of the network there, and where it is.

Vertices and forms speak of the free inputs only; an output o is
(Σ forms[o][k] x_k + forms[o][-1]) / den, the sum over the free inputs x_k.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import gcd, lcm
from operator import mul
from typing import Any

from rectifold.exact.matrix import Matrix
from rectifold.linear_regions.inside import short_point
from rectifold.linear_regions.polytope import Form, Polytope, Vertex, primitive
from rectifold.linear_regions.volumes import volume

AffineMap = tuple[tuple[Fraction, ...], ...]  # per output: the gradient, then the constant
Wall = tuple[tuple[int, ...], int]


@dataclass(frozen=True, eq=False)
class Region:
    """A region with its vertices. `phases[layer]` is one byte per unit, 1 where it is active."""

    phases: Mapping[str, bytes]
    forms: list[Form]
    den: int
    polytope: Polytope

    @cached_property
    def corners(self) -> list[Vertex]:
        """The corners as integer columns; those of a polygon counterclockwise from the leftmost."""
        if self.polytope.dimension != 2:
            return self.polytope.vertices
        return [self.polytope.vertices[k] for k in cyclic_order(self.polytope.vertices)]

    @cached_property
    def vertices(self) -> list[tuple[Fraction, ...]]:
        """The exact corners, in the same order."""
        return [coordinates(v) for v in self.corners]

    @cached_property
    def interior_point(self) -> tuple[Fraction, ...]:
        """A point strictly inside: beside the mean of the vertices, in a thin region that mean."""
        near = short_point(self.polytope)
        if near is not None:
            return coordinates(near)
        count = len(self.vertices)
        return tuple(
            sum(column, Fraction(0)) / count for column in zip(*self.vertices, strict=True)
        )

    @cached_property
    def volume(self) -> Fraction:
        """Exactly: a length, an area, a volume, … by the number of free inputs."""
        return volume(self.polytope)

    @cached_property
    def affine(self) -> AffineMap:
        """Per output, the exact gradient by free inputs, then the constant."""
        return _affine_map(self.forms, self.den)

    @cached_property
    def walls(self) -> list[Wall]:
        """(L, side) of every facet, in order: side · L ≥ 0 on the region.

        L is a primitive integer form whose first coefficient is positive, side is 1 or −1.
        """
        vertices, n = self.polytope.vertices, self.polytope.dimension
        walls = set()
        for bit in range(self.polytope.constraints):
            on = [v for v, m in zip(vertices, self.polytope.masks, strict=True) if m >> bit & 1]
            form = hyperplane([coordinates(v) for v in on], n) if len(on) >= n else None
            if form is not None:
                values = (sum(a * x for a, x in zip(form, v, strict=True)) for v in vertices)
                walls.add((form, next(1 if value > 0 else -1 for value in values if value)))
        return sorted(walls)


@dataclass(frozen=True, eq=False)
class PointRegion:
    """A region with an exact point inside instead of vertices; otherwise like `Region`.

    `rows` are the inequalities of its cell, form ≥ 0; some may follow from others.
    """

    phases: Mapping[str, bytes]
    forms: list[Form]
    den: int
    inside: Vertex
    rows: tuple[tuple[int, ...], ...]

    @property
    def corners(self) -> None:
        """Not known."""

    @property
    def vertices(self) -> None:
        """Not known."""

    @cached_property
    def interior_point(self) -> tuple[Fraction, ...]:
        """A dyadic point at which no pre-activation of a unit that splits is 0."""
        return coordinates(self.inside)

    @cached_property
    def affine(self) -> AffineMap:
        """Per output, the exact gradient by free inputs, then the constant."""
        return _affine_map(self.forms, self.den)

    @cached_property
    def walls(self) -> list[Wall]:
        """(L, side) of the inequalities of its cell, in order, as `Region.walls` has them."""
        walls = set()
        for row in self.rows:
            sign = 1 if next(v for v in row if v) > 0 else -1
            walls.add((tuple(sign * v for v in row), sign))
        return sorted(walls)


AnyRegion = Region | PointRegion


def map_key(region: AnyRegion) -> tuple[tuple[int, ...], ...]:
    """The same for regions with one affine map, and other for others."""
    common = gcd(region.den, *(v for form in region.forms for v in form))
    forms = [tuple(v // common for v in form) for form in region.forms]
    return (*forms, (region.den // common,))


def cyclic_order(corners: Sequence[Vertex]) -> list[int]:
    """The corners of a convex polygon by number, counterclockwise from the leftmost one.

    First those below the line from the first to the last in order, then those above it. Rounded
    numbers that differ are in the order of the exact ones.
    """
    places: Sequence[Any] = [x / w for x, _, w in corners]
    if len(set(places)) < len(places):
        places = list(map(coordinates, corners))
    ordered = sorted(range(len(corners)), key=places.__getitem__)
    (ax, ay, aw), (bx, by, bw) = corners[ordered[0]], corners[ordered[-1]]
    line = ay * bw - aw * by, aw * bx - ax * bw, ax * by - ay * bx
    above = {k for k, c in enumerate(corners) if sum(map(mul, line, c)) > 0}
    return [k for k in ordered if k not in above] + [k for k in ordered[::-1] if k in above]


def hyperplane(points: list[tuple[Fraction, ...]], n: int) -> tuple[int, ...] | None:
    """The primitive form that is 0 at these points of n-space.

    None if they lie on more than one hyperplane, or on none.
    """
    reduced, pivots = Matrix.from_fractions(
        [[*p, Fraction(1)] for p in points], columns=n + 1
    ).rref()
    if len(pivots) != n:
        return None
    free = next(k for k in range(n + 1) if k not in pivots)
    form = [Fraction(0)] * (n + 1)
    form[free] = Fraction(1)
    for row, pivot in enumerate(pivots):
        form[pivot] = -reduced.entry(row, free)
    if not any(form[:-1]):
        return None
    den = lcm(*(v.denominator for v in form))
    integers = primitive([int(v * den) for v in form])
    return integers if next(v for v in integers if v) > 0 else tuple(-v for v in integers)


def coordinates(vertex: Vertex) -> tuple[Fraction, ...]:
    """The point of a column (X, w)."""
    return tuple(Fraction(x, vertex[-1]) for x in vertex[:-1])


def _affine_map(forms: Sequence[Form], den: int) -> AffineMap:
    return tuple(tuple(Fraction(v, den) for v in form) for form in forms)
