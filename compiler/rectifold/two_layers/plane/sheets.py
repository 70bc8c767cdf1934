"""Bent lines followed from corner to corner: one unit takes as many corners as its zero set allows.

Derivation: docs/mathematics.md#two-inputs.

    corner ── ray ── corner ── ray ── corner      →      relu(base + c1 relu(P1) + c2 relu(P2) + …)

Each corner lies on a *pivot* P, a line on which the sheet bends. A unit takes a chain of corners if
its zero set on each pivot, inside the domain, is just that corner, which is asked exactly.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction

from rectifold.two_layers.form import AffineForm, Hinge, Unit, weighted_sum
from rectifold.two_layers.plane.jumps import EdgeJumps
from rectifold.two_layers.plane.lines import PlanePoint, Ray, ahead


@dataclass(frozen=True)
class SheetCorner:
    """An interior point where one sheet bends: its two rays, and the pivot."""

    rays: tuple[Ray, Ray]
    pivot: Hinge

    @property
    def is_bent(self) -> bool:
        """Do the rays lie on different sides of the pivot? Then one unit is the whole fan."""
        (a, s), (b, t) = self.rays
        return ahead(a, s, self.pivot) * ahead(b, t, self.pivot) < 0


class Sheets:
    """The sheets of a function, given its jumps. `used` are the corners that units have taken."""

    def __init__(self, jumps: EdgeJumps) -> None:
        self.jumps = jumps
        self.often = Counter(line for fan in jumps.fans.values() for line in fan)
        self.corners = {
            point: corner for point in jumps.fans if (corner := self._corner(point)) is not None
        }
        self.used: set[PlanePoint] = set()

    def _corner(self, point: PlanePoint) -> SheetCorner | None:
        """Three lines, of which two end here and one goes on with another jump.

        Where all three end, the pivot is the line on which most corners lie: it crosses many
        sheets.
        """
        fan, rays = self.jumps.fans[point], self.jumps.rays[point]
        if len(fan) != 3:
            return None
        ending = [ray for ray in rays if (ray[0], -ray[1]) not in rays]
        if len(ending) == 3:
            options = sorted(ending, key=lambda ray: (-self.often[ray[0]], ray[0]))
            corners = [
                SheetCorner((a, b), p[0])
                for p, a, b in (options, options[1:] + options[:1], options[2:] + options[:2])
            ]
        elif len(ending) == 2 and len(rays) == 4:
            through = next(ray[0] for ray in rays if ray not in ending)
            corners = [SheetCorner((ending[0], ending[1]), through)]
        else:
            corners = []
        return next((corner for corner in corners if corner.is_bent), None)

    def units(self) -> tuple[list[Unit], list[PlanePoint]]:
        """(units, the interior points whose fans they leave)."""
        units: list[Unit] = []
        for point in self.corners:
            if point not in self.used:
                units += self._follow(*self._outermost(point))
        return units, [point for point in self.jumps.fans if point not in self.used]

    def _next(self, point: PlanePoint, ray: Ray) -> PlanePoint | None:
        """The corner at the other end of a ray, if the ray is one of its sheet's rays too."""
        other = self.jumps.ends.get((point, ray))
        if other is None or other not in self.corners:
            return None
        return other if (ray[0], -ray[1]) in self.corners[other].rays else None

    def _other_ray(self, point: PlanePoint, ray: Ray) -> Ray:
        rays = self.corners[point].rays
        return rays[1] if rays[0] == ray else rays[0]

    def _outermost(self, point: PlanePoint) -> tuple[PlanePoint, Ray]:
        """The sheet's first corner that is free, and the ray that leads away from the rest."""
        ray = self.corners[point].rays[0]
        seen = {point}
        while True:
            before = self._next(point, ray)
            if before is None or before in self.used or before in seen:
                return point, ray
            seen.add(before)
            ray = self._other_ray(before, (ray[0], -ray[1]))
            point = before

    def _follow(self, point: PlanePoint, ray: Ray) -> list[Unit]:
        units: list[Unit] = []
        at: PlanePoint | None = point
        while at is not None and at not in self.used:
            unit, at, ray = self._grow(at, ray)
            units.append(unit)
        return units

    def _grow(self, point: PlanePoint, ray: Ray) -> tuple[Unit, PlanePoint | None, Ray]:
        """One unit from a corner onward; where the next one begins, and its incoming ray there."""
        weights = self.jumps.rays[point][ray]
        form: AffineForm = tuple(Fraction(v) for v in ray[0])
        unit = Unit(weights, form, ())
        corners: list[tuple[Hinge, PlanePoint]] = []
        at: PlanePoint | None = point
        while at is not None and at not in self.used:
            pivot = self.corners[at].pivot
            after = self._other_ray(at, ray)
            bent = self._bent(unit, form, pivot, after, at)
            if bent is None or not self._is_sheet(bent[0], [*corners, (pivot, at)]):
                break
            unit, form = bent
            corners.append((pivot, at))
            self.used.add(at)
            at, ray = self._next(at, after), (after[0], -after[1])
        return unit, at, ray

    def _bent(
        self, unit: Unit, form: AffineForm, pivot: Hinge, after: Ray, at: PlanePoint
    ) -> tuple[Unit, AffineForm] | None:
        """The unit with one more bend, at a pivot, and its form beyond it.

        There its zero set goes along the ray `after`. None if the jump there does not fit, or the
        unit bends at that pivot already.
        """
        line, sign = after
        if any(hinge == pivot for hinge, _ in unit.bends):
            return None
        det = line[0] * pivot[1] - line[1] * pivot[0]
        scale = (form[0] * pivot[1] - form[1] * pivot[0]) / det
        part = (line[0] * form[1] - line[1] * form[0]) / det  # form = scale · line + part · pivot
        if self.jumps.rays[at][after] != tuple(w * abs(scale) for w in unit.weights):
            return None
        beyond = ahead(line, sign, pivot) > 0  # the ray lies where the pivot is positive
        if beyond:
            base, bend = unit.base, -part
        else:  # part · relu(−P) = part · relu(P) − part · P
            base, bend = weighted_sum((1, unit.base), (-part, pivot)), part
        bent = Unit(unit.weights, base, (*unit.bends, (pivot, bend)))
        return bent, tuple(scale * v for v in line)

    def _is_sheet(self, unit: Unit, corners: list[tuple[Hinge, PlanePoint]]) -> bool:
        """Is the zero set one bent line with just these corners?

        Other parts would meet a pivot or the border elsewhere.
        """
        if len(corners) == 1:
            return True
        for pivot, point in corners:
            if self.jumps.zeros_along(pivot, unit) != {point}:
                return False
        border = set[PlanePoint]().union(
            *(self.jumps.zeros_along(line, unit, side) for side, line in self.jumps.borders)
        )
        return len(border) == 2
