"""Steps 3 and 4 of three inputs: one hinge per plane, read off at one point, and the affine rest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction
from random import Random

from rectifold.linear_regions.near_point import homogeneous
from rectifold.linear_regions.polytope import Vertex, scaled
from rectifold.two_layers.form import AffineForm, Hinge, Unit, Weights, combined
from rectifold.two_layers.space.geometry import point_of, ratio
from rectifold.two_layers.space.places import Places
from rectifold.two_layers.space.sheets import Sheet
from rectifold.two_layers.space.units import piece_of


class Planes:
    """What is left across planes after the units of corners and lines."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.random = Random(0)

    def hinges(self, units: Sequence[Unit]) -> dict[Hinge, Weights]:
        """The jump across every plane that is left after the units."""
        by_plane: dict[Hinge, list[Unit]] = defaultdict(list)
        for unit in units:
            for plane in Sheet.of_unit(unit)[0].planes:
                by_plane[plane].append(unit)
        hinges: dict[Hinge, Weights] = {}
        for plane in sorted({*self.places.planes, *by_plane}):
            point = self._point_of_plane(plane)
            if point is not None and any(left := self._jump(plane, point, by_plane.get(plane, []))):
                hinges[plane] = left
        return hinges

    def _point_of_plane(self, plane: Hinge) -> Vertex | None:
        """A point of the plane inside the domain that lies on no other plane but by bad luck, which the jump would show."""
        form = list(plane)
        signs = self.places.box.signs([form], scaled([form]))[0].tolist()
        if max(signs) <= 0 or min(signs) >= 0:
            return None
        corners = self.places.box.split(form, signs)[0].vertices
        on = [
            point_of(v) for v in corners if sum(a * x for a, x in zip(plane, v, strict=True)) == 0
        ]
        shares = [self.random.randint(1, 10**6) for _ in on]
        total = sum(shares)
        return homogeneous(
            [
                sum((s * p[i] for s, p in zip(shares, on, strict=True)), Fraction(0)) / total
                for i in range(3)
            ]
        )

    def _jump(self, plane: Hinge, point: Vertex, units: Sequence[Unit]) -> Weights:
        normal = plane[:-1]
        above, below = (self.places.local.piece(point, [s * v for v in normal]) for s in (1, -1))
        jumps = [ratio(combined((1, a), (-1, b)), plane) for a, b in zip(above, below, strict=True)]
        for unit in units:
            forms = [piece_of(unit, point, [s * v for v in normal]) for s in (1, -1)]
            own = ratio(combined((1, forms[0]), (-1, forms[1])), plane)
            jumps = [j - w * own for j, w in zip(jumps, unit.weights, strict=True)]
        return tuple(jumps)

    def affine_rest(
        self, units: Sequence[Unit], hinges: dict[Hinge, Weights]
    ) -> tuple[AffineForm, ...]:
        """f minus units and hinges, found next to one point of the domain."""
        corners = self.places.regions[0].vertices
        shares = [self.random.randint(1, 10**6) for _ in corners]
        point = homogeneous(
            [
                sum((s * p[i] for s, p in zip(shares, corners, strict=True)), Fraction(0))
                / sum(shares)
                for i in range(3)
            ]
        )
        way = (1, 0, 0)
        parts: list[list[tuple[Fraction | int, AffineForm]]] = [
            [(1, form)] for form in self.places.local.piece(point, way)
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
        return tuple(combined(*terms) for terms in parts)
