"""Functions as differences of maxima of linear forms, with integer Newton polytopes.

    relu(x) − y      →      max(x, 0) − max(y)      →      upper {(1, 0), (0, 0)}, lower {(0, 1)}

The points are the gradients. A sum adds points to points, and relu(A − B) = max(A, B) − B puts the
points of both together. Points that are not extreme never decide a maximum and are dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rectifold.two_layers.newton.triangulation import hull_vertices
from rectifold.two_layers.newton.vectors import Vector, dot


@dataclass(frozen=True)
class Difference:
    """max over `upper` of x · p, less the max over `lower`. Neither is empty."""

    upper: tuple[Vector, ...]
    lower: tuple[Vector, ...]

    @staticmethod
    def linear(gradient: Sequence[int]) -> Difference:
        """x · gradient."""
        return Difference((tuple(gradient),), ((0,) * len(gradient),))

    def plus(self, other: Difference) -> Difference:
        """The sum of both functions."""
        return Difference(_sums(self.upper, other.upper), _sums(self.lower, other.lower))

    def times(self, factor: int) -> Difference:
        """The function times a number."""
        size = abs(factor)
        upper, lower = (
            tuple(dict.fromkeys(tuple(size * v for v in p) for p in points))
            for points in (self.upper, self.lower)
        )
        return Difference(upper, lower) if factor >= 0 else Difference(lower, upper)

    def relu(self) -> Difference:
        """max(f, 0)."""
        return Difference(_extreme((*self.upper, *self.lower)), self.lower)

    def value(self, point: Sequence[int]) -> int:
        """At an integer point."""
        return max(dot(p, point) for p in self.upper) - max(dot(p, point) for p in self.lower)


def _sums(points: Sequence[Vector], others: Sequence[Vector]) -> tuple[Vector, ...]:
    """The extreme points of all sums of two points."""
    return _extreme(tuple(a + b for a, b in zip(p, q, strict=True)) for p in points for q in others)


def _extreme(points: Iterable[Vector]) -> tuple[Vector, ...]:
    return tuple(hull_vertices(list(dict.fromkeys(points))))
