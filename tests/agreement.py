"""Do two networks agree, exactly, at points that matter?"""

from __future__ import annotations

from rectifold.ir.evaluate import evaluate_points
from rectifold.ir.network import Network
from rectifold.linear_regions.by_vertices import vertex_enumeration
from support import points_of


def agree(a: Network, b: Network, seed: int) -> bool:
    """At random points and at every vertex of a's regions."""
    assert a.domain is not None
    enumeration = vertex_enumeration(a, a.domain)
    points = points_of(a.domain, 30, seed)
    for region in enumeration.regions():
        for vertex in region.vertices:
            points.append(list(enumeration.restriction.whole_point(vertex)))
    return evaluate_points(a, points) == evaluate_points(b, points)
