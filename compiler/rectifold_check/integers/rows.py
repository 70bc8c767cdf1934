"""A network and its domain as rows of whole numbers, and which values are multiples of others.

    relu(x0 / 2 + x1), 3 relu(2 x0 + 4 x1)      one row  x0 + 2 x1  for both units

Every value is homogeneous in a point's numerators and its denominator: an end of the box and a
constraint are rows on these, a unit is one on these and on units before it. What all weights of a
unit have in common is left out, which keeps numbers short: relu of a multiple is the multiple of
relu. Units of one kind have values that are positive multiples of one value if their rows are such
multiples of one row, once units that they read are replaced by what these are multiples of.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import accumulate
from math import gcd, lcm
from typing import NamedTuple

from rectifold_check.integers.layers import sources_of
from rectifold_check.integers.sums import Weights
from rectifold_check.networks import Domain, Layer, Network
from rectifold_check.work import Work


class Group(NamedTuple):
    """The rows of layers one after the other that do not read each other: linear or relu ones."""

    rows: list[Weights]
    is_relu: bool


class Rows:
    """Rows of values on places: 0 for the denominator, then the inputs, then the units.

    The order of values: how far each input is from its lower and from its upper end, bound − c·x of
    the domain's constraints, then the pre-activations of every layer; `starts` has the first of the
    ends, the constraints and each layer. The outputs are over `den` times the point's denominator.
    """

    def __init__(self, network: Network, domain: Domain) -> None:
        self.sides = [*_ends(domain), *_constraints(domain)]
        ends = 2 * len(domain.lower)
        self.starts = [0, *accumulate([ends, len(domain.constraints), *_sizes(network)])]
        self.inputs = network.inputs
        self.groups, dens = _groups(network)
        self.den = dens[network.output]

    def place(self, unit: int) -> int:
        """Of a unit by the number of its value."""
        return unit - self.starts[2] + 1 + self.inputs

    def unit(self, place: int) -> int:
        """The number of the value of a unit at this place, which is no input's."""
        return place - self.inputs - 1 + self.starts[2]


class Multiples:
    """Which values are multiples: value k is `factor[k]` times value `first[k]`, at every point.

    `alike`: of each first one all its multiples, as bits. `rows`: of each first one its row, on
    places of first ones; in the `groups` of all rows (relu or not, numbers of values, those of the
    domain before them) they stand in their order. `readers`: of first ones that are units, the
    first ones that read them, with weights.
    """

    def __init__(self, given: Rows, work: Work) -> None:
        self.first: list[int] = []
        self.factor: list[int] = []
        self.alike: dict[int, int] = {}
        self.rows: dict[int, Weights] = {}
        self.groups: list[tuple[list[int], bool]] = []
        self.readers: dict[int, list[tuple[int, int]]] = {}
        known: dict[tuple[object, ...], int] = {}
        for kind, group in enumerate([Group(given.sides, False), *given.groups]):
            before = len(self.rows)
            for row in group.rows:
                work.spend(2 * len(row) + 2)
                self._note(given, row, known, (kind == 0, group.is_relu))
            self.groups.append((list(self.rows)[before:], group.is_relu))
        for reader, row in self.rows.items():
            for place, weight in row.items():
                if place > given.inputs:
                    self.readers.setdefault(given.unit(place), []).append((reader, weight))

    def _note(
        self,
        given: Rows,
        row: Weights,
        known: dict[tuple[object, ...], int],
        kind: tuple[bool, bool],
    ) -> None:
        """The next value."""
        own: Weights = {}
        for place, weight in row.items():
            if place > given.inputs:
                unit = given.unit(place)
                place, weight = given.place(self.first[unit]), weight * self.factor[unit]
                if not self.rows[self.first[unit]]:
                    continue
            own[place] = own.get(place, 0) + weight
        own = {place: weight for place, weight in sorted(own.items()) if weight}
        factor, number = gcd(*own.values()) or 1, len(self.first)
        own = divided(own, factor)
        first = known.setdefault((kind, *own.items()), number)
        if first == number:
            self.rows[number], self.alike[number] = own, 0
        self.alike[first] |= 1 << number
        self.first.append(first)
        self.factor.append(factor)


def divided(row: Weights, gain: int) -> Weights:
    """The weights over what they have in common."""
    return row if gain == 1 else {place: weight // gain for place, weight in row.items()}


def _sizes(network: Network) -> Iterator[int]:
    return (layer.size for layer in network.layers)


def _ends(domain: Domain) -> Iterator[Weights]:
    """x − low and high − x of every input, times denominators."""
    for j, ends in enumerate(zip(domain.lower, domain.upper, strict=True)):
        for end, sign in zip(ends, (1, -1), strict=True):
            if end is not None:
                yield _without_zeros([(0, -sign * end.numerator), (1 + j, sign * end.denominator)])


def _constraints(domain: Domain) -> Iterator[Weights]:
    """bound − c·x, times a positive number."""
    for row, bound in domain.constraints:
        den = lcm(bound.denominator, *(c.denominator for c in row.values()))
        yield _without_zeros(
            [(0, _times(bound, den)), *((1 + j, -_times(c, den)) for j, c in row.items())]
        )


def _times(value: Fraction, den: int) -> int:
    """By a multiple of its denominator."""
    return value.numerator * (den // value.denominator)


def _without_zeros(entries: Iterable[tuple[int, int]]) -> Weights:
    return {place: weight for place, weight in entries if weight}


def _groups(network: Network) -> tuple[list[Group], list[int]]:
    """The layers, and the denominators of the input and of the layers.

    They read 1, the input and all layers before: of each unit its value times the denominator of
    its layer and the point's, over its `gain`, which is what all its weights have in common.
    """
    dens, starts, groups = [1], [1, 1 + network.inputs], list[Group]()
    gains = [1] * starts[1]
    units, first = list[Weights](), 1
    for k, layer in enumerate(network.layers, start=1):
        before = network.layers[k - 2] if k > 1 else layer
        if layer.is_relu != before.is_relu or max(sources_of(layer), default=0) >= first:
            groups.append(Group(units, before.is_relu))
            units, first = [], k
        den = lcm(*(dens[source] for source in sources_of(layer)))
        whole = _whole_units(layer, den, dens, starts, gains)
        common = [1 if k == network.output else gcd(*unit.values()) or 1 for unit in whole]
        units += [divided(unit, gain) for unit, gain in zip(whole, common, strict=True)]
        gains += common
        dens.append(den * layer.den)
        starts.append(starts[-1] + layer.size)
    groups.append(Group(units, network.layers[-1].is_relu))
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
