"""Units next to a point.

relu(z + c relu(L)) where L > 0, on the side where z + c L > 0      →      z + c L
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from rectifold.linear_regions.polytope import Vertex
from rectifold.two_layers.form import AffineForm, Unit, weighted_sum


def piece_of(unit: Unit, point: Vertex, direction: Sequence[int]) -> AffineForm:
    """The unit's form, without weights, on the side of a point to which a direction leads."""

    def positive(form: Sequence[Fraction | int]) -> bool:
        value = sum(a * x for a, x in zip(form, point, strict=True))
        return (value or sum(a * d for a, d in zip(form, direction, strict=False))) > 0

    form = weighted_sum((1, unit.base), *((c, hinge) for hinge, c in unit.bends if positive(hinge)))
    return form if positive(form) else (Fraction(0),) * len(form)
