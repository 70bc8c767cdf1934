"""Units of two bends, and what they are next to a point.

relu(form + c relu(−2 L))      →      relu((form − 2 c L) + 2 c relu(L)) over the hinge L
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from rectifold.linear_regions.polytope import Vertex
from rectifold.two_layers.form import AffineForm, Hinge, Unit, Weights, hinge_of, weighted_sum


def unit_of(
    weights: Weights, form: AffineForm, bends: Sequence[tuple[Fraction, AffineForm]]
) -> Unit:
    """weights · relu(form + Σ c relu(inner)) over hinges, where `bends` are the pairs (c, inner).

    relu(λ L) is λ relu(L), or |λ| (relu(L) − L) for λ < 0.
    """
    total: dict[Hinge, Fraction] = {}
    base = form
    for c, inner in bends:
        if c and any(inner):
            hinge, scale = hinge_of(inner)
            total[hinge] = total.get(hinge, Fraction(0)) + c * abs(scale)
            if scale < 0:
                base = weighted_sum((1, base), (-c * abs(scale), hinge))
    return Unit(weights, base, tuple((hinge, c) for hinge, c in total.items() if c))


def piece_of(unit: Unit, point: Vertex, direction: Sequence[int]) -> AffineForm:
    """The unit's form, without weights, on the side of a point to which a direction leads."""

    def positive(form: Sequence[Fraction | int]) -> bool:
        value = sum(a * x for a, x in zip(form, point, strict=True))
        return (value or sum(a * d for a, d in zip(form, direction, strict=False))) > 0

    form = weighted_sum((1, unit.base), *((c, hinge) for hinge, c in unit.bends if positive(hinge)))
    return form if positive(form) else (Fraction(0),) * len(form)
