"""Units whose sheets and hinges all pass through one point: their seams, which are rays from it.

    relu(base + Σ c relu(P)), all 0 at a vertex   →   rays on the planes P, and a class on each

Sound because such a unit is a cone: its sheet crosses a plane P in the rays on which the argument
is 0, and between two neighbouring lines on P the argument is linear. What the unit bends around a
ray is read off its affine maps there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise

from rectifold.linear_regions.polytope import Vertex, primitive
from rectifold.two_layers.form import AffineForm, Hinge, Unit, Weights, hinge_of, weighted_sum
from rectifold.two_layers.space.incidence import (
    Vector,
    cross,
    dot3,
    homogeneous_point,
    line_through,
    parameter_of,
)
from rectifold.two_layers.space.pencils import (
    angles_from,
    between,
    half_planes,
    odd_jumps_around,
)
from rectifold.two_layers.space.sheets import Seam, Sheet
from rectifold.two_layers.space.units import piece_of


class Cone:
    """A unit, and the vertex at which its base and all its hinges are 0."""

    def __init__(self, unit: Unit, vertex: Vertex) -> None:
        self.unit = unit
        self.vertex = vertex
        self.hinges = [hinge for hinge, _ in unit.bends]
        self.rays = sorted({ray for hinge in self.hinges for ray in self._rays_on(hinge)})

    def seams(self) -> Iterator[tuple[Seam, Weights]]:
        """All seams with their weights, plane by plane."""
        for ray in self.rays:
            point = self._beyond(ray)
            line = line_through(self.vertex, point)
            at = parameter_of(line, self.vertex)
            is_up = parameter_of(line, point) > at
            start, end = (at, None) if is_up else (None, at)
            for plane, jump in self._odd_jumps(ray, point, line[0]):
                weights = tuple(jump * w for w in self.unit.weights)
                yield Seam(line, start, end, {plane: 1}), weights

    def _odd_jumps(
        self, ray: Vector, point: Vertex, direction: Vector
    ) -> Iterator[tuple[Hinge, Fraction]]:
        """What the unit, without weights, bends around a ray; the direction is that of its line."""

        def pieces(way: Vector) -> list[AffineForm]:
            return [piece_of(self.unit, point, way)]

        odd = odd_jumps_around(self._planes_at(ray), direction, point, pieces)
        for plane, (jump,) in odd.items():
            yield plane, jump

    @property
    def planes(self) -> set[Hinge]:
        """On which the unit may bend."""
        return {*self.hinges, *(plane for ray in self.rays for plane in self._planes_at(ray))}

    def _rays_on(self, hinge: Hinge) -> Iterator[Vector]:
        """Directions on a hinge in which the argument is 0."""
        lines = [cross(hinge, other) for other in self.hinges if other != hinge]
        axes = ((1, 0, 0), (0, 1, 0), (0, 0, 1))
        lines = lines or [next(c for e in axes if any(c := cross(hinge, e)))]
        lines.append(cross(hinge, lines[0]))
        axis = (hinge[0], hinge[1], hinge[2])
        both = [*lines, *((-x, -y, -z) for x, y, z in lines)]
        around = sorted(both, key=angles_from(lines[0], axis))
        values = [self._argument(way) for way in around]
        steps = pairwise([*zip(around, values, strict=True), (around[0], values[0])])
        for (a, at_a), (b, at_b) in steps:
            if at_a == 0:
                yield _primitive(a)
            elif at_a * at_b < 0:
                ratio = abs(at_a / at_b)
                p, q = ratio.numerator, ratio.denominator
                yield _primitive([q * x + p * y for x, y in zip(a, b, strict=True)])

    def _argument(self, way: Vector) -> Fraction:
        """What relu is applied to, in a direction from the vertex."""
        total = sum((a * d for a, d in zip(self.unit.base, way, strict=False)), Fraction(0))
        for hinge, c in self.unit.bends:
            total += c * max(dot3(hinge, way), 0)
        return total

    def _planes_at(self, ray: Vector) -> list[Hinge]:
        """Hinges through a ray, and the planes of the sheet next to it."""
        own = [hinge for hinge in self.hinges if dot3(hinge, ray) == 0]
        found = set(own)
        for way in _ways_around(own, ray):
            on = [
                (c, hinge)
                for hinge, c in self.unit.bends
                if (dot3(hinge, ray) or dot3(hinge, way)) > 0
            ]
            form = weighted_sum((1, self.unit.base), *on)
            if any(form):
                found.add(hinge_of(form)[0])
        return sorted(found)

    def _beyond(self, ray: Vector) -> Vertex:
        """A point of the ray."""
        w = self.vertex[-1]
        return homogeneous_point([x + w * d for x, d in zip(self.vertex[:-1], ray, strict=True)], w)


Cones = Mapping[Unit, Cone]  # units that are no sheets of generic hinges


def seams_of(unit: Unit, cones: Cones) -> Iterator[tuple[Seam, Weights]]:
    """All bends of a unit over hinges."""
    if unit in cones:
        yield from cones[unit].seams()
        return
    sheet, factor = Sheet.of_unit(unit)
    for seam in sheet.seams:
        yield seam, tuple(factor * w for w in unit.weights)


def planes_of(unit: Unit, cones: Cones) -> set[Hinge]:
    """On which a unit may bend."""
    return cones[unit].planes if unit in cones else Sheet.of_unit(unit)[0].planes


def _ways_around(planes: Sequence[Hinge], direction: Vector) -> list[Vector]:
    """A direction between any two neighbouring half planes of planes through a line."""
    if len(planes) == 1:
        x, y, z, _ = planes[0]
        return [(x, y, z), (-x, -y, -z)]
    halves = half_planes(planes, direction)
    return [between(a, b) for a, b in pairwise([*halves, halves[0]])]


def _primitive(vector: Sequence[int]) -> Vector:
    x, y, z = primitive(vector)
    return x, y, z
