"""The jumps of the function across the planes through a line, whatever meets there.

Derivation: docs/mathematics.md#three-inputs.

    planes through a line → half planes in order around it → one affine map between any two

Sound because regions end on planes of facets only, so the function is affine between two half
planes that are next to each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from rectifold.linear_regions.polytope import Vertex
from rectifold.two_layers.form import AffineForm, Hinge, Weights, weighted_sum
from rectifold.two_layers.space.faces import Faces
from rectifold.two_layers.space.geometry import require_factor
from rectifold.two_layers.space.incidence import Line, Vector, cross, dot3, dot4

_Half = tuple[Vector, Hinge, int]  # a direction, its plane, and which half of it


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
    if len(planes) < 3:  # what goes straight through has no odd part, and two cannot balance
        return {}
    halves = _in_order(planes, direction)
    ways = [_between(a, b) for a, b in pairwise([*halves, halves[0]])]
    maps = [faces.near.piece(point, way) for way in ways]
    odd = {plane: list(faces.none) for plane in planes}
    for k, (_, plane, half) in enumerate(halves):
        sides = (maps[k], maps[k - 1]) if dot3(plane, ways[k]) > 0 else (maps[k - 1], maps[k])
        for o, jump in enumerate(_jumps(*sides, plane)):
            odd[plane][o] += half * jump
    return {plane: tuple(weights) for plane, weights in odd.items() if any(weights)}


def _in_order(planes: Sequence[Hinge], direction: Vector) -> list[_Half]:
    """Half planes around a direction, in the order of their angles."""
    halves: list[_Half] = []
    for plane in planes:
        x, y, z = cross(direction, plane)
        halves += [((x, y, z), plane, 1), ((-x, -y, -z), plane, -1)]
    first = halves[0][0]
    second = cross(direction, first)

    def angle(half: _Half) -> tuple[bool, bool, Fraction]:
        x, y = dot3(half[0], first), dot3(half[0], second)
        is_lower = y < 0 or (y == 0 and x < 0)
        return is_lower, y != 0, Fraction(-x, y) if y else Fraction(0)

    return sorted(halves, key=angle)


def _between(a: _Half, b: _Half) -> Vector:
    """A direction between two half planes that are next to each other."""
    x, y, z = (v + w for v, w in zip(a[0], b[0], strict=True))
    return x, y, z


def _jumps(above: Sequence[AffineForm], below: Sequence[AffineForm], plane: Hinge) -> Weights:
    return tuple(
        require_factor(weighted_sum((1, a), (-1, b)), plane)
        for a, b in zip(above, below, strict=True)
    )
