"""A large output, exactly: from region to region, each time to the best vertex.

On a region the outputs are affine, so the largest one is at a vertex, and it is found exactly. From there the search goes on in a region on the other side of the
vertex, until none of those that are tried is better: a local maximum, and an exact point.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from random import Random

from rectifold.ir.domain import Domain
from rectifold.ir.network import Network
from rectifold.linear_regions.by_vertices import Enumeration
from rectifold.linear_regions.near_point import homogeneous
from rectifold.linear_regions.polytope import Form, Polytope, Vertex, scaled

_DIRECTIONS = 12  # tried at a vertex


@dataclass(frozen=True)
class Height:
    """The largest |output| that was found, where, and in how many regions it was looked for."""

    value: Fraction
    point: tuple[Fraction, ...]
    regions: int


def highest_near(
    network: Network, domain: Domain, point: Sequence[Fraction], *, seconds: float
) -> Height:
    """The largest |output| over the regions that lead upward from a point of a bounded domain with at most five free inputs.

    Raises InputError as `Enumeration` does.
    """
    climb = _Climb(Enumeration(network, domain), time.monotonic() + seconds)
    return climb.run(homogeneous([point[k] for k in climb.enumeration.free]))


class _Climb:
    def __init__(self, enumeration: Enumeration, deadline: float) -> None:
        self.enumeration = enumeration
        self.whole = enumeration.start()
        self.deadline = deadline
        self.random = Random(0)
        self.regions = 0

    def run(self, start: Vertex) -> Height:
        n = len(self.enumeration.free)
        at, way = start, [0] * n
        best, at, way = self._best_vertex(at, way)
        while time.monotonic() < self.deadline:
            directions = [way] + [
                [self.random.randint(-1000, 1000) for _ in range(n)] for _ in range(_DIRECTIONS)
            ]
            better = None
            for direction in directions:
                found = self._best_vertex(at, direction)
                if found[0] > best:
                    better = found
                    break
                if time.monotonic() > self.deadline:
                    break
            if better is None:
                break
            best, at, way = better
        return Height(best, self._whole_point(at), self.regions)

    def _best_vertex(
        self, point: Vertex, direction: Sequence[int]
    ) -> tuple[Fraction, Vertex, list[int]]:
        """The largest |output| on the region to which the direction leads: its value, its vertex, and its gradient there."""
        self.regions += 1
        polytope, forms, den = self._region(point, direction)
        best, where, gradient = Fraction(-1), point, list(direction)
        for vertex in polytope.vertices:
            for form in forms:
                total = sum(a * x for a, x in zip(form, vertex, strict=True))
                value = Fraction(abs(total), den * vertex[-1])
                if value > best:
                    sign = 1 if total > 0 else -1
                    best, where, gradient = value, vertex, [sign * v for v in form[:-1]]
        return best, where, gradient

    def _region(self, point: Vertex, direction: Sequence[int]) -> tuple[Polytope, list[Form], int]:
        """The region on the side of a point to which a direction leads, and the outputs there."""
        enumeration, polytope = self.enumeration, self.whole
        values = enumeration.input_forms()
        zero = [0] * (len(enumeration.free) + 1)
        for layer in enumeration.network.layers:
            forms, den = enumeration.layer_forms(values, layer)
            if layer.is_relu:
                active = [self._side(form, point, direction) for form in forms]
                polytope = self._cut(polytope, forms, active)
                forms = [form if on else zero for form, on in zip(forms, active, strict=True)]
            values[layer.name] = forms, den
        forms, den = values[enumeration.network.output]
        return polytope, forms, den

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
            plus, minus, *_ = polytope.split(forms[rows[first]], signs[first].tolist())
            polytope = plus if active[rows[first]] else minus
            rows = [rows[i] for i in crossing[1:]]
        return polytope

    def _whole_point(self, vertex: Vertex) -> tuple[Fraction, ...]:
        domain = self.enumeration.domain
        point = [domain.fixed.get(k, Fraction(0)) for k in range(domain.size)]
        for k, x in zip(self.enumeration.free, vertex[:-1], strict=True):
            point[k] = Fraction(x, vertex[-1])
        return tuple(point)
