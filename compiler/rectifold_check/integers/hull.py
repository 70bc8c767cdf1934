"""Planes above units that read the inputs alone.

A unit has z = w.x + b on the box low <= x <= high, and S_i in [0, 1] for every input i. Then

    relu(z) <= sum S_i w_i x_i + q
    q = max( b + sum max over the box of (1 - S_i) w_i x_i,   -sum min over the box of S_i w_i x_i )

Sound because the right side is at least z, by the first, and at least 0, by the second. S_i is the
difference of two levels, one of the unit and one of the input, cut to [0, 1].
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from operator import mul

from rectifold_check.agreed import HULL_UNITS, LEVEL_BITS
from rectifold_check.integers.known import KnownBounds

# S_i by the difference of two levels: 0 to 254, and negative ones, which count from the end
_FRACTIONS = [min(k, HULL_UNITS) for k in range(255)] + [0] * 254


@dataclass(frozen=True)
class Hull:
    """Levels in units of 2^-LEVEL_BITS, for units of a layer that reads the inputs alone.

    `plus` has a level per input for units whose weight on it is positive, `minus` for the others.
    """

    layer: int
    units: Mapping[int, int]
    plus: Sequence[int]
    minus: Sequence[int]


@dataclass(frozen=True)
class _Terms:
    """A unit's weights on the inputs, the ends of each w x on the box, and the largest z."""

    weights: list[int]
    is_up: list[bool]
    upper: list[int]
    lower: list[int]
    largest: int


class HullPlanes:
    """Replaces activations of units by planes over the inputs' box."""

    def __init__(self, known: KnownBounds) -> None:
        self.known = known
        self._terms: dict[tuple[int, int], _Terms] = {}

    def replace(
        self, c: list[int], hull: Hull, fixed: Container[int]
    ) -> tuple[list[int], list[int], int]:
        """What is left of the coefficients c on activations, coefficients on inputs, a constant.

        Units of the hull with c > 0 that are not in `fixed` are replaced. Coefficients on inputs
        are rounded down; the constant is rounded up and pays for that.
        """
        known = self.known
        layer = known.network.layers[hull.layer - 1]
        rest, total, constant = list(c), [0] * len(known.low), 0
        for unit, level in hull.units.items():
            own = c[unit]
            if own <= 0 or unit in fixed:
                continue
            known.work.spend(4 * len(hull.plus))
            rest[unit] = 0
            terms = self._terms_of(hull.layer, unit)
            levels = [
                a if up else b for a, b, up in zip(hull.plus, hull.minus, terms.is_up, strict=True)
            ]
            fractions = [_FRACTIONS[level - v] for v in levels]
            above_z = HULL_UNITS * terms.largest - sum(map(mul, fractions, terms.upper))
            constant += own * max(above_z, -sum(map(mul, fractions, terms.lower)))
            total = [
                t + own * s * w for t, s, w in zip(total, fractions, terms.weights, strict=True)
            ]
        den = layer.den << LEVEL_BITS
        cost = known.magnitude(0) - (-constant // (den << known.bits))
        return rest, [t // den for t in total], cost

    def _terms_of(self, layer: int, unit: int) -> _Terms:
        if (layer, unit) not in self._terms:
            self._terms[layer, unit] = self._found_terms(layer, unit)
        return self._terms[layer, unit]

    def _found_terms(self, number: int, unit: int) -> _Terms:
        known = self.known
        layer = known.network.layers[number - 1]
        weights = [0] * len(known.low)
        for row in layer.rows[unit]:
            for j, w in row.entries:
                weights[j] = w
        ends = [(w * a, w * b) for w, a, b in zip(weights, known.low, known.high, strict=True)]
        upper, lower = [max(e) for e in ends], [min(e) for e in ends]
        largest = sum(upper) + (layer.bias[unit] << known.bits)
        return _Terms(weights, [w > 0 for w in weights], upper, lower, largest)
