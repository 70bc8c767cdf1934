"""A large output, exactly: from region to region, each time to the best vertex.

    point → its region → the best vertex there → the region on the other side of it → …

On a region the outputs are affine, so the largest one is at a vertex, and it is found exactly. The
climb ends where none of the regions that are tried is better: at an exact point, and a local
maximum.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from random import Random

from rectifold.effort.geometry import REGION_EFFORT
from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.linear_regions.near_point import homogeneous
from rectifold.linear_regions.polytope import Form, Polytope, Vertex, scaled
from rectifold.linear_regions.restriction import Forms, Restriction


@dataclass(frozen=True)
class Height:
    """The largest |output| that was found, where, and in how many regions it was looked for."""

    value: Fraction
    point: tuple[Fraction, ...]
    regions: int


def highest_near(
    network: Network, domain: Domain, point: Sequence[Fraction], *, seconds: float
) -> Height:
    """The largest |output| over the regions that lead upward from a point of the domain.

    Raises InputError for an unbounded, empty or flat domain, and for more than five free inputs.
    """
    climb = _Climb(Restriction(network, domain), time.monotonic() + seconds)
    return climb.run(homogeneous([point[k] for k in climb.restriction.free]))


class _Climb:
    def __init__(self, restriction: Restriction, deadline: float) -> None:
        self.restriction = restriction
        self.domain = restriction.polytope()
        self.deadline = deadline
        self.random = Random(0)
        self.regions = 0

    def run(self, start: Vertex) -> Height:
        """From a point of the domain upward, as long as there is time."""
        best, at, way = self._best_vertex(start, [0] * (len(start) - 1))
        while (
            time.monotonic() < self.deadline and (better := self._better(best, at, way)) is not None
        ):
            best, at, way = better
        point = [Fraction(x, at[-1]) for x in at[:-1]]
        return Height(best, self.restriction.whole_point(point), self.regions)

    def _better(
        self, best: Fraction, at: Vertex, way: list[int]
    ) -> tuple[Fraction, Vertex, list[int]] | None:
        """The first vertex above `best` in the region that `way` or a random direction leads to."""
        directions = [way] + [
            [self.random.randint(-1000, 1000) for _ in way] for _ in range(REGION_EFFORT.directions)
        ]
        for direction in directions:
            found = self._best_vertex(at, direction)
            if found[0] > best:
                return found
            if time.monotonic() > self.deadline:
                break
        return None

    def _best_vertex(
        self, point: Vertex, direction: Sequence[int]
    ) -> tuple[Fraction, Vertex, list[int]]:
        """The largest |output| on the region to which the direction leads.

        Its value, its vertex, and its gradient there.
        """
        self.regions += 1
        polytope, (forms, den) = self._region(point, direction)
        best, where, gradient = Fraction(-1), point, list(direction)
        for vertex in polytope.vertices:
            for form in forms:
                total = sum(a * x for a, x in zip(form, vertex, strict=True))
                value = Fraction(abs(total), den * vertex[-1])
                if value > best:
                    sign = 1 if total > 0 else -1
                    best, where, gradient = value, vertex, [sign * v for v in form[:-1]]
        return best, where, gradient

    def _region(self, point: Vertex, direction: Sequence[int]) -> tuple[Polytope, Forms]:
        """The region on the side of a point to which a direction leads, and the outputs there."""
        restriction, polytope = self.restriction, self.domain
        values = restriction.input_forms()
        for layer in restriction.network.layers:
            forms, den = restriction.layer_forms(values, layer)
            if layer.is_relu:
                active = [self._side(form, point, direction) for form in forms]
                polytope = self._cut(polytope, forms, active)
                zero = restriction.zero
                forms = [form if on else zero for form, on in zip(forms, active, strict=True)]
            values[layer.name] = forms, den
        return polytope, values[restriction.network.output]

    @staticmethod
    def _side(form: Form, point: Vertex, direction: Sequence[int]) -> bool:
        value = sum(a * x for a, x in zip(form, point, strict=True))
        return (value or sum(a * d for a, d in zip(form, direction, strict=False))) > 0

    @staticmethod
    def _cut(polytope: Polytope, forms: list[Form], active: list[bool]) -> Polytope:
        """The part where every form has its sign; a part without an interior is left as it was."""
        rows = list(range(len(forms)))
        while rows:
            signs = polytope.signs([forms[k] for k in rows], scaled([forms[k] for k in rows]))
            crossing = [i for i in range(len(rows)) if signs[i].min() < 0 < signs[i].max()]
            if not crossing:
                return polytope
            first = crossing[0]
            cut = polytope.split(forms[rows[first]], signs[first].tolist())
            polytope = cut.above if active[rows[first]] else cut.below
            rows = [rows[i] for i in crossing[1:]]
        return polytope
