"""Layers in any float format, in any order, fused or not: exact numbers, rounded by hand.

Machine(FLOAT32, FLOAT32, Random(1), None)      random trees of additions, random fusing
flush: what is below the normal numbers becomes 0, at random
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from random import Random

from rectifold.bounds.summation import Groups, Order, folded
from rectifold.ir.network import Layer, Network


@dataclass(frozen=True)
class Digits:
    """A float format: bits of the significand, exponent of the smallest normal number."""

    bits: int
    least: int

    def rounded(self, value: Fraction) -> Fraction:
        """To nearest, ties to even, gradually below the normal numbers."""
        if value == 0:
            return value
        top, bottom = abs(value.numerator), value.denominator
        exponent = top.bit_length() - bottom.bit_length()
        if abs(value) < Fraction(2) ** exponent:
            exponent -= 1
        unit = Fraction(2) ** (max(exponent, self.least) - self.bits + 1)
        return round(value / unit) * unit


FLOAT32, FLOAT64 = Digits(24, -126), Digits(53, -1022)
FORMATS = {"float32": (FLOAT32, FLOAT32), "mixed": (FLOAT32, FLOAT64), "float64": (FLOAT64,) * 2}
"""Per precision: of what is stored, and of what is computed."""


@dataclass(frozen=True)
class Machine:
    """How one processor and one library compute."""

    stored: Digits
    computed: Digits
    random: Random
    order: Order | None
    flush: bool = False
    fuses: bool = True

    def outputs(self, network: Network, point: Sequence[Fraction]) -> list[Fraction]:
        """What the code of the network gives at a point of floats."""
        known = {network.input_name: [self._read(v, self.computed) for v in point]}
        for layer in network.layers:
            known[layer.name] = [self._unit(layer, i, known) for i in range(layer.size)]
        return known[network.output]

    def _unit(self, layer: Layer, unit: int, known: dict[str, list[Fraction]]) -> Fraction:
        terms = {
            source: [
                (self._stored(w), self._read(a, self.computed))
                for w, a in zip(weight.fractions()[unit], known[source], strict=True)
            ]
            for source, weight in layer.weights.items()
        }
        bias = self._stored(layer.bias.entry(unit, 0))
        if self.order is None:
            z = self._tree(bias, self._met([term for some in terms.values() for term in some]))
        else:
            z = bias
            for source, some in terms.items():
                z = self._ordered(z, some, self.order.groups(layer.name, source))
        return max(z, Fraction(0)) if layer.is_relu else z

    def _met(self, terms: list[tuple[Fraction, Fraction]]) -> list[tuple[Fraction, Fraction]]:
        """Products with 0 are left out, or not."""
        return [(w, a) for w, a in terms if w * a or self.random.random() < 0.5]

    def _ordered(
        self, begin: Fraction, terms: list[tuple[Fraction, Fraction]], groups: Groups
    ) -> Fraction:
        sums = [begin, *(Fraction(0) for _ in groups[1:])]
        for k, group in enumerate(groups):
            for term in self._met(terms[group]):
                sums[k] = self._sum(sums[k], term)
        return folded(sums, self._sum)

    def _tree(self, bias: Fraction, terms: list[tuple[Fraction, Fraction]]) -> Fraction:
        parts: list[Fraction | tuple[Fraction, Fraction]] = [bias, *terms]
        while len(parts) > 1:
            one = parts.pop(self.random.randrange(len(parts)))
            other = parts.pop(self.random.randrange(len(parts)))
            if isinstance(one, tuple):
                one = self._computed(one[0] * one[1])
            parts.append(self._sum(one, other))
        last = parts[0]
        return self._computed(last[0] * last[1]) if isinstance(last, tuple) else last

    def _sum(self, total: Fraction, term: Fraction | tuple[Fraction, Fraction]) -> Fraction:
        if not isinstance(term, tuple):
            return self._computed(total + term)
        product = term[0] * term[1]
        fused = self.fuses and self.random.random() < 0.5
        return self._computed(total + (product if fused else self._computed(product)))

    def _stored(self, weight: Fraction) -> Fraction:
        return self._read(self.stored.rounded(weight), self.stored)

    def _computed(self, value: Fraction) -> Fraction:
        return self._read(self.computed.rounded(value), self.computed)

    def _read(self, value: Fraction, digits: Digits) -> Fraction:
        tiny = abs(value) < Fraction(2) ** digits.least
        return Fraction(0) if self.flush and tiny and self.random.random() < 0.7 else value
