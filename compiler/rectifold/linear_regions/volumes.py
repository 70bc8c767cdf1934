"""The exact volume of a polytope, from its vertices and the constraints tight at them.

    square → its corner (0, 0), and the edges that do not hold it → two triangles → 1/2 + 1/2

Derivation: docs/mathematics.md#volumes. A face is the set of its vertices. It is the union of the
pyramids from its first vertex over its facets that do not hold it; so are those, down to points.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import factorial, prod

from rectifold.exact.matrix import determinant
from rectifold.linear_regions.polytope import Polytope, faces_of


def volume(polytope: Polytope) -> Fraction:
    """Length, area, volume, … ; 1 for a point, the polytope of no inputs."""
    vertices, n = polytope.vertices, polytope.dimension
    faces = list(faces_of(polytope.masks).values())
    total = Fraction(0)
    for simplex in _simplices(faces, (1 << len(vertices)) - 1, n):
        corners = [vertices[k] for k in simplex]
        size = abs(determinant(corners))
        if size:
            total += Fraction(size, prod(corner[-1] for corner in corners))
    return total / factorial(n)


def _simplices(faces: Sequence[int], whole: int, dimension: int) -> Iterator[tuple[int, ...]]:
    """Simplices that fill a face and meet in their borders only, and flat ones.

    A face is a set of vertices, as bits. What a constraint that is tight on less than a facet adds
    is flat.
    """
    first = (whole & -whole).bit_length() - 1
    if dimension == 0:
        yield (first,)
        return
    inside = {whole & face for face in faces}
    for facet in sorted(inside):
        if facet.bit_count() >= dimension and not facet >> first & 1:
            for simplex in _simplices(list(inside), facet, dimension - 1):
                yield (first, *simplex)
