"""An upper bound of a sum of pre-activations, by replacing layer after layer by what it reads.

    sum sign z  =  sum c h + constant          z = W h + b of each unit
                <= sum c' z' + constant        lines of each relu below, h = relu(z')
                 = ...                         down to the inputs, whose ends are put in

Numbers are integers in units of 2^-bits. Sound because every line holds between bounds that are
known on the box, coefficients are rounded down at a cost that is added, and constants up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from rectifold_check.agreed import BITS, UPPER_SLOPE_BITS
from rectifold_check.integers.hull import Hull, HullPlanes
from rectifold_check.integers.known import KnownBounds
from rectifold_check.integers.layers import replacing_order
from rectifold_check.integers.pairs import Differences, relaxed_pair
from rectifold_check.integers.products import LayerProducts, Spread
from rectifold_check.integers.relaxation import Bounds, relaxed, relaxed_in_case
from rectifold_check.integers.rounding import rounded_up
from rectifold_check.networks import Domain, Network
from rectifold_check.work import Work, words

Term = tuple[int, int, int]
"""(layer, unit, sign): sign times the unit's pre-activation."""

Values = dict[int, list[int]]
"""Coefficients on the values of layers, and of the input (0), that are still to be replaced."""


@dataclass(frozen=True)
class Box:
    """Ends of the inputs, and what is known where the inputs lie between them.

    `bounds` has those of each relu layer, `differences` those of each pair of layers.
    """

    low: list[int]
    high: list[int]
    bounds: dict[int, Bounds]
    differences: dict[tuple[int, int], Differences] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """What a proof by cases chose.

    `slopes` has lower slopes by layer and unit, in units of 2^-LOWER_SLOPE_BITS; `fixed` a phase
    and a multiplier of z, as in `relaxed_in_case`; `gammas` a multiplier >= 0 for each constraint
    of the domain; `hull` the planes above units of the first layer.
    """

    slopes: Mapping[int, Mapping[int, int]] = field(default_factory=dict)
    fixed: Mapping[int, Mapping[int, tuple[int, int]]] = field(default_factory=dict)
    gammas: Sequence[Fraction] = ()
    hull: Hull | None = None


_PLAIN = Case()


class Substitution:
    """Bounds of one network's units on a bounded domain."""

    def __init__(
        self,
        network: Network,
        domain: Domain,
        bits: int = BITS,
        pairs: Mapping[int, int] | None = None,
        work: Work | None = None,
    ) -> None:
        """Raises Refusal where the domain is not bounded, or pairs of layers cross."""
        self.work = work or Work()
        self.network = network
        self.domain = domain
        self.bits = bits
        self.order = replacing_order(network, pairs or {})
        self.known = KnownBounds(network, domain, bits, self.work)
        self._products = LayerProducts(network, bits, self.work)
        self._planes = HullPlanes(self.known)
        self._firsts: dict[Term, Spread] = {}
        self._words = words(1 << bits)  # of a coefficient

    def box_before(self, layer: int) -> Box:
        """The domain, with the bounds of all relu layers that have smaller numbers."""
        return Box(self.known.low, self.known.high, self.known.of_relu_layers_before(layer))

    def box_below(self, layer: int) -> Box:
        """The domain, with the bounds of the relu layers that a layer depends on."""
        return Box(self.known.low, self.known.high, self.known.of_relu_layers_below(layer))

    def bound(self, terms: Sequence[Term], box: Box, case: Case = _PLAIN) -> int:
        """An upper bound of the sum of the terms on the box, where the case's phases hold.

        In units of 2^-bits. The box needs bounds of every relu layer that the terms depend on.
        """
        values: Values = {}
        total = sum(self._begin(term, values) for term in terms)
        for group in self.order:
            if len(group) == 2 and group in box.differences:
                first, second = group
                if first in values and second in values:
                    total += self._replace_pair(first, second, values, box)
                    continue
            for at in group:
                if at in values:
                    total += self._replace(at, values, box.bounds, case)
        self.work.spend(len(box.low) * self._words)
        c = values.get(0, [0] * len(box.low))
        if any(case.gammas):
            c, more = self._constrained(c, case.gammas)
            total += more
        reached = 0
        for v, low, high in zip(c, box.low, box.high, strict=True):
            reached += v * (high if v > 0 else low)
        return total - (-reached >> self.bits)

    def _begin(self, term: Term, values: Values) -> int:
        """sign z of one unit as W h + b: adds to `values`, answers what is constant.

        Always the same but for what rounding costs, so what W gives is remembered.
        """
        if term not in self._firsts:
            layer, unit, sign = term
            self._firsts[term] = self._products.spread(layer, [(unit, sign << self.bits)])
        return self._add(self._firsts[term], values)

    def _replace(self, at: int, values: Values, bounds: Mapping[int, Bounds], case: Case) -> int:
        """A layer's activations by what the layer reads: answers what becomes constant."""
        c = values.pop(at)
        self.work.spend(len(c))
        if not self.network.layers[at - 1].is_relu:
            on_z = [(j, v) for j, v in enumerate(c) if v]
            return self._add(self._products.spread(at, on_z), values)
        total = 0
        if case.hull is not None and case.hull.layer == at:
            c, row, total = self._planes.replace(c, case.hull, case.fixed.get(at, {}))
            _add_row(0, row, values)
        if case is _PLAIN:
            on_z, shift = relaxed(c, bounds[at].lines)
        else:
            slopes, fixed = case.slopes.get(at, {}), case.fixed.get(at, {})
            on_z, shift = relaxed_in_case(c, bounds[at].lines, slopes, fixed)
        total += self.known.magnitude(at) - (-shift >> (self.bits + UPPER_SLOPE_BITS))
        return total + self._add(self._products.spread(at, on_z), values)

    def _replace_pair(self, first: int, second: int, values: Values, box: Box) -> int:
        """The activations of a pair of layers, together."""
        xs, ys = box.bounds[first], box.bounds[second]
        self.work.spend(4 * len(xs))
        planes = box.differences[first, second].planes(xs, ys)
        on_x, on_y, shift = relaxed_pair(values.pop(first), values.pop(second), planes)
        total = -(-shift >> (self.bits + UPPER_SLOPE_BITS))
        for layer, on_z in ((first, on_x), (second, on_y)):
            total += self.known.magnitude(layer)
            total += self._add(self._products.spread(layer, on_z), values)
        return total

    def _add(self, spread: Spread, values: Values) -> int:
        """Adds to `values`; answers the constant, and what rounding the coefficients costs."""
        total, rows = spread
        for source, row in rows.items():
            total += self.known.magnitude(source)
            _add_row(source, row, values)
        return total

    def _constrained(self, c: list[int], gammas: Sequence[Fraction]) -> tuple[list[int], int]:
        """gamma (bound - row.x) >= 0 added for each constraint: coefficients, and a constant.

        Coefficients are rounded down once more, which the constant pays for.
        """
        entries = len(c) + sum(len(row) for row, _ in self.domain.constraints)
        self.work.spend(
            8 * entries * sum(words(g.numerator) + words(g.denominator) for g in gammas)
        )
        exact = {j: Fraction(v) for j, v in enumerate(c)}
        total = Fraction(0)
        for gamma, (row, bound) in zip(gammas, self.domain.constraints, strict=True):
            total += gamma * bound
            for j, g in row.items():
                exact[j] -= gamma * g * (1 << self.bits)
        coefficients = [v.numerator // v.denominator for v in exact.values()]
        return coefficients, rounded_up(total, self.bits) + self.known.magnitude(0)


def _add_row(source: int, row: list[int], values: Values) -> None:
    known = values.get(source)
    values[source] = row if known is None else [a + b for a, b in zip(known, row, strict=True)]
