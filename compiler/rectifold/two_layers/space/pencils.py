"""The jumps of the function across the planes through a line, whatever meets there.

Derivation: docs/mathematics.md#three-inputs.

    planes through a line → half planes in order around it → one affine map between any two

Sound because regions end on planes of facets only, so the function is affine between two half
planes that are next to each other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise

from rectifold.linear_regions.polytope import Vertex
from rectifold.two_layers.form import AffineForm, Hinge, Weights, weighted_sum
from rectifold.two_layers.space.faces import Faces
from rectifold.two_layers.space.geometry import require_factor
from rectifold.two_layers.space.incidence import Line, Vector, cross, dot3, dot4

HalfPlane = tuple[Vector, Hinge, int]  # a direction, its plane, and which half of it


def odd_jumps(faces: Faces, line: Line, point: Vertex) -> dict[Hinge, Weights]:
    """Per plane through a line: the jump on one side of it less that on the other, next to a point
    of the line that is no vertex. Planes where it is 0 are left out.
    """
    direction = line[0]
    planes = [
        plane
        for plane in sorted(faces.planes)
        if dot3(plane, direction) == 0 and dot4(plane, point) == 0
    ]
    return odd_jumps_around(planes, direction, point, lambda way: faces.near.piece(point, way))


def odd_jumps_around(
    planes: Sequence[Hinge],
    direction: Vector,
    point: Vertex,
    pieces: Callable[[Vector], Sequence[AffineForm]],
) -> dict[Hinge, Weights]:
    """The same of any functions that bend on these planes only; `pieces` are their affine maps on
    the side of the line to which a direction leads.
    """
    if len(planes) < 3:  # what goes straight through has no odd part, and two cannot balance
        return {}
    halves = half_planes(planes, direction)
    ways = [between(a, b) for a, b in pairwise([*halves, halves[0]])]
    maps = [pieces(way) for way in ways]
    odd: dict[Hinge, Weights] = {}
    for k, (_, plane, half) in enumerate(halves):
        sides = (maps[k], maps[k - 1]) if dot3(plane, ways[k]) > 0 else (maps[k - 1], maps[k])
        jumps = [
            require_factor(weighted_sum((1, a), (-1, b)), plane, point)
            for a, b in zip(*sides, strict=True)
        ]
        before = odd.get(plane, (Fraction(0),) * len(jumps))
        odd[plane] = tuple(b + half * jump for b, jump in zip(before, jumps, strict=True))
    return {plane: weights for plane, weights in odd.items() if any(weights)}


def half_planes(planes: Sequence[Hinge], direction: Vector) -> list[HalfPlane]:
    """Half planes around a direction, in the order of their angles."""
    halves: list[HalfPlane] = []
    for plane in planes:
        x, y, z = cross(direction, plane)
        halves += [((x, y, z), plane, 1), ((-x, -y, -z), plane, -1)]
    angle = angles_from(halves[0][0], direction)
    return sorted(halves, key=lambda half: angle(half[0]))


def angles_from(first: Vector, axis: Vector) -> Callable[[Vector], tuple[bool, bool, Fraction]]:
    """A key that orders vectors by their angles around an axis, beginning at `first`."""
    second = cross(axis, first)

    def angle(vector: Vector) -> tuple[bool, bool, Fraction]:
        x, y = dot3(vector, first), dot3(vector, second)
        is_lower = y < 0 or (y == 0 and x < 0)
        return is_lower, y != 0, Fraction(-x, y) if y else Fraction(0)

    return angle


def between(a: HalfPlane, b: HalfPlane) -> Vector:
    """A direction between two half planes that are next to each other, of two planes at least."""
    x, y, z = (v + w for v, w in zip(a[0], b[0], strict=True))
    return x, y, z
