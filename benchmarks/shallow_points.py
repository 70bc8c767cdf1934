"""Exact outputs of large networks at many points, in integers without a common denominator.

    relu(x/2 + y/3)      →      relu(3 x + 2 y), and 1/6 in what reads it

Every row of a hidden layer is multiplied by a positive number that makes it integer, and the rows
that read it are divided by that: relu is homogeneous, so the values are exact. The fractions of an
output are added in pairs, and then the sums: nearly all of that is done with small numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import zip_longest
from math import lcm
from random import Random

from flint import fmpz

from rectifold.ir.domain import Domain
from rectifold.ir.network import Layer, Network

Values = dict[str, list[int]]
Terms = list[tuple[str, int, Fraction]]  # (layer, unit, factor); the constant is of the layer ""
Ratio = tuple[fmpz, fmpz]  # numerator and a positive denominator, not reduced


class IntegerRow:
    """A row times `scale`."""

    def __init__(self, terms: Terms) -> None:
        self.scale = lcm(*(w.denominator for _, _, w in terms))
        self.terms = [(name, k, int(w * self.scale)) for name, k, w in terms]

    def value(self, values: Values) -> int:
        """At the values of other layers."""
        return sum(c * values[name][k] for name, k, c in self.terms if values[name][k])


class RationalRow:
    """A row, and the denominators of its sums: of terms, of pairs, of pairs of pairs …"""

    def __init__(self, terms: Terms) -> None:
        self.terms = [(name, k, w.numerator) for name, k, w in terms]
        self.levels = [[fmpz(w.denominator) for _, _, w in terms] or [fmpz(1)]]
        while len(self.levels[-1]) > 1:
            dens = self.levels[-1]
            pairs = zip_longest(dens[::2], dens[1::2], fillvalue=fmpz(1))
            self.levels.append([a * b for a, b in pairs])

    def value(self, values: Values) -> Ratio:
        """At the values of other layers."""
        sums = [fmpz(c * values[name][k]) for name, k, c in self.terms] or [fmpz(0)]
        for dens in self.levels[:-1]:
            own = list(zip(sums, dens, strict=True))
            pairs = zip_longest(own[::2], own[1::2], fillvalue=(fmpz(0), fmpz(1)))
            sums = [a * q + b * p for (a, p), (b, q) in pairs]
        return sums[0], self.levels[-1][0]


class IntegerNetwork:
    """A network in integers, but for its last layer."""

    def __init__(self, network: Network) -> None:
        self.network = network
        *hidden, last = network.layers
        self.scales = {"": [1], network.input_name: [1] * network.input_size}
        self.hidden: list[tuple[Layer, list[IntegerRow]]] = []
        for layer in hidden:
            rows = [IntegerRow(terms) for terms in self._terms(layer)]
            self.hidden.append((layer, rows))
            self.scales[layer.name] = [row.scale for row in rows]
        self.last = [RationalRow(terms) for terms in self._terms(last)]
        self.ends_in_relu = last.is_relu

    def _terms(self, layer: Layer) -> list[Terms]:
        """Of every row, over what other layers' rows are multiplied by."""
        rows: list[Terms] = [[("", 0, bias)] for (bias,) in layer.bias.fractions()]
        for name, weights in layer.weights.items():
            for terms, row in zip(rows, weights.fractions(), strict=True):
                terms += [(name, k, w / self.scales[name][k]) for k, w in enumerate(row) if w]
        return rows

    def outputs(self, point: Sequence[Fraction]) -> list[Ratio]:
        """The exact outputs at a point."""
        den = lcm(*(v.denominator for v in point))
        values = {"": [den], self.network.input_name: [int(v * den) for v in point]}
        for layer, rows in self.hidden:
            own = [row.value(values) for row in rows]
            values[layer.name] = [max(v, 0) for v in own] if layer.is_relu else own
        found = [row.value(values) for row in self.last]
        if self.ends_in_relu:
            found = [(max(value, fmpz(0)), below) for value, below in found]
        return [(value, below * den) for value, below in found]


def differ(first: Sequence[Ratio], second: Sequence[Ratio]) -> bool:
    """Are some numbers not equal?"""
    return any(a * q != b * p for (a, p), (b, q) in zip(first, second, strict=True))


def mismatches(a: Network, b: Network, points: Sequence[Sequence[Fraction]]) -> int:
    """At how many points the exact outputs differ."""
    first, second = IntegerNetwork(a), IntegerNetwork(b)
    return sum(differ(first.outputs(point), second.outputs(point)) for point in points)


def inside(domain: Domain, count: int) -> list[list[Fraction]]:
    """Random rational points of a bounded box."""
    random = Random(0)
    points = []
    for _ in range(count):
        point = []
        for low, high in zip(domain.lower, domain.upper, strict=True):
            assert low is not None
            assert high is not None
            point.append(low + (high - low) * Fraction(random.randint(0, 10**6), 10**6))
        points.append(point)
    return points
