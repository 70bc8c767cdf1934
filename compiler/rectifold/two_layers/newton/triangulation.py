"""Placing triangulations of integer points, in integers, in any dimension.

    triangle 0 1 2, then a point 3 beyond the side 1 2      →      triangles 0 1 2 and 1 2 3

Points are placed one after the other; each is joined to the facets of the hull that it sees. Sound
because every sign is that of an integer. A maximum over a polytope is a signed sum of maxima over
the faces of its triangulation that are inside (`interior_faces`), because x ↦ h_P(x) is a
valuation: h_{P ∪ Q} = h_P + h_Q − h_{P ∩ Q} where P ∪ Q is convex.

    for face, sign in interior_faces(placing(points)).items():
        total += sign * max(x · points[k] for k in face)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations

from rectifold.two_layers.newton.vectors import Vector, dot, echelon, minus, normal_to

Simplex = tuple[int, ...]  # numbers of points, in order
Side = tuple[Vector, int]  # outward normal of a facet, and its value there


def placing(points: Sequence[Vector]) -> list[Simplex]:
    """Simplices of full dimension (that of the points) whose union is the convex hull.

    The points are integer, at least one, and no two are equal. Points that lie in the hull of the
    ones before them are in no simplex.
    """
    return _Placing(_flat(points)).simplices


def hull_vertices(points: Sequence[Vector]) -> list[Vector]:
    """The extreme points among these (no two equal), in their order."""
    flat = _flat(points)
    if len(flat) <= len(flat[0]) + 1:
        return list(points)
    sides = set(_Placing(flat).sides.values())
    n = len(flat[0])
    extreme = []
    for point, own in zip(points, flat, strict=True):
        tight = [normal for normal, value in sides if dot(normal, own) == value]
        if len(tight) >= n and len(echelon(tight)) == n:
            extreme.append(point)
    return extreme


def facets_of(points: Sequence[Vector]) -> list[list[int]]:
    """The numbers of the points on each facet of the hull, in the points' own space."""
    flat = _flat(points)
    sides = sorted(set(_Placing(flat).sides.values()))
    return [
        [k for k, own in enumerate(flat) if dot(normal, own) == value] for normal, value in sides
    ]


def interior_faces(simplices: Iterable[Simplex]) -> dict[Simplex, int]:
    """Faces of a triangulation that are not in the border of its union → (−1)^codimension."""
    whole = list(simplices)
    size = len(whole[0])
    count: dict[Simplex, int] = {}
    for simplex in whole:
        for facet in combinations(simplex, size - 1):
            count[facet] = count.get(facet, 0) + 1
    border: set[Simplex] = set()
    for facet, times in count.items():
        if times == 1:
            for k in range(1, size):
                border.update(combinations(facet, k))
    return {
        face: (-1) ** (size - k)
        for simplex in whole
        for k in range(1, size + 1)
        for face in combinations(simplex, k)
        if face not in border
    }


class _Placing:
    """`simplices`, and the `sides` of their union by facet. The points span their space."""

    def __init__(self, points: Sequence[Vector]) -> None:
        self.points = points
        self.simplices: list[Simplex] = []
        self.sides: dict[Simplex, Side] = {}
        first = _independent(points)
        self._add(tuple(first))
        for k in range(len(points)):
            if k not in first:
                self._place(k)

    def _place(self, k: int) -> None:
        """Join a point to what it sees."""
        point = self.points[k]
        seen = [
            facet for facet, (normal, value) in self.sides.items() if dot(normal, point) > value
        ]
        for facet in seen:
            del self.sides[facet]
        new = [tuple(sorted((*facet, k))) for facet in seen]
        count: dict[Simplex, int] = {}
        for simplex in new:
            for facet in combinations(simplex, len(simplex) - 1):
                if k in facet:
                    count[facet] = count.get(facet, 0) + 1
        for simplex in new:
            self.simplices.append(simplex)
            for facet in combinations(simplex, len(simplex) - 1):
                if count.get(facet) == 1:
                    self.sides[facet] = self._side(facet, simplex)

    def _add(self, simplex: Simplex) -> None:
        self.simplices.append(simplex)
        if len(simplex) > 1:
            for facet in combinations(simplex, len(simplex) - 1):
                self.sides[facet] = self._side(facet, simplex)

    def _side(self, facet: Simplex, simplex: Simplex) -> Side:
        """Away from the corner of the simplex that is not in the facet."""
        base = self.points[facet[0]]
        inside = self.points[next(k for k in simplex if k not in facet)]
        rows = [minus(self.points[k], base) for k in facet[1:]]
        normal = normal_to(rows) if rows else (1,)
        assert normal is not None
        value = dot(normal, base)
        if dot(normal, inside) > value:
            return tuple(-v for v in normal), -value
        return normal, value


def _independent(points: Sequence[Vector]) -> list[int]:
    """Numbers of points that span the space of all, the first ones."""
    chosen = [0]
    basis: list[Vector] = []
    for k in range(1, len(points)):
        longer = echelon([*basis, minus(points[k], points[0])])
        if len(longer) > len(basis):
            basis = longer
            chosen.append(k)
    return chosen


def _flat(points: Sequence[Vector]) -> list[Vector]:
    """The points in coordinates of their own space: some of their coordinates."""
    basis = echelon([minus(point, points[0]) for point in points[1:]])
    pivots = [next(k for k, v in enumerate(row) if v) for row in basis]
    return [tuple(point[k] for k in pivots) for point in points]
