"""A network at a point, in integers: every value, and which are positive or negative.

    relu(x0) + relu(−x0) on [−1, 1], at x0 = −1/2      1, 3, −1, 1, 1      negative: bit 2

Values are numerators over a denominator that is positive and, for all of one layer, the same at a
point, so their signs are exact. Their order: how far each input is from its lower and from its
upper end, bound − c·x of the domain's constraints, then the pre-activations of every layer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import accumulate, pairwise
from math import lcm
from operator import itemgetter, mul
from typing import NamedTuple

from rectifold_check.integers.layers import sources_of
from rectifold_check.limits import MOST_KEPT_VALUES
from rectifold_check.networks import Domain, Layer, Network
from rectifold_check.work import Work, words

Point = tuple[int, ...]
"""Numerators, then one positive denominator."""


class Corner(NamedTuple):
    """A point, the values there in their order, and a bit for each that is not 0."""

    point: Point
    values: tuple[int, ...]
    positive: int
    negative: int


class Corners:
    """A network and its bounded domain at points, which are kept while there is room.

    Bits of values: `constraints` of the domain, units of `relu` layers, `outputs`; those are over
    `den` times the point's denominator.
    """

    def __init__(self, network: Network, domain: Domain, work: Work) -> None:
        self.work = work
        ends = zip(domain.lower, domain.upper, strict=True)
        self.ends = [v for pair in ends for v in pair if v is not None]
        self.rows = [_whole_constraint(row, bound) for row, bound in domain.constraints]
        sizes = [len(self.ends), len(self.rows), *(layer.size for layer in network.layers)]
        self.starts = [0, *accumulate(sizes)]
        _, self.constraints, *layers = (
            (1 << end) - (1 << start) for start, end in pairwise(self.starts)
        )
        self.relu = sum(m for m, v in zip(layers, network.layers, strict=True) if v.is_relu)
        self.outputs = layers[network.output - 1]
        self.layers, dens = _whole_layers(network)
        self.den = dens[network.output]
        weights = sum(len(unit.weights) for layer in self.layers for unit in layer.units)
        self.cost = (weights + self.starts[-1]) * words(max(dens))
        self._known: dict[Point, Corner] = {}

    def at(self, point: Point) -> Corner:
        """The network at a point of the box."""
        found = self._known.get(point)
        if found is None:
            if len(self._known) * (1 + self.starts[-1]) > MOST_KEPT_VALUES:
                self._known.clear()
            found = self._known[point] = self._evaluated(point)
        return found

    def _evaluated(self, point: Point) -> Corner:
        *x, w = point
        self.work.spend(self.cost * max(map(words, point)))
        values = self._in_domain(x, w)
        known = [*x]
        for layer in self.layers:
            z = [
                unit.bias * w + sum(map(mul, unit.weights, unit.read(known)))
                for unit in layer.units
            ]
            values += z
            known += [v if v > 0 else 0 for v in z] if layer.is_relu else z
        positive, negative = (
            int("0" + "".join(["1" if sign * v > 0 else "0" for v in reversed(values)]), 2)
            for sign in (1, -1)
        )
        return Corner(point, tuple(values), positive, negative)

    def _in_domain(self, x: Sequence[int], w: int) -> list[int]:
        """How far the point x/w is inside each end of the box, and inside each constraint."""
        signs = (1, -1) * len(x)
        inputs = [v for v in x for _ in range(2)]
        values = [
            sign * (v * end.denominator - end.numerator * w)
            for sign, v, end in zip(signs, inputs, self.ends, strict=True)
        ]
        return values + [bound * w - sum(c * x[j] for j, c in row) for row, bound in self.rows]


class _Unit(NamedTuple):
    """bias · w + Σ weights · what it reads; `read` takes that from the inputs and all layers."""

    bias: int
    weights: tuple[int, ...]
    read: Callable[[list[int]], Sequence[int]]


class _WholeLayer(NamedTuple):
    units: list[_Unit]
    is_relu: bool


def _whole_constraint(
    row: dict[int, Fraction], bound: Fraction
) -> tuple[list[tuple[int, int]], int]:
    """Coefficients and the bound, times a positive number."""
    den = lcm(bound.denominator, *(c.denominator for c in row.values()))
    return [(j, int(c * den)) for j, c in row.items()], int(bound * den)


def _whole_layers(network: Network) -> tuple[list[_WholeLayer], list[int]]:
    """The layers over integers, and the denominator of the input and of every layer."""
    dens, starts, layers = [1], [0], []
    starts.append(network.inputs)
    for layer in network.layers:
        den = lcm(*(dens[source] for source in sources_of(layer)))
        layers.append(
            _WholeLayer(
                [_whole(layer, i, den, dens, starts) for i in range(layer.size)], layer.is_relu
            )
        )
        dens.append(den * layer.den)
        starts.append(starts[-1] + layer.size)
    return layers, dens


def _whole(layer: Layer, unit: int, den: int, dens: Sequence[int], starts: Sequence[int]) -> _Unit:
    """A unit times `den` · layer.den, reading values that are times their `dens`."""
    places: list[int] = []
    weights: list[int] = []
    for row in layer.rows[unit]:
        factor, start = den // dens[row.source], starts[row.source]
        places += [start + j for j, _ in row.entries]
        weights += [factor * c for _, c in row.entries]
    return _Unit(layer.bias[unit] * den, tuple(weights), _reader(places))


def _reader(places: Sequence[int]) -> Callable[[list[int]], Sequence[int]]:
    """Takes the values at these rising places."""
    if not places or places[-1] - places[0] + 1 == len(places):
        first = places[0] if places else 0
        return itemgetter(slice(first, first + len(places)))
    return itemgetter(*places)
