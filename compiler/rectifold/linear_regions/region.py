"""One linear region: its phases, the affine map of the network there, and where it is.

Vertices and forms speak of the free inputs only; an output o is
(Σ forms[o][k] x_k + forms[o][-1]) / den, the sum over the free inputs x_k.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import lcm

from rectifold.exact.matrix import Matrix
from rectifold.linear_regions.polytope import Form, Polytope, Vertex, primitive

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
    def vertices(self) -> list[tuple[Fraction, ...]]:
        """Exact corners; those of a polygon counterclockwise from the leftmost one."""
        corners = [coordinates(v) for v in self.polytope.vertices]
        return around(corners) if self.polytope.dimension == 2 else corners

    @cached_property
    def interior_point(self) -> tuple[Fraction, ...]:
        """The mean of the vertices."""
        count = len(self.vertices)
        return tuple(
            sum(column, Fraction(0)) / count for column in zip(*self.vertices, strict=True)
        )

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


def around(corners: Sequence[tuple[Fraction, ...]]) -> list[tuple[Fraction, ...]]:
    """The corners of a convex polygon, counterclockwise from the leftmost one.

    First those below the line from the first to the last in order, then those above it.
    """
    ordered = sorted(corners)
    (ax, ay), (bx, by) = ordered[0], ordered[-1]
    above = [c for c in ordered if (bx - ax) * (c[1] - ay) > (by - ay) * (c[0] - ax)]
    return [c for c in ordered if c not in above] + above[::-1]


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
