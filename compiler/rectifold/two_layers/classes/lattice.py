"""The faces of regions as sets of their vertices, and the walls between regions.

    two regions on both sides of x = 0      →      a wall: x, and the jump of the gradient over x

A region has few vertices, so its faces are bits of an integer; the same face of two regions is the
same numbers of points. Regions meet face to face, so a wall belongs to two of them; that is asked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rectifold.linear_regions.polytope import Vertex
from rectifold.linear_regions.region import Region
from rectifold.linear_regions.restriction import Restriction
from rectifold.two_layers.classes.vectors import dot, normal_to
from rectifold.two_layers.form import Hinge, Weights, factor_of, weighted_sum

Face = tuple[int, ...]  # numbers of its vertices, in order


@dataclass(frozen=True, eq=False)
class Wall:
    """A facet between two regions, those with hinge ≤ 0 and ≥ 0, and the jump in terms of it.

    `mask` has its vertices in the region below.
    """

    face: Face
    hinge: Hinge
    jump: Weights
    below: int
    above: int
    mask: int


@dataclass(frozen=True, eq=False)
class Shape:
    """A region: numbers of its vertices, their tight constraints, facets as sets of vertices."""

    numbers: list[int]
    masks: list[int]
    facets: list[int]

    def face(self, mask: int) -> Face:
        """The vertices of a face, by number."""
        return tuple(sorted(self.numbers[k] for k in _bits(mask)))

    def tight(self, mask: int) -> int:
        """The constraints that are tight on a face."""
        tight = -1
        for k in _bits(mask):
            tight &= self.masks[k]
        return tight

    def facets_of(self, face: int) -> list[tuple[int, int]]:
        """The facets of a face, each with a facet of the region that cuts it out."""
        parts = {face & facet: facet for facet in self.facets if face & facet != face}
        return [(part, parts[part]) for part in _largest(set(parts))]


class Lattice:
    """All points of regions, with numbers, and the shape of every region."""

    def __init__(self, restriction: Restriction, regions: Sequence[Region]) -> None:
        self.regions = regions
        self.points: list[Vertex] = []
        self._numbers: dict[Vertex, int] = {}
        self._borders: list[int] = []  # of every point: the sides of the domain that it lies on
        self._domain = (1 << restriction.polytope().constraints) - 1
        self.shapes = [self._shape(region) for region in regions]
        self._hinges: dict[Face, Hinge] = {}

    def _shape(self, region: Region) -> Shape:
        polytope = region.polytope
        numbers = []
        for vertex, mask in zip(polytope.vertices, polytope.masks, strict=True):
            number = self._numbers.setdefault(vertex, len(self.points))
            if number == len(self.points):
                self.points.append(vertex)
                self._borders.append(mask & self._domain)
            numbers.append(number)
        tight: dict[int, int] = {}
        for k, mask in enumerate(polytope.masks):
            for bit in _bits(mask):
                tight[bit] = tight.get(bit, 0) | 1 << k
        return Shape(numbers, polytope.masks, _largest(set(tight.values())))

    def is_inside(self, face: Face) -> bool:
        """Is a point of the face inside the domain, and not on its border?"""
        common = -1
        for k in face:
            common &= self._borders[k]
        return not common

    def hinge(self, face: Face) -> Hinge:
        """The primitive form that is 0 on a facet."""
        if face not in self._hinges:
            form = normal_to([self.points[k] for k in face])
            if form is None:
                raise AssertionError("a facet has one dimension less than its region")
            self._hinges[face] = form
        return self._hinges[face]

    def walls(self) -> Iterator[Wall]:
        """The facets inside the domain, in the order of their regions.

        AssertionError where regions do not meet face to face, or the function has a jump itself.
        """
        owners: dict[Face, list[tuple[int, int]]] = defaultdict(list)
        for number, shape in enumerate(self.shapes):
            for mask in shape.facets:
                if not shape.tight(mask) & self._domain:
                    owners[shape.face(mask)].append((number, mask))
        for face, own in owners.items():
            if len(own) != 2:
                raise AssertionError("regions do not meet face to face")
            yield self._wall(face, *own)

    def _wall(self, face: Face, first: tuple[int, int], second: tuple[int, int]) -> Wall:
        hinge = self.hinge(face)
        values = (dot(hinge, self.points[k]) for k in self.shapes[first[0]].numbers)
        if next(value for value in values if value) > 0:
            first, second = second, first
        (below, mask), (above, _) = first, second
        jump = []
        for low, high in zip(self.regions[below].affine, self.regions[above].affine, strict=True):
            factor = factor_of(weighted_sum((1, high), (-1, low)), hinge)
            if factor is None:
                raise AssertionError("the function is not continuous")
            jump.append(factor)
        return Wall(face, hinge, tuple(jump), below, above, mask)

    def parts(self, region: int, mask: int) -> list[tuple[int, int]]:
        """`Shape.facets_of` a face of a region, those inside the domain."""
        shape = self.shapes[region]
        return [part for part in shape.facets_of(mask) if not shape.tight(part[0]) & self._domain]


def _largest(sets: set[int]) -> list[int]:
    """Those that are in no other one."""
    kept: list[int] = []
    for one in sorted(sets, key=lambda bits: (-bits.bit_count(), bits)):
        if one and not any(one & other == one for other in kept):
            kept.append(one)
    return kept


def _bits(mask: int) -> Iterator[int]:
    while mask:
        bit = mask & -mask
        yield bit.bit_length() - 1
        mask ^= bit
