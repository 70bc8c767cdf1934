"""A network at a point, in integers: every value, and which are positive or negative.

    relu(x0) + relu(−x0) on [−1, 1], at x0 = −1/2      1, 3, −1, 1, 1      negative: bit 2

Values are numerators over a denominator that is positive and, for one unit, a constant times the
point's, so their signs are exact. What the weights of a unit have in common is left out, which
keeps numbers short: relu of a multiple is the multiple of relu. The order of values: how far each
input is from its lower and from its upper end, bound − c·x of the domain's constraints, then the
pre-activations of every layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate, pairwise
from math import gcd, lcm
from typing import NamedTuple

from rectifold_check.integers.layers import sources_of
from rectifold_check.integers.sums import Sums, Weights
from rectifold_check.limits import MOST_KEPT_VALUES
from rectifold_check.networks import Domain, Layer, Network
from rectifold_check.work import Work

Point = tuple[int, ...]
"""Numerators, then one positive denominator."""


class Corner(NamedTuple):
    """A point, the values there in their order, and a bit for each that is not 0.

    `cost`: words of work that its values take.
    """

    point: Point
    values: tuple[int, ...]
    positive: int
    negative: int
    cost: int


class Corners:
    """A network and its bounded domain at points, which are kept while there is room.

    Nothing is spent for a point, for which ones are kept is chance: who asks for one knows what
    part of its cost to spend.

    Bits of values: `constraints` of the domain, units of `relu` layers, `outputs`; those are over
    `den` times the point's denominator.
    """

    def __init__(self, network: Network, domain: Domain, work: Work) -> None:
        self._meter = Work(None, work.stop)
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
        self.all = (1 << self.starts[-1]) - 1
        self.groups, dens = _groups(network, self._meter)
        work.spend(self._meter.done)
        self.den = dens[network.output]
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
        before = self._meter.done
        self._meter.spend(self.starts[-1])
        values = self._in_domain(x, w)
        known = [w, *x]
        for sums, is_relu in self.groups:
            z = sums.of(known)
            values += z
            known += [v if v > 0 else 0 for v in z] if is_relu else z
        positive = _bits([v > 0 for v in values])
        negative = ~positive & self.all
        if 0 in values:
            negative &= ~_bits([v == 0 for v in values])
        cost = self._meter.done - before
        return Corner(point, tuple(values), positive, negative, cost)

    def _in_domain(self, x: Sequence[int], w: int) -> list[int]:
        """How far the point x/w is inside each end of the box, and inside each constraint."""
        signs = (1, -1) * len(x)
        inputs = [v for v in x for _ in range(2)]
        values = [
            sign * (v * end.denominator - end.numerator * w)
            for sign, v, end in zip(signs, inputs, self.ends, strict=True)
        ]
        return values + [bound * w - sum(c * x[j] for j, c in row) for row, bound in self.rows]


def _bits(given: list[bool]) -> int:
    """A bit for each, the first one lowest."""
    return int("0" + "".join(["1" if v else "0" for v in reversed(given)]), 2)


def _whole_constraint(
    row: dict[int, Fraction], bound: Fraction
) -> tuple[list[tuple[int, int]], int]:
    """Coefficients and the bound, times a positive number."""
    den = lcm(bound.denominator, *(c.denominator for c in row.values()))
    return [(j, int(c * den)) for j, c in row.items()], int(bound * den)


class _Group(NamedTuple):
    """Layers one after the other that do not read each other: linear ones, or relu ones."""

    sums: Sums
    is_relu: bool


def _groups(network: Network, work: Work) -> tuple[list[_Group], list[int]]:
    """The layers, and the denominators of the input and of the layers.

    They read 1, the input and all layers before: of each unit its value times the denominator of
    its layer and the point's, over its `gain`, which is what all its weights have in common.
    """
    dens, starts, groups = [1], [1, 1 + network.inputs], list[_Group]()
    gains = [1] * starts[1]
    units, first = list[Weights](), 1
    for k, layer in enumerate(network.layers, start=1):
        before = network.layers[k - 2] if k > 1 else layer
        if layer.is_relu != before.is_relu or max(sources_of(layer), default=0) >= first:
            groups.append(_Group(Sums(units, work), before.is_relu))
            units, first = [], k
        den = lcm(*(dens[source] for source in sources_of(layer)))
        whole = _whole_units(layer, den, dens, starts, gains)
        common = [1 if k == network.output else gcd(*unit.values()) or 1 for unit in whole]
        units += [_divided(unit, gain) for unit, gain in zip(whole, common, strict=True)]
        gains += common
        dens.append(den * layer.den)
        starts.append(starts[-1] + layer.size)
    groups.append(_Group(Sums(units, work), network.layers[-1].is_relu))
    return groups, dens


def _whole_units(
    layer: Layer,
    den: int,
    dens: Sequence[int],
    starts: Sequence[int],
    gains: Sequence[int],
) -> list[Weights]:
    """The units times `den` and the layer's, of values that are times `dens` and over `gains`."""
    units = [{0: bias * den} if bias else {} for bias in layer.bias]
    for unit, rows in zip(units, layer.rows, strict=True):
        for row in rows:
            factor, start = den // dens[row.source], starts[row.source]
            for j, c in row.entries:
                unit[start + j] = unit.get(start + j, 0) + factor * c * gains[start + j]
    return units


def _divided(unit: Weights, gain: int) -> Weights:
    """The weights over what they have in common."""
    return unit if gain == 1 else {place: weight // gain for place, weight in unit.items()}
