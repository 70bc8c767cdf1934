"""Faces of the regions in three dimensions, and small facts about planes and points.

regions → vertices, edges (pairs of vertices), planes of facets
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from rectifold.exact.numerals import about
from rectifold.linear_regions.polytope import Polytope, Vertex
from rectifold.linear_regions.region import Region
from rectifold.two_layers.classes.vectors import direction_of
from rectifold.two_layers.form import Hinge, factor_of
from rectifold.two_layers.space.incidence import cross, dot3
from rectifold.two_layers.space.sheets import NotGenericError


def faces_of(
    regions: Sequence[Region],
) -> tuple[set[Vertex], set[tuple[Vertex, Vertex]], set[Hinge]]:
    """All vertices, edges (pairs of vertices) and facet planes of the regions."""
    vertices: set[Vertex] = set()
    edges: set[tuple[Vertex, Vertex]] = set()
    planes: set[Hinge] = set()
    for region in regions:
        own, masks = region.polytope.vertices, region.polytope.masks
        vertices.update(own)
        for i, a in enumerate(own):
            for j in range(i):
                common = masks[i] & masks[j]
                if common.bit_count() >= 2 and not any(
                    k not in (i, j) and m & common == common for k, m in enumerate(masks)
                ):
                    edges.add((min(a, own[j]), max(a, own[j])))
        for bit in range(region.polytope.constraints):
            on = [v for v, m in zip(own, masks, strict=True) if m >> bit & 1]
            if len(on) >= 3 and (plane := plane_through(on)) is not None:
                planes.add(plane)
    return vertices, edges, planes


def plane_through(vertices: Sequence[Vertex]) -> Hinge | None:
    """The plane through at least three points of one plane; None if they lie on a line."""
    first = vertices[0]
    rays = [
        [y * first[3] - x * v[3] for x, y in zip(first[:3], v[:3], strict=True)]
        for v in vertices[1:]
    ]
    for ray in rays[1:]:
        normal = cross(rays[0], ray)
        if any(normal):
            return direction_of([*(v * first[3] for v in normal), -dot3(normal, first)])[0]
    return None


def polytope_sides(box: Polytope) -> list[Hinge]:
    """Forms that are positive inside a polytope."""
    sides = []
    for bit in range(box.constraints):
        on = [v for v, m in zip(box.vertices, box.masks, strict=True) if m >> bit & 1]
        plane = plane_through(on) if len(on) >= 3 else None
        if plane is not None:
            inner = next(
                s for v in box.vertices if (s := sum(a * x for a, x in zip(plane, v, strict=True)))
            )
            sides.append(plane if inner > 0 else tuple(-v for v in plane))
    return sides


def where(point: Vertex) -> str:
    """The coordinates of a point, for people."""
    return ", ".join(about(Fraction(v, point[-1])) for v in point[:-1])


def point_of(vertex: Vertex) -> tuple[Fraction, ...]:
    """The coordinates of a point."""
    return tuple(Fraction(x, vertex[-1]) for x in vertex[:-1])


def require_factor(
    form: Sequence[Fraction], other: Sequence[Fraction | int], at: Vertex | None = None
) -> Fraction:
    """κ with form = κ · other, next to the point `at` where that is known.

    Raises NotGenericError if there is none: more happens at this place than one unit's bend.
    """
    factor = factor_of(form, other)
    if factor is None:
        place = "" if at is None else f" at ({where(at)})"
        raise NotGenericError(
            f"a jump{place} is no multiple of its plane: "
            "the construction for three inputs does not cover this network"
        )
    return factor
