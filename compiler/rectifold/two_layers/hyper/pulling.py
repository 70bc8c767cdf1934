"""Step 1 of four inputs: units that take the class of every vertex.

Derivation: docs/mathematics.md#four-inputs.

    the fan at a vertex → its rays on which f is not v → around each, the ridges on which f is not w
        → max(v, w, polygon of gradients), cut into parallelograms (one unit) and triangles (two)

v is a linear form for the vertex, w one for each ray; both are chosen among the gradients around so
that few pieces are left. A ray around which every hinge is straight needs no w: max(v, sum of
hinges) is a unit. That the units have the class of the vertex is asserted exactly.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import cached_property

from rectifold.two_layers.classes.lattice import Face, Wall
from rectifold.two_layers.classes.vectors import Vector, pivot_of, rank
from rectifold.two_layers.form import Hinge
from rectifold.two_layers.hyper.cells import Cells
from rectifold.two_layers.hyper.germs import Field
from rectifold.two_layers.hyper.parts import Bend, Part
from rectifold.two_layers.hyper.polygons import Gradient, Piece, Step, pieces_of


class Pulling:
    """The decomposition of a function next to one vertex."""

    def __init__(self, cells: Cells, vertex: int, field: Field) -> None:
        self.rays = [
            Ray(cells, edge, cells.difference(vertex, next(k for k in edge if k != vertex)), field)
            for edge in cells.around[0][(vertex,)]
        ]

    @cached_property
    def costs(self) -> dict[Gradient, int]:
        """In units, of every gradient to pull from. Empty if there is no bend."""
        options = sorted({g for ray in self.rays for g in ray.gradients})
        return {v: sum(ray.cost for ray in self.rays if ray.side(v)) for v in options}

    def parts(self, v: Gradient) -> Iterator[Part]:
        """What is left of the fan when it is pulled from a gradient."""
        for ray in self.rays:
            side = ray.side(v)
            if not side or not ray.cost:
                continue
            if ray.is_straight:
                base, bends = ray.straight()
                yield Part(side, (v,), Piece(1, base, ()), bends)
                continue
            w, ridges = ray.pulled
            for ridge in ridges:
                sign = side * ridge.side(w)
                for piece in ridge.pieces:
                    yield Part(sign * piece.sign, (v, w), piece)


class Ray:
    """A function next to an edge, seen from a vertex."""

    def __init__(self, cells: Cells, edge: Face, way: Vector, field: Field) -> None:
        self.cells = cells
        self.edge = edge
        self.way = way
        self.field = field
        self.ridges = [Ridge(cells, edge, face, field) for face in cells.around[1][edge]]
        self.walls = list(
            {wall.face: wall for ridge in self.ridges for wall in ridge.walls}.values()
        )

    @cached_property
    def gradients(self) -> list[Gradient]:
        """Of all regions around, each once."""
        found = {
            self.field.gradient(region)
            for wall in self.walls
            for region in (wall.below, wall.above)
        }
        return sorted(found)

    @cached_property
    def rank(self) -> int:
        """Of the normals of the walls around."""
        return rank([wall.hinge[:-1] for wall in self.walls]) if self.walls else 0

    @cached_property
    def is_straight(self) -> bool:
        """Is the function a sum of hinges here?"""
        return all(ridge.is_straight for ridge in self.ridges)

    def side(self, v: Gradient) -> int:
        """Is the function larger (1), smaller (−1) or the same as v along the edge?"""
        if not self.walls:
            return 0
        own = self.field.gradient(self.walls[0].below)
        return _sign(sum((a - b) * x for a, b, x in zip(own, v, self.way, strict=True)))

    @cached_property
    def cost(self) -> int:
        """In units."""
        if self.rank < self.cells.n - 1:
            return 0
        if self.is_straight:
            return 1
        _, ridges = self.pulled
        return sum(ridge.cost for ridge in ridges)

    @cached_property
    def pulled(self) -> tuple[Gradient, list[Ridge]]:
        """The gradient to pull from, and the ridges that are left."""
        options = [
            (w, [ridge for ridge in self.ridges if ridge.cost and ridge.side(w)])
            for w in self.gradients
        ]
        return min(options, key=lambda option: sum(ridge.cost for ridge in option[1]))

    def straight(self) -> tuple[Gradient, list[tuple[Fraction, Gradient]]]:
        """The function as a linear form and hinges, where it is straight."""
        return _straight(self.cells, self.edge, self.walls, self.field)


class Ridge:
    """A function next to a face of two dimensions, seen from an edge of it."""

    def __init__(self, cells: Cells, edge: Face, face: Face, field: Field) -> None:
        self.cells = cells
        self.face = face
        self.field = field
        self.outer = next(k for k in face if k not in edge)
        self.base = edge[0]
        walls = [cells.walls[wall] for wall in cells.around[2][face]]
        self.walls = [wall for wall in walls if field.jump(wall)]

    @cached_property
    def is_straight(self) -> bool:
        """Does every hinge bend alike on both sides?"""
        jumps: dict[Hinge, set[Fraction]] = {}
        count: Counter[Hinge] = Counter()
        for wall in self.walls:
            jumps.setdefault(wall.hinge, set()).add(self.field.jump(wall))
            count[wall.hinge] += 1
        return all(len(own) == 1 and count[hinge] == 2 for hinge, own in jumps.items())

    def side(self, w: Gradient) -> int:
        """Is the function larger (1), smaller (−1) or the same as w from the edge into the face?"""
        own = self.field.gradient(self.walls[0].below)
        way = self.cells.difference(self.base, self.outer)
        return _sign(sum((a - b) * x for a, b, x in zip(own, w, way, strict=True)))

    @cached_property
    def cost(self) -> int:
        """In units."""
        return sum(2 if piece.is_triangle else 1 for piece in self.pieces)

    @cached_property
    def pieces(self) -> list[Piece]:
        """Of the polygon of gradients; none where only one hyperplane bends."""
        if len({wall.hinge for wall in self.walls}) < 2:
            return []
        if self.is_straight:
            base, bends = _straight(self.cells, self.face, self.walls, self.field)
            sides = tuple(tuple(c * v for v in normal) for c, normal in bends)
            if all(c > 0 for c, _ in bends):
                return [Piece(1, base, sides)]
        return pieces_of(*self._walk())

    def _walk(self) -> tuple[Gradient, list[Step]]:
        """The gradients around the face, counterclockwise in the quotient by it."""
        cells = self.cells
        ordered = []
        for wall in self.walls:
            direction, sign = cells.way(self.face, wall.face)
            ordered.append(((sign * direction[0], sign * direction[1]), wall))
        ordered.sort(key=lambda item: _angle_key(item[0]))
        steps = []
        start: Gradient | None = None
        for way, wall in ordered:
            normal = _flat(wall.hinge[:-1], cells.basis(self.face))
            turn = _sign(normal[1] * way[0] - normal[0] * way[1])
            jump = self.field.jump(wall) * turn
            if start is None:
                region = wall.below if turn > 0 else wall.above
                start = self.field.gradient(region)
            vector = tuple(jump * v for v in wall.hinge[:-1])
            steps.append(Step(vector, (jump * normal[0], jump * normal[1])))
        assert start is not None
        return start, steps


def _flat(normal: Sequence[int], basis: Sequence[Vector]) -> tuple[int, int]:
    """A form that is 0 on a face, in the quotient by it."""
    pivots = [pivot_of(row) for row in basis]
    first, second = (v for k, v in enumerate(normal) if k not in pivots)
    return first, second


def _angle_key(way: tuple[int, int]) -> tuple[int, Fraction]:
    """Increases with the angle."""
    x, y = way
    if y > 0 or (y == 0 and x > 0):
        return (0, Fraction(-x, y)) if y else (-1, Fraction(0))
    return (2, Fraction(-x, y)) if y else (1, Fraction(0))


def _straight(
    cells: Cells, face: Face, walls: Sequence[Wall], field: Field
) -> tuple[Gradient, list[Bend]]:
    """The linear form and the hinges of an output next to a face where it is straight."""
    jumps = {wall.hinge: field.jump(wall) for wall in walls}
    wall = walls[0]
    inside = cells.regions[wall.below].polytope.vertices
    total = [Fraction(v) for v in field.gradient(wall.below)]
    for hinge, jump in jumps.items():
        if any(sum(a * x for a, x in zip(hinge, v, strict=True)) > 0 for v in inside):
            total = [t - jump * v for t, v in zip(total, hinge[:-1], strict=True)]
    bends = [
        (jump, tuple(Fraction(v) for v in hinge[:-1])) for hinge, jump in sorted(jumps.items())
    ]
    return tuple(total), bends


def _sign(value: Fraction | int) -> int:
    return (value > 0) - (value < 0)
