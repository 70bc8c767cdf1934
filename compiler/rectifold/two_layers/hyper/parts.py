"""Maxima of linear forms next to a vertex that are one unit or two, and how these are chosen.

max(v, zonogon)      →      relu(base − v + Σ c relu(side))
max of five forms    →      two units, in fifteen ways (simplices.py)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from rectifold.two_layers.hyper.polygons import Gradient, Piece, minus, plus, times
from rectifold.two_layers.hyper.simplices import arguments_of

Bend = tuple[Fraction, Gradient]  # c relu(gradient · x)
Option = list[tuple[Fraction, Gradient, Sequence[Bend]]]  # factor · relu(base + Σ bends), each
Triangle = tuple[Gradient, Gradient, Gradient]
Lift = tuple[int, Fraction, Gradient]  # which gradient of a triangle c relu(u) is added to, c, u

_HALF = Fraction(1, 2)


@dataclass(frozen=True)
class Part:
    """sign · max(apexes, polygon): the polygon is a piece, or a sum of hinges with any weights."""

    sign: int
    apexes: tuple[Gradient, ...]
    piece: Piece
    bends: Sequence[Bend] | None = None

    def options(self) -> Iterator[Option]:
        """Its units, for every choice."""
        sign, piece = Fraction(self.sign), self.piece
        if piece.is_triangle:
            corners = [piece.base, *(plus(piece.base, side) for side in piece.sides)]
            yield from _of_five(self.sign, [*self.apexes, *corners])
            return
        bends = self.bends
        if bends is None:
            bends = [(Fraction(1), side) for side in piece.sides]
        first, *others = self.apexes
        for apex, other in ((first, o) for o in others) if others else ((first, None),):
            below = [] if other is None else [(Fraction(-1), minus(other, apex))]
            yield [(sign, minus(piece.base, apex), [*bends, *(b for b in below if any(b[1]))])]


@dataclass(frozen=True)
class Lifted:
    """The maximum of three gradients, with two hinges that are added to one or two of them."""

    triangle: Triangle
    lifts: tuple[Lift, Lift]

    @property
    def cost(self) -> int:
        """In units."""
        return 1 if self.lifts[0][0] == self.lifts[1][0] else 2

    def options(self) -> Iterator[Option]:
        """Its units, for every choice: max(g + c relu(u), ..) for c < 0 has the class of −max(g + c
        u, g, ..), so that hinges on different gradients make five forms.
        """
        (k, a, u), (m, b, w) = self.lifts
        if k == m:
            low, other = (g for number, g in enumerate(self.triangle) if number != k)
            bends = [(a, u), (b, w), (Fraction(-1), minus(other, low))]
            yield [(Fraction(1), minus(self.triangle[k], low), bends)]
            return
        corners = [self.triangle[3 - k - m]]
        for number, c, hinge in self.lifts:
            own = self.triangle[number]
            corners += [own, plus(own, times(c, hinge))]
        yield from _of_five(1 if (a > 0) == (b > 0) else -1, corners)


def _of_five(sign: int, gradients: Sequence[Gradient]) -> Iterator[Option]:
    """sign · the maximum of five forms."""
    for arguments in arguments_of(gradients):
        yield [
            (-_HALF * sign, base, [(Fraction(c), side) for c, side in bends if any(side)])
            for base, bends in arguments
        ]
