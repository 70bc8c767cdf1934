"""The faces of all regions inside the domain, and the classes of a function next to each.

Derivation: docs/mathematics.md#classes-by-flags.

    walls (n − 1 dimensions) with the jump of the gradient  →  ridges  →  …  →  edges  →  vertices

Each face has its class: for every face around it that is one dimension larger, that one's class on
one side less the other's.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import lcm

from rectifold.linear_regions.polytope import Vertex, primitive
from rectifold.linear_regions.region import Region
from rectifold.linear_regions.restriction import Restriction
from rectifold.two_layers.classes.lattice import Face, Lattice, Wall
from rectifold.two_layers.classes.vectors import Vector, direction_of, echelon
from rectifold.two_layers.form import AffineForm, Weights
from rectifold.two_layers.hyper.flags import Flag, modulo

Class = dict[Flag, Weights]


class Cells:
    """Faces inside the domain, by dimension.

    `parts[k]` maps every face of k dimensions to those of k − 1 in its border, `around[k]` to those
    of k + 1 around it. `classes[k]` has the classes that are not 0.
    """

    def __init__(self, restriction: Restriction, regions: Sequence[Region]) -> None:
        self.restriction = restriction
        self.regions = regions
        self.n = len(restriction.free)
        self.lattice = Lattice(restriction, regions)
        self.points = self.lattice.points
        self._bases: dict[Face, list[Vector]] = {}
        self.walls = {wall.face: wall for wall in self.lattice.walls()}
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

    def _add_parts(self, wall: Wall) -> None:
        """The faces of a wall, down to its vertices."""
        shape = self.lattice.shapes[wall.below]
        waiting = [(wall.face, wall.mask, self.n - 1)]
        while waiting:
            face, mask, k = waiting.pop()
            if k == 0 or face in self.parts[k]:
                continue
            inside = [(shape.face(part), part) for part, _ in self.lattice.parts(wall.below, mask)]
            self.parts[k][face] = [part for part, _ in inside]
            for part, bits in inside:
                self.around[k - 1].setdefault(part, []).append(face)
                waiting.append((part, bits, k - 1))

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
    after = weights if factor == 1 else tuple(factor * w for w in weights)
    if known is not None:
        after = tuple(a + b for a, b in zip(known, after, strict=True))
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


def form_through(gradient: Sequence[Fraction | int], point: Vertex) -> AffineForm:
    """gradient · (x − point)."""
    constant = -sum(
        (Fraction(g) * x for g, x in zip(gradient, point[:-1], strict=True)), Fraction(0)
    )
    return (*(Fraction(g) for g in gradient), constant / point[-1])
