"""The faces of all regions inside the domain, and the classes of a function next to each.

Derivation: docs/mathematics.md#classes-by-flags.

    walls (n − 1 dimensions) with the jump of the gradient  →  ridges  →  …  →  edges  →  vertices

Each face has its class: for every face around it that is one dimension larger, that one's class on
one side less the other's. Regions meet face to face, so a wall belongs to two of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from rectifold.linear_regions.polytope import Vertex, primitive
from rectifold.linear_regions.region import Region
from rectifold.linear_regions.restriction import Restriction
from rectifold.two_layers.classes.vectors import Vector, direction_of, echelon, normal_to
from rectifold.two_layers.form import AffineForm, Hinge, Weights, factor_of, weighted_sum
from rectifold.two_layers.hyper.flags import Flag, modulo

Face = tuple[int, ...]  # numbers of its vertices, in order
Class = dict[Flag, Weights]


@dataclass(frozen=True, eq=False)
class Wall:
    """A facet between two regions, those with hinge ≤ 0 and ≥ 0, and the jump in terms of it."""

    face: Face
    hinge: Hinge
    jump: Weights
    below: int
    above: int


class Cells:
    """Faces inside the domain, by dimension.

    `parts[k]` maps every face of k dimensions to those of k − 1 in its border, `around[k]` to those
    of k + 1 around it. `classes[k]` has the classes that are not 0.
    """

    def __init__(self, restriction: Restriction, regions: Sequence[Region]) -> None:
        self.restriction = restriction
        self.regions = regions
        self.n = len(restriction.free)
        self.points: list[Vertex] = []
        self._numbers: dict[Vertex, int] = {}
        self._borders: list[int] = []  # of every point: the sides of the domain that it lies on
        self._sides = (1 << restriction.polytope().constraints) - 1
        self._bases: dict[Face, list[Vector]] = {}
        self._facets = [self._facets_of(region) for region in regions]
        self.walls = {wall.face: wall for wall in self._all_walls()}
        self.parts: list[dict[Face, list[Face]]] = [{} for _ in range(self.n)]
        self.around: list[dict[Face, list[Face]]] = [{} for _ in range(self.n)]
        self.classes: list[dict[Face, Class]] = [{} for _ in range(self.n)]
        for wall in self.walls.values():
            self._add_parts(wall)
        for wall in self.walls.values():
            if not any(wall.jump):
                continue
            place = max(k for k, v in enumerate(wall.hinge[:-1]) if v)
            scale = abs(wall.hinge[place])
            self.classes[self.n - 1][wall.face] = {(): tuple(j * scale for j in wall.jump)}
        for k in range(self.n - 2, -1, -1):
            for face in self.around[k]:
                if own := self._class_at(face, k):
                    self.classes[k][face] = own

    # ---- points and directions ------------------------------------------------------------------

    def is_inside(self, face: Face) -> bool:
        """Is a point of the face inside the domain, and not on its border?"""
        common = -1
        for k in face:
            common &= self._borders[k]
        return not common

    def difference(self, a: int, b: int) -> Vector:
        """A positive multiple of the vector from point a to point b."""
        p, q = self.points[a], self.points[b]
        return tuple(y * p[-1] - x * q[-1] for x, y in zip(p[:-1], q[:-1], strict=True))

    def basis(self, face: Face) -> list[Vector]:
        """The echelon basis of the directions of a face."""
        if face not in self._bases:
            self._bases[face] = echelon([self.difference(face[0], k) for k in face[1:]])
        return self._bases[face]

    def way(self, face: Face, larger: Face) -> tuple[Vector, int]:
        """The direction, and its sign, from a face into one around it, in the quotient by it."""
        outer = next(k for k in larger if k not in face)
        vector = self.difference(face[0], outer)
        for own in _steps(self.basis(face)):
            vector = modulo(vector, own)
        return direction_of(vector)

    def inside_of(self, face: Face, weights: Sequence[int]) -> Vertex:
        """A point inside a face: its vertices, weighted by positive numbers."""
        return weighted_mean([self.points[k] for k in face], weights)

    # ---- building -------------------------------------------------------------------------------

    def _facets_of(self, region: Region) -> list[frozenset[int]]:
        """The facets of a region, as sets of points."""
        polytope = region.polytope
        ids = []
        for vertex, mask in zip(polytope.vertices, polytope.masks, strict=True):
            number = self._numbers.setdefault(vertex, len(self.points))
            if number == len(self.points):
                self.points.append(vertex)
                self._borders.append(mask & self._sides)
            ids.append(number)
        tight = {
            frozenset(k for k, mask in zip(ids, polytope.masks, strict=True) if mask >> bit & 1)
            for bit in range(polytope.constraints)
        }
        return _largest([face for face in tight if len(face) >= self.n])

    def _all_walls(self) -> list[Wall]:
        """Facets between two regions."""
        owners: dict[frozenset[int], list[int]] = defaultdict(list)
        for number, facets in enumerate(self._facets):
            for facet in facets:
                owners[facet].append(number)
        walls = []
        for facet, own in owners.items():
            face = tuple(sorted(facet))
            if self.is_inside(face):
                if len(own) != 2:
                    raise AssertionError("regions do not meet face to face")
                walls.append(self._wall(face, own[0], own[1]))
        return walls

    def _wall(self, face: Face, a: int, b: int) -> Wall:
        """The wall between two regions."""
        first, second = self.regions[a].affine, self.regions[b].affine
        hinge = self._hinge(face)
        outer = next(k for k in _ids(self._facets[a]) if _value(hinge, self.points[k]))
        if _value(hinge, self.points[outer]) > 0:
            a, b, first, second = b, a, second, first
        jump = []
        for low, high in zip(first, second, strict=True):
            factor = factor_of(weighted_sum((1, high), (-1, low)), hinge)
            if factor is None:
                raise AssertionError("the function is not continuous")
            jump.append(factor)
        return Wall(face, hinge, tuple(jump), a, b)

    def _hinge(self, face: Face) -> Hinge:
        """The primitive form that is 0 on a wall."""
        normal = normal_to(self.basis(face))
        if normal is None:
            raise AssertionError("a wall has another dimension than one less than a region")
        point = self.points[face[0]]
        constant = -sum(a * x for a, x in zip(normal, point[:-1], strict=True))
        form = [v * point[-1] for v in normal] + [constant]
        return direction_of(form)[0]

    def _add_parts(self, wall: Wall) -> None:
        """The faces of a wall, down to its vertices."""
        facets = self._facets[wall.below]
        waiting = [(wall.face, self.n - 1)]
        while waiting:
            face, k = waiting.pop()
            if k == 0 or face in self.parts[k]:
                continue
            own = set(face)
            smaller: list[Face]
            if k == 1:
                smaller = [(point,) for point in face]
            else:
                cuts = {frozenset(own & facet) for facet in facets if not own <= facet}
                smaller = [tuple(sorted(cut)) for cut in _largest([c for c in cuts if len(c) >= k])]
            inside = [part for part in smaller if self.is_inside(part)]
            self.parts[k][face] = inside
            for part in inside:
                self.around[k - 1].setdefault(part, []).append(face)
                waiting.append((part, k - 1))

    def _class_at(self, face: Face, k: int) -> Class:
        total: Class = {}
        for larger in self.around[k][face]:
            own = self.classes[k + 1].get(larger)
            if own:
                direction, sign = self.way(face, larger)
                for flag, weights in own.items():
                    add_weights(total, (direction, *flag), weights, sign)
        return total


def weighted_mean(points: Sequence[Vertex], weights: Sequence[int]) -> Vertex:
    """The mean of points, weighted by positive numbers."""
    common = lcm(*(p[-1] for p in points))
    total = [0] * (len(points[0]) - 1)
    for p, weight in zip(points, weights, strict=True):
        factor = weight * (common // p[-1])
        total = [t + factor * x for t, x in zip(total, p[:-1], strict=True)]
    return primitive((*total, common * sum(weights)))


def add_weights(total: Class, flag: Flag, weights: Weights, factor: Fraction | int) -> None:
    """total[flag] += factor · weights, which goes where it is 0."""
    known = total.get(flag)
    after = tuple(
        factor * w + (known[o] if known is not None else 0) for o, w in enumerate(weights)
    )
    if any(after):
        total[flag] = after
    else:
        total.pop(flag, None)


def _steps(basis: Sequence[Vector]) -> list[Vector]:
    """An echelon basis as directions of quotients, one after the other."""
    rest = list(basis)
    steps = []
    while rest:
        first = direction_of(rest.pop(0))[0]
        steps.append(first)
        rest = [modulo(row, first) for row in rest]
    return steps


def _ids(facets: Sequence[frozenset[int]]) -> list[int]:
    return sorted(frozenset[int]().union(*facets))


def _largest(sets: Sequence[frozenset[int]]) -> list[frozenset[int]]:
    """Those that are in no other, in order."""
    result: list[frozenset[int]] = []
    for own in sorted(sets, key=lambda s: (-len(s), sorted(s))):
        if not any(own <= other for other in result):
            result.append(own)
    return result


def _value(form: Sequence[int], point: Vertex) -> int:
    return sum(a * x for a, x in zip(form, point, strict=True))


def form_through(gradient: Sequence[Fraction | int], point: Vertex) -> AffineForm:
    """gradient · (x − point)."""
    constant = -sum(
        (Fraction(g) * x for g, x in zip(gradient, point[:-1], strict=True)), Fraction(0)
    )
    return (*(Fraction(g) for g in gradient), constant / point[-1])
