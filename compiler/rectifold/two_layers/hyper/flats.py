"""Lines, planes and other flats of n-space, so that equal ones are equal values.

the line through (1, 1) along (1, 1)      →      basis ((1, 1),), foot (0, 1): at pivots 0
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from rectifold.linear_regions.polytope import Vertex, primitive
from rectifold.two_layers.classes.vectors import (
    Vector,
    direction_of,
    echelon,
    pivot_of,
    reduced,
)
from rectifold.two_layers.form import Hinge
from rectifold.two_layers.hyper.flags import Flag, lifted


@dataclass(frozen=True, order=True)
class Flat:
    """Directions in echelon form, and the point that is 0 at their pivots, homogeneous."""

    basis: tuple[Vector, ...]
    foot: Vertex

    @staticmethod
    def through(point: Vertex, basis: Sequence[Vector]) -> Flat:
        """The flat of a point and an echelon basis of directions."""
        foot = reduced(point, [(*row, 0) for row in basis])
        return Flat(tuple(basis), primitive(foot))

    @cached_property
    def pivots(self) -> tuple[int, ...]:
        """Coordinates that the quotient by the flat drops."""
        return tuple(pivot_of(row) for row in self.basis)

    @cached_property
    def hinge(self) -> Hinge:
        """The form that is 0 on a hyperplane."""
        return direction_of(self.from_quotient((1,)))[0]

    def lifted(self, vector: Vector) -> Vector:
        """The vector of the whole space that is this one in the quotient, 0 at pivots."""
        rest = iter(vector)
        n = len(self.foot) - 1
        return tuple(0 if k in self.pivots else next(rest) for k in range(n))

    def in_quotient(self, form: Sequence[int]) -> Vector:
        """A form that is 0 along the flat, without its constant, in the quotient."""
        return tuple(v for k, v in enumerate(form[: len(self.foot) - 1]) if k not in self.pivots)

    def from_quotient(self, form: Sequence[int]) -> Vector:
        """A positive multiple of the form (n + 1 numbers, the constant last) that is 0 on the flat
        and this one in the quotient.
        """
        n = len(self.foot) - 1
        rest = iter(form)
        whole = [0 if k in self.pivots else next(rest) for k in range(n)]
        scale = 1
        for row, pivot in zip(self.basis, self.pivots, strict=True):
            scale *= row[pivot]
        result = [scale * v for v in whole]
        for row, pivot in zip(self.basis, self.pivots, strict=True):
            along = sum(a * b for a, b in zip(whole, row, strict=True))
            result[pivot] = -along * (scale // row[pivot])
        constant = -sum(a * x for a, x in zip(result, self.foot[:-1], strict=True))
        return (*(v * self.foot[-1] for v in result), constant)


def spanned(flag: Flag) -> list[Vector]:
    """The echelon basis of the flat of a flag."""
    vectors: list[Vector] = []
    for k, direction in enumerate(flag):
        vector = direction
        for earlier in reversed(flag[:k]):
            vector = lifted(vector, earlier)
        vectors.append(vector)
    return echelon(vectors)
