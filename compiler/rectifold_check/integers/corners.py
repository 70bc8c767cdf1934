"""A network at a point, in integers: which of its values are positive or negative, and values.

    relu(x0) + relu(−x0) on [−1, 1], at x0 = −1/2      1, 3, −1, 1, 1      negative: bit 2

Values are numerators over a denominator that is positive and, for one unit, a constant times the
point's, so their signs are exact; rows.py has their order. A value N is homogeneous: of a point
r = (a q − b p) / g inside the segment from p to q, in numerators, with a > 0 > b,

    g N(r) = a N(q) − b N(p) + bend,      bend = Σ weight · (that of each h which N reads)

The bend is 0 where N is affine on the segment. That of h is the bend of its z where no z at p, q
and r is negative, 0 where none is positive, and else g h(r) − a h(q) + b h(p). So most signs at r
follow from those at p and q and of the bend without a product, and a value is made of values at p
and q when it is asked for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import gcd
from typing import NamedTuple

from rectifold_check.integers.rows import Multiples, Rows
from rectifold_check.integers.sums import Sums
from rectifold_check.limits import MOST_KEPT_VALUES
from rectifold_check.networks import Domain, Network
from rectifold_check.work import Work, words

Point = tuple[int, ...]
"""Numerators, then one positive denominator."""


@dataclass(slots=True, eq=False)
class Corner:
    """A point, and a bit for each value there that is not 0 (not of linear units that are no
    output).

    `values` has those that were asked for, of first ones (rows.py); the others come from `origin`.
    `cost`: words of work that all values take.
    """

    point: Point
    positive: int
    negative: int
    cost: int
    values: dict[int, int] = field(repr=False)
    origin: Between | None = field(default=None, repr=False)


class Between(NamedTuple):
    """That a point is (a q − b p) / g, and the bends on the way there."""

    p: Corner
    q: Corner
    a: int
    b: int
    g: int
    bends: defaultdict[int, int]


class Corners:
    """A network and its bounded domain at points, which are kept while there is room.

    Nothing is spent for a point, for which ones are kept is chance: who asks for one knows what
    part of its cost to spend.

    Bits of values: `constraints` of the domain, units of `relu` layers, `outputs`; those are over
    `den` times the point's denominator.
    """

    def __init__(self, network: Network, domain: Domain, work: Work) -> None:
        self._meter = Work(None, work.stop)
        self.rows = Rows(network, domain)
        self.multiples = Multiples(self.rows, self._meter)
        self.starts, self.den = self.rows.starts, self.rows.den
        masks = [(1 << end) - (1 << start) for start, end in pairwise(self.starts)]
        domain_bits, self.constraints = masks[0] | masks[1], masks[1]
        layers = masks[2:]
        self.relu = sum(m for m, v in zip(layers, network.layers, strict=True) if v.is_relu)
        self.outputs = layers[network.output - 1]
        asked = domain_bits | self.relu | self.outputs
        self.alike, self.readers = self.multiples.alike, self.multiples.readers
        self.firsts = sum(1 << k for k in self.alike)
        self.signed = sum(bits for bits in self.alike.values() if bits & asked)
        self.groups = [
            (numbers, Sums([self.multiples.rows[k] for k in numbers], self._meter), is_relu)
            for numbers, is_relu in self.multiples.groups
        ]
        self.reading = {
            unit: sum(1 << k for k, _ in readers) for unit, readers in self.readers.items()
        }
        work.spend(self._meter.done)
        self._more_bits = self._bits_read()
        self._costs: dict[int, int] = {}
        self.most_kept = MOST_KEPT_VALUES
        self._known: dict[Point, Corner] = {}
        self._between: dict[tuple[Corner, Corner, int], Corner] = {}

    def at(self, point: Point) -> Corner:
        """The network at a point of the box."""
        return self._known.get(point) or self._kept(self._evaluated(point))

    def between(self, p: Corner, q: Corner, unit: int) -> Corner:
        """Where a value is 0 that is affine from p to q, positive at p and negative at q."""
        key = p, q, unit
        found = self._between.get(key)
        if found is None:
            a, b = self.value(p, unit), self.value(q, unit)
            line = [a * y - b * x for x, y in zip(p.point, q.point, strict=True)]
            g = gcd(*line)
            point = tuple([v // g for v in line])
            found = self._known.get(point)
            if found is None:
                found = self._kept(self._seen(point, Between(p, q, a, b, g, defaultdict(int))))
            self._between[key] = found
        return found

    def value(self, corner: Corner, k: int) -> int:
        """A value at a corner."""
        return self.multiples.factor[k] * self._at(corner, self.multiples.first[k])

    def values(self, corners: Sequence[Corner], k: int) -> list[int]:
        """A value at each of them."""
        first, factor = self.multiples.first[k], self.multiples.factor[k]
        found = [
            self._value(corner, first) if (v := corner.values.get(first)) is None else v
            for corner in corners
        ]
        return found if factor == 1 else [factor * v for v in found]

    def _value(self, corner: Corner, first: int) -> int:
        """That of a first one, which is not known yet."""
        waiting = [corner]
        while waiting:
            at = waiting[-1]
            if (way := at.origin) is None or first in at.values:
                waiting.pop()
                continue
            x, y = way.p.values.get(first), way.q.values.get(first)
            if x is None or y is None:
                waiting += [c for c, v in ((way.p, x), (way.q, y)) if v is None]
                continue
            bend = way.bends.get(first, 0)
            at.values[first] = (way.a * y - way.b * x + bend) // way.g
            waiting.pop()
        return corner.values[first]

    def _kept(self, corner: Corner) -> Corner:
        if len(self._known) * (1 + self.starts[-1]) > self.most_kept:
            self._known.clear()
            self._between.clear()
        self._known[corner.point] = corner
        return corner

    def _evaluated(self, point: Point) -> Corner:
        """With all values, by their rows."""
        known = [0] * (1 + self.rows.inputs + self.starts[-1] - self.starts[2])
        known[: len(point)] = [point[-1], *point[:-1]]
        values: dict[int, int] = {}
        for numbers, sums, is_relu in self.groups:
            for k, z in zip(numbers, sums.of(known), strict=True):
                values[k] = z
                if k >= self.starts[2]:
                    known[self.rows.place(k)] = 0 if is_relu and z < 0 else z
        positive = sum(self.alike[k] for k, z in values.items() if z > 0)
        negative = sum(self.alike[k] for k, z in values.items() if z < 0)
        signed, cost = self.signed, self._cost(point[-1])
        return Corner(point, positive & signed, negative & signed, cost, values)

    def _bits_read(self) -> list[int]:
        """For each group: bits that values which it reads have at most, more than the point."""
        bits, found = dict[int, int](), list[int]()
        for numbers, sums, _ in self.groups:
            found.append(max((bits.get(place, 0) for place in sums.places), default=0))
            bits |= dict.fromkeys(map(self.rows.place, numbers), found[-1] + sums.bits)
        return found

    def _cost(self, den: int) -> int:
        """Of all values at a point with such a denominator: about as if they were summed by rows.

        Fewer are taken, in another way; which ones is chance as well.
        """
        size = words(den)
        found = self._costs.get(size)
        if found is None:
            found = self.starts[-1]
            for (_, sums, _), more in zip(self.groups, self._more_bits, strict=True):
                bits = 64 * size - 32 + more
                found += sums.cost(bits, 1 + (len(sums.places) >> 1))
                found += len(sums.rows) * size * size >> 2
            self._costs[size] = found
        return found

    def _seen(self, point: Point, way: Between) -> Corner:
        """By the signs at the ends of the segment, and the bends on it."""
        p, q, bends = way.p, way.q, way.bends
        positive, negative = p.positive | q.positive, p.negative | q.negative
        crossing = positive & negative
        cost = self._cost(point[-1])
        corner = Corner(point, positive ^ crossing, negative ^ crossing, cost, {}, way)
        waiting = crossing & self.firsts
        while waiting:
            bit = waiting & -waiting
            waiting ^= bit
            k = bit.bit_length() - 1
            bend = bends.get(k, 0)
            crosses = bit & crossing
            if not (bend or crosses):
                continue
            if crosses or bit & self.signed & (negative if bend > 0 else positive):
                bend = self._signed(corner, way, k, bend)
            elif bit & self.signed:
                bend = self._bent(corner, k, bend)
            if bend and k in self.readers:
                waiting |= self.reading[k]
                for reader, weight in self.readers[k]:
                    bends[reader] += weight * bend
        return corner

    def _signed(self, corner: Corner, way: Between, k: int, bend: int) -> int:
        """The bend of h, or of a linear unit; the value and its sign are noted."""
        x, y = way.q.values.get(k), way.p.values.get(k)
        ax = way.a * (self._value(way.q, k) if x is None else x)
        by = way.b * (self._value(way.p, k) if y is None else y)
        high = ax - by + bend
        corner.values[k] = high // way.g
        alike = self.alike[k]
        corner.positive &= ~alike
        corner.negative &= ~alike
        if high > 0:
            corner.positive |= alike
        elif high < 0:
            corner.negative |= alike
        if not self.relu >> k & 1:
            return bend
        return (high if high > 0 else 0) - (ax if ax > 0 else 0) + (by if by < 0 else 0)

    def _bent(self, corner: Corner, k: int, bend: int) -> int:
        """The bend of h, or of a linear unit, whose sign is known without its value."""
        if bend > 0:
            corner.positive |= self.alike[k]
            return bend
        corner.negative |= self.alike[k]
        return 0 if self.relu >> k & 1 else bend

    def _at(self, corner: Corner, first: int) -> int:
        found = corner.values.get(first)
        return self._value(corner, first) if found is None else found
