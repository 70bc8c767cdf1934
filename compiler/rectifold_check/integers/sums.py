"""The sums of one layer, in integers: all at once as one long integer, or one by one.

    z0 = 3 h0 + h1,  z1 = −h0 + 2 h1      h0 · (3 − 2^slot) + h1 · (1 + 2 · 2^slot)

The weights that a value has in all units are packed, one slot a unit, so that one product does for
all of them. A slot is so wide that no sum leaves it: |z| < 2^(bits of the largest |h|) · (largest
Σ |w| of a unit). Half a slot is added to each one, so that all are positive and can be read off as
bytes. Where most weights are 0, units are summed one by one.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from functools import cached_property
from operator import itemgetter, mul
from typing import NamedTuple

from rectifold_check.integers.packed import laid_out
from rectifold_check.limits import MOST_PACKED, MOST_SLOT_WORDS, PACKED_PLACES, UNIT_WEIGHTS
from rectifold_check.work import Work

Weights = dict[int, int]  # place of a value → its weight


class _Unit(NamedTuple):
    weights: tuple[int, ...]
    read: Callable[[Sequence[int]], Sequence[int]]


class _Packed(NamedTuple):
    columns: list[int]
    halves: int


class Sums:
    """Σ weight · value for the units of a layer, over values that are given by their places."""

    def __init__(self, units: Sequence[Weights], work: Work) -> None:
        self.work = work
        self.rows = units
        self.places = sorted({place for row in units for place in row})
        self.entries = sum(map(len, units))
        self.bits = max((sum(map(abs, row.values())) for row in units), default=0).bit_length() + 1
        self.units = [_unit(row) for row in units]
        self.read = _reader(self.places)
        self._slots: dict[int, _Packed] = {}
        if self.is_packed:  # once for each number of words a slot
            lengths = sum(range(1, MOST_SLOT_WORDS + 1))
            work.spend(2 * len(units) * len(self.places) * lengths)

    @cached_property
    def is_packed(self) -> bool:
        whole, units = len(self.rows) * len(self.places), len(self.rows)
        fits = whole <= PACKED_PLACES * (self.entries + UNIT_WEIGHTS * units)
        return units > 1 and 0 < whole <= MOST_PACKED and fits

    def of(self, values: Sequence[int]) -> list[int]:
        """All sums, exactly."""
        if not self.rows:
            return []
        read = self.read(values)
        size = max(max(read, default=0), -min(read, default=0)).bit_length()
        self.work.spend(self.cost(size, len(read) - read.count(0)))
        length = (size + self.bits + 63) // 64
        if not self.is_packed or length > MOST_SLOT_WORDS:
            return [sum(map(mul, weights, take(values))) for weights, take in self.units]
        columns, halves = self._slots.get(length) or self._pack(length)
        pairs = zip(columns, read, strict=True)
        total = sum((column * value for column, value in pairs if value), halves)
        return _slots_of(total, length, len(self.rows))

    def cost(self, size: int, not_zero: int) -> int:
        """Words of work for all sums of values of at most so many bits, so many not 0."""
        length = (size + self.bits + 63) // 64
        if not self.is_packed or length > MOST_SLOT_WORDS:
            return (self.entries + len(self.rows)) * length
        return len(self.rows) * (1 + (length * (not_zero + 4) * (1 + (size >> 6)) >> 3))

    def _pack(self, length: int) -> _Packed:
        """The columns in slots of so many words."""
        units, slot = len(self.rows), 64 * length
        columns = {place: dict[int, int]() for place in self.places}
        for k, row in enumerate(self.rows):
            for place, weight in row.items():
                columns[place][k] = weight
        packed = [laid_out(column, slot, units) for column in columns.values()]
        halves = int.from_bytes((bytes(slot // 8 - 1) + b"\x80") * units, "little")
        self._slots[length] = _Packed(packed, halves)
        return self._slots[length]


def _unit(row: Weights) -> _Unit:
    """Its weights in the order of their places, whatever order they were given in."""
    places = sorted(row)
    return _Unit(tuple(row[place] for place in places), _reader(places))


def _slots_of(total: int, length: int, count: int) -> list[int]:
    """What is in the slots, less half a slot each."""
    size, half = 8 * length, 1 << (64 * length - 1)
    data = total.to_bytes(size * count, "little")
    if length == 1:
        return [v - half for v in struct.unpack(f"<{count}Q", data)]
    return [int.from_bytes(data[k : k + size], "little") - half for k in range(0, len(data), size)]


def _reader(places: Sequence[int]) -> Callable[[Sequence[int]], Sequence[int]]:
    """Takes the values at these rising places."""
    if not places or places[-1] - places[0] + 1 == len(places):
        first = places[0] if places else 0
        return itemgetter(slice(first, first + len(places)))
    return itemgetter(*places)
