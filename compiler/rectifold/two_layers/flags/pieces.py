"""Units of the second layer that are taken from a function, and where each bends.

    relu(y − relu(x))      →      max(y, relu(x)), with corners y, 0, x

Up to hinges a unit relu(base + Σ c relu(L)) is the maximum of two sums of hinges, those with c > 0
and the base against those with c < 0: convex, with the corners of both.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import lcm

from rectifold.linear_regions.polytope import Vertex
from rectifold.two_layers.classes.vectors import dot
from rectifold.two_layers.flags.cells import Chain
from rectifold.two_layers.flags.corners import CornerSet, Face
from rectifold.two_layers.flags.flats import Flats
from rectifold.two_layers.form import AffineForm, Weights, weighted_sum
from rectifold.two_layers.form_sum import Bends, FormSum, Shape


def corner_set(flats: Flats, forms: Sequence[AffineForm]) -> CornerSet:
    """Affine forms as integer points over one denominator."""
    den = lcm(*(v.denominator for form in forms for v in form))
    return CornerSet(flats, [tuple(int(v * den) for v in form) for form in forms], den)


class Piece:
    """weights · the maximum of some affine forms, the *corners*, equal at the point `anchor`."""

    def __init__(
        self, flats: Flats, weights: Weights, forms: Sequence[AffineForm], anchor: Vertex
    ) -> None:
        self.weights = weights
        self.anchor = anchor
        self.corners = corner_set(flats, forms)
        self.whole: Face = tuple(range(len(self.corners.points)))

    @property
    def faces(self) -> dict[int, set[Face]]:
        """Faces of the hull of the corners, by dimension."""
        return self.corners.faces(self.whole)

    @property
    def forms(self) -> list[AffineForm]:
        """The corners as affine forms."""
        return [self.corners.form(k) for k in self.whole]

    def largest_at(self, point: Vertex) -> Face:
        """The corners that are the largest at a point."""
        values = [dot(corner, point) for corner in self.corners.points]
        high = max(values)
        return tuple(k for k, v in enumerate(values) if v == high)

    def class_of(self, face: Face) -> dict[Chain, Weights]:
        """The class at a flat where the corners of a face are the largest."""
        return {
            chain: tuple(value * w for w in self.weights)
            for chain, value in self.corners.class_of(face).items()
        }


class UnitPiece(Piece):
    """weights · max(base + Σ_{c > 0} c relu(L), Σ_{c < 0} |c| relu(L)) of a unit's shape."""

    def __init__(self, flats: Flats, weights: Weights, shape: Shape, anchor: Vertex) -> None:
        super().__init__(flats, weights, corners_of(shape), anchor)
        self.shape = shape

    def add_to(self, total: FormSum) -> None:
        """Add the piece to a sum: the unit, and the hinges by which it differs."""
        base, bends = self.shape
        below: Bends = tuple((hinge, -c) for hinge, c in bends if c < 0)
        total.add_unit(self.weights, base, bends)
        total.add_sum(self.weights, (Fraction(0),) * len(base), below)


def corners_of(shape: Shape) -> list[AffineForm]:
    """The affine forms of whose maximum both sides of a unit are made, each once."""
    base, bends = shape
    upper: list[AffineForm] = [base]
    lower: list[AffineForm] = [(Fraction(0),) * len(base)]
    for hinge, c in bends:
        side = upper if c > 0 else lower
        side += [weighted_sum((1, form), (abs(c), hinge)) for form in side]
    return list(dict.fromkeys(upper + lower))
