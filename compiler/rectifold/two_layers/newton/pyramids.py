"""A polytope in three dimensions as pyramids on its facets, with one apex.

    a cube      →      three pyramids on squares, from a corner that the squares do not have

A facet that is symmetric about its middle is p + a sum of segments [0, u], and the maximum over the
pyramid on it is Z + relu(a − Z) with Z = p + Σ relu(u): one unit of a second layer, whatever the
number of segments. Other facets are cut into triangles, the pyramids on which are tetrahedra. Sound
because the pyramids cover the polytope, and meet in sets that are flat.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cmp_to_key
from itertools import pairwise

from rectifold.two_layers.newton.triangulation import facets_of
from rectifold.two_layers.newton.vectors import Vector, dot, minus

Pyramid = tuple[Vector, Vector, tuple[Vector, ...]]  # apex a, corner p, and the segments u
Tetrahedron = tuple[Vector, ...]


def pyramids_of(points: Sequence[Vector]) -> tuple[list[Tetrahedron], list[Pyramid]]:
    """Tetrahedra, and pyramids on symmetric facets, whose union is the hull of extreme points that
    span three dimensions. The apex has the fewest of them.
    """
    facets = [_in_order([points[k] for k in facet]) for facet in facets_of(points)]
    costs = [1 if _is_symmetric(facet) else len(facet) - 2 for facet in facets]

    def cost(apex: Vector) -> int:
        return sum(c for c, facet in zip(costs, facets, strict=True) if apex not in facet)

    apex = min(points, key=cost)
    tetrahedra: list[Tetrahedron] = []
    pyramids: list[Pyramid] = []
    for facet in facets:
        if apex in facet:
            continue
        if _is_symmetric(facet):
            half = facet[: len(facet) // 2 + 1]
            ways = tuple(minus(b, a) for a, b in pairwise(half))
            pyramids.append((apex, facet[0], ways))
        else:
            tetrahedra += [(apex, facet[0], a, b) for a, b in pairwise(facet[1:])]
    return tetrahedra, pyramids


def _in_order(corners: Sequence[Vector]) -> list[Vector]:
    """The corners of a polygon in the order of its border, from the first one."""
    first = corners[0]
    rays = [minus(corner, first) for corner in corners[1:]]
    normal = _cross(rays[0], next(r for r in rays[1:] if any(_cross(rays[0], r))))

    def turn(a: Vector, b: Vector) -> int:
        side = dot(normal, _cross(a, b))
        return -1 if side > 0 else 1 if side < 0 else 0

    rays.sort(key=cmp_to_key(turn))  # seen from a corner all others are within a half turn
    return [first, *(tuple(x + y for x, y in zip(first, ray, strict=True)) for ray in rays)]


def _is_symmetric(polygon: Sequence[Vector]) -> bool:
    """About its middle."""
    half, odd = divmod(len(polygon), 2)
    if odd:
        return False
    sums = {
        tuple(x + y for x, y in zip(polygon[k], polygon[k + half], strict=True))
        for k in range(half)
    }
    return len(sums) == 1


def _cross(a: Vector, b: Vector) -> Vector:
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]
