"""Which rows read one kernel, and which of its values: rows are parts of common sequences.

    5 7 9,   7 9,   5 7        one kernel 5 7 9, read at 0 1 2, at 1 2 and at 0 1
    5 9,     5 7,   7 9        the same kernel, although no row reads it whole

Rows belong together that have two values in common. Where every value marks one
place, as weights of a trained network do, their order is that of a topological sort, and the sorted
values are the kernel: of a convolution it comes back whole from rows that each lack other inputs.
Where values repeat too much for that (weights of a few bits), a row is a part of a longer one whose
columns lie as its own.

A guess may miss what is common, and cannot do harm: a reading is what it says, `kernel[positions]`
is the row.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from rectifold.effort.writing import StorageEffort

Integers: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Row:
    """What a unit reads: numbers of values, and the columns counted from the first."""

    values: Integers
    columns: Integers


@dataclass(frozen=True, eq=False)
class Reading:
    """A row as a part of a kernel: the row's values are those of the kernel at `positions`."""

    kernel: int
    positions: Integers


@dataclass(frozen=True, eq=False)
class Kernels:
    """The kernels, and for each row its reading."""

    kernels: tuple[Integers, ...]
    readings: tuple[Reading, ...]


def kernels_of(rows: Sequence[Row]) -> Kernels:
    """Kernels that hold all rows, none of which is empty; equal rows are given once."""
    kernels: list[Integers] = []
    readings: dict[int, Reading] = {}
    for family in _families([row.values for row in rows]):
        own = [rows[r] for r in family]
        found = _ordered(own) or _parts_of_longer(own)
        for r, reading in zip(family, found.readings, strict=True):
            readings[r] = Reading(reading.kernel + len(kernels), reading.positions)
        kernels += found.kernels
    places = {int(v): (k, p) for k, kernel in enumerate(kernels) for p, v in enumerate(kernel)}
    for r, row in enumerate(rows):
        if r not in readings:  # a single value
            if int(row.values[0]) not in places:
                places[int(row.values[0])] = (len(kernels), 0)
                kernels.append(row.values)
            kernel, position = places[int(row.values[0])]
            readings[r] = Reading(kernel, np.array([position]))
    return Kernels(tuple(kernels), tuple(readings[r] for r in range(len(rows))))


def _families(rows: Sequence[Integers]) -> list[list[int]]:
    """The rows of at least two values, in sets that are linked by what they have in common."""
    long = [r for r, row in enumerate(rows) if len(row) > 1]
    if not long:
        return []
    parent = list(range(len(rows)))
    owner = np.repeat(long, [len(rows[r]) - 1 for r in long])
    radix = 1 + max(int(rows[r].max()) for r in long)
    pairs = np.concatenate([rows[r][:-1] * radix + rows[r][1:] for r in long])
    _, first, pair = np.unique(pairs, return_index=True, return_inverse=True)
    links = np.unique(owner * len(rows) + owner[first][pair])
    _link(parent, np.stack([links // len(rows), links % len(rows)], axis=1))
    _link(parent, _sharing_two(rows, long, parent))
    families: dict[int, list[int]] = {}
    for r in long:
        families.setdefault(_root(parent, r), []).append(r)
    return list(families.values())


def _sharing_two(rows: Sequence[Integers], long: Sequence[int], parent: list[int]) -> Integers:
    """Families with two values in common: in a corner, those between may be missing."""
    root = np.repeat([_root(parent, r) for r in long], [len(rows[r]) for r in long])
    held = np.unique(np.concatenate([rows[r] for r in long]) * len(rows) + root)
    starts = np.flatnonzero(np.diff(held // len(rows), prepend=-1))
    common = [
        pair
        for family in np.split(held % len(rows), starts[1:])
        if len(family) <= StorageEffort.families_of_a_value
        for pair in combinations(family.tolist(), 2)
    ]
    found, times = np.unique(np.array(common, np.int64).reshape(-1, 2), axis=0, return_counts=True)
    return found[times > 1]


def _link(parent: list[int], links: Integers) -> None:
    for one, other in links.tolist():
        parent[_root(parent, one)] = _root(parent, other)


def _root(parent: list[int], node: int) -> int:
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


def _ordered(rows: Sequence[Row]) -> Kernels | None:
    """One kernel in which every row is a part; None where the rows contradict each other."""
    radix = 1 + max(int(row.values.max()) for row in rows)
    places = _places([row.values for row in rows], radix)
    order = _common_order(places)
    if order is None:
        return None
    by_place = np.argsort(order)
    positions = [by_place[np.searchsorted(order, place, sorter=by_place)] for place in places]
    kernel, merged = _without_repeats(order % radix, positions)
    return Kernels((kernel,), tuple(Reading(0, own) for own in merged))


def _without_repeats(
    kernel: Integers, positions: Sequence[Integers]
) -> tuple[Integers, Sequence[Integers]]:
    """Neighbours of one value are one place, which rows that lack others marked in two ways.

    Only where no row holds both.
    """
    again = np.concatenate([[False], kernel[1:] == kernel[:-1]])
    for own in positions:
        again[own[1:][np.diff(own) == 1]] = False
    place = np.cumsum(~again) - 1
    merged = [place[own] for own in positions]
    if any((np.diff(own) < 1).any() for own in merged):
        return kernel, positions
    return kernel[~again], merged


def _places(rows: Sequence[Integers], radix: int) -> list[Integers]:
    """The values as marks of places: one that a row holds twice is told by the value before it."""
    twice = np.zeros(radix, dtype=np.bool_)
    for row in rows:
        ordered = np.sort(row)
        twice[ordered[1:][ordered[1:] == ordered[:-1]]] = True
    return [
        row + radix * np.where(twice[row], 1 + np.concatenate([[-1], row[:-1]]), 0) for row in rows
    ]


def _common_order(rows: Sequence[Integers]) -> Integers | None:
    """All places in an order that every row keeps.

    Of several that are free, the first that the longest rows have: what only short ones have comes
    as late as it can.
    """
    longest_first = sorted(rows, key=lambda row: -len(row))
    seen, first = np.unique(np.concatenate(longest_first), return_index=True)
    rank = np.empty(len(seen), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(seen))
    ranked = [rank[np.searchsorted(seen, row)] for row in rows]
    steps = np.unique(np.concatenate([row[:-1] * len(seen) + row[1:] for row in ranked]))
    after: list[list[int]] = [[] for _ in seen]
    before = [0] * len(seen)
    for one, other in zip((steps // len(seen)).tolist(), (steps % len(seen)).tolist(), strict=True):
        after[one].append(other)
        before[other] += 1
    free = [place for place, count in enumerate(before) if not count]
    order: list[int] = []
    while free:
        order.append(heapq.heappop(free))
        for other in after[order[-1]]:
            before[other] -= 1
            if not before[other]:
                heapq.heappush(free, other)
    return seen[np.argsort(rank)][order] if len(order) == len(seen) else None


def _parts_of_longer(rows: Sequence[Row]) -> Kernels:
    """Each row as a part of a longer one whose columns lie alike, or a kernel of its own."""
    kernels: list[Row] = []
    readings: dict[int, Reading] = {}
    tries = StorageEffort.kernel_tries
    for r in sorted(range(len(rows)), key=lambda r: -len(rows[r].values)):
        reading = Reading(len(kernels), np.arange(len(rows[r].values)))
        for k, kernel in enumerate(kernels[:tries]):
            tries -= 1
            found = _part(rows[r], kernel)
            if found is not None:
                reading = Reading(k, found)
                break
        if reading.kernel == len(kernels):
            kernels.append(rows[r])
        readings[r] = reading
    return Kernels(
        tuple(kernel.values for kernel in kernels), tuple(readings[r] for r in range(len(rows)))
    )


def _part(row: Row, kernel: Row) -> Integers | None:
    """Where the row lies in the longer one, when shifted by one of its columns."""
    last = len(kernel.columns) - 1
    room = np.searchsorted(kernel.columns, kernel.columns[-1] - row.columns[-1], side="right")
    shifts = kernel.columns[:room][kernel.values[:room] == row.values[0]]
    ends = np.searchsorted(kernel.columns, shifts + row.columns[-1])
    for shift in shifts[kernel.values[ends] == row.values[-1]].tolist():
        at: Integers = np.searchsorted(kernel.columns, row.columns + shift).clip(max=last)
        if np.array_equal(kernel.values[at], row.values) and (
            np.array_equal(kernel.columns[at], row.columns + shift)
        ):
            return at
    return None
