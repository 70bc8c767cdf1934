"""Steps 3 and 4 of three inputs: one hinge per plane, read off at one point, and the affine rest.

Derivation: docs/mathematics.md#three-inputs.

    f less the units of corners and lines → κ across each plane → f less the hinges, one affine map
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction
from random import Random

from rectifold.linear_regions.near_point import homogeneous
from rectifold.linear_regions.polytope import Vertex, scaled
from rectifold.two_layers.form import AffineForm, Hinge, Unit, Weights, weighted_sum
from rectifold.two_layers.space.cones import Cones, planes_of
from rectifold.two_layers.space.faces import Faces
from rectifold.two_layers.space.geometry import point_of, require_factor
from rectifold.two_layers.space.units import piece_of


class Planes:
    """What is left across planes after the units of corners and lines."""

    def __init__(self, faces: Faces) -> None:
        self.faces = faces
        self.random = Random(0)

    def hinges(self, units: Sequence[Unit], cones: Cones) -> dict[Hinge, Weights]:
        """The jump across every plane that is left after the units."""
        by_plane: dict[Hinge, list[Unit]] = defaultdict(list)
        for unit in units:
            for plane in planes_of(unit, cones):
                by_plane[plane].append(unit)
        hinges: dict[Hinge, Weights] = {}
        for plane in sorted({*self.faces.planes, *by_plane}):
            point = self._point_of_plane(plane)
            if point is not None and any(left := self._jump(plane, point, by_plane.get(plane, []))):
                hinges[plane] = left
        return hinges

    def _point_of_plane(self, plane: Hinge) -> Vertex | None:
        """A point of the plane inside the domain; None if the plane misses the interior.

        It is chosen at random, so that it lies on no other plane but by bad luck, which the jump
        would show.
        """
        form = list(plane)
        signs = self.faces.box.signs([form], scaled([form]))[0].tolist()
        if max(signs) <= 0 or min(signs) >= 0:
            return None
        corners = self.faces.box.split(form, signs).above.vertices
        on = [
            point_of(v) for v in corners if sum(a * x for a, x in zip(plane, v, strict=True)) == 0
        ]
        return self._between(on)

    def _jump(self, plane: Hinge, point: Vertex, units: Sequence[Unit]) -> Weights:
        """The jump across the plane at a point of it, less that of units."""
        normal = plane[:-1]
        above, below = (self.faces.near.piece(point, [s * v for v in normal]) for s in (1, -1))
        jumps = [
            require_factor(weighted_sum((1, a), (-1, b)), plane, point)
            for a, b in zip(above, below, strict=True)
        ]
        for unit in units:
            forms = [piece_of(unit, point, [s * v for v in normal]) for s in (1, -1)]
            own = require_factor(weighted_sum((1, forms[0]), (-1, forms[1])), plane, point)
            jumps = [j - w * own for j, w in zip(jumps, unit.weights, strict=True)]
        return tuple(jumps)

    def affine_rest(
        self, units: Sequence[Unit], hinges: dict[Hinge, Weights]
    ) -> tuple[AffineForm, ...]:
        """f minus units and hinges, found next to one point of the domain."""
        corners = self.faces.regions[0].vertices
        point = self._between(corners)
        way = (1, 0, 0)
        parts: list[list[tuple[Fraction | int, AffineForm]]] = [
            [(1, form)] for form in self.faces.near.piece(point, way)
        ]
        for unit in units:
            form = piece_of(unit, point, way)
            for o, w in enumerate(unit.weights):
                parts[o].append((-w, form))
        for hinge, weights in hinges.items():
            value = sum(a * x for a, x in zip(hinge, point, strict=True)) or hinge[0]
            if value > 0:
                for o, w in enumerate(weights):
                    parts[o].append((-w, tuple(Fraction(v) for v in hinge)))
        return tuple(weighted_sum(*terms) for terms in parts)

    def _between(self, points: Sequence[tuple[Fraction, ...]]) -> Vertex:
        """A random point between these, all of which have a part in it."""
        parts = [self.random.randint(1, 10**6) for _ in points]
        total = sum(parts)
        return homogeneous(
            [
                sum((s * p[i] for s, p in zip(parts, points, strict=True)), Fraction(0)) / total
                for i in range(3)
            ]
        )
