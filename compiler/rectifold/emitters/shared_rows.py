"""Rows that share their values, as those of a convolution do: a kernel once, and who reads it.

    unit 0:  5 x0 + 7 x1            values 5 7 9;  pattern A: columns +0 +1, values +0 +1
    unit 1:  5 x1 + 7 x2                           pattern B: column +0,     value +2
    unit 2:  9 x2                   units 0..1: pattern A at columns 0, 1;  unit 2: pattern B at 2

A pattern is a list of segments (columns next to each other, read with values next to each other),
and says nothing of numbers: all channels of a convolution have the same few patterns, and the
units at the border read a part of the values that the others read. A strip is a range of units of
one pattern and one kernel whose first columns step evenly. Units that were removed, of this layer
or of the one before, cut strips and patterns into more, and no value is stored twice for them.

Any split into kernels, patterns and strips gives back the same rows (`matrix`); which one is found
(kernels.py) decides the size alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from rectifold.effort.writing import StorageEffort
from rectifold.emitters.kernels import Integers, Row, kernels_of

Numbers: TypeAlias = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Strips:
    """Units one after the other: how many, what they read; per strip one entry of each table."""

    units: Integers
    pattern: Integers
    value: Integers
    """Where the kernel begins in the values."""
    column: Integers
    """The first column that the first unit reads."""
    step: Integers
    """From the first column of a unit to that of the next."""


@dataclass(frozen=True, eq=False)
class Patterns:
    """Segments of pattern p: those from starts[p] to starts[p + 1]."""

    starts: Integers
    gap: Integers
    """Columns left out before the segment, since the segment before."""
    skip: Integers
    """Values of the kernel left out before the segment."""
    length: Integers


@dataclass(frozen=True, eq=False)
class SharedRows:
    """Kernels one after the other in `values`, and the strips that read them."""

    shape: tuple[int, int]
    values: Numbers
    patterns: Patterns
    strips: Strips

    @property
    def tables(self) -> dict[str, npt.NDArray[Any]]:
        return {"values": self.values} | varying(vars(self.patterns) | vars(self.strips))

    @property
    def products(self) -> int:
        per_pattern = np.diff(np.append(0, np.cumsum(self.patterns.length))[self.patterns.starts])
        return int((per_pattern[self.strips.pattern] * self.strips.units).sum())

    def matrix(self) -> Numbers:
        """The stored numbers, units × inputs."""
        result: Numbers = np.zeros(self.shape, self.values.dtype)
        reads = [self._reads(p) for p in range(len(self.patterns.starts) - 1)]
        unit = 0
        for units, pattern, value, column, step in zip(*vars(self.strips).values(), strict=True):
            columns, positions = reads[pattern]
            rows = np.arange(units)[:, None]
            result[unit + rows, column + rows * step + columns] = self.values[value + positions]
            unit += units
        return result

    def _reads(self, pattern: int) -> tuple[Integers, Integers]:
        """The columns of the pattern, from the first, and the values of the kernel."""
        columns, positions = [], []
        column = position = 0
        for s in range(self.patterns.starts[pattern], self.patterns.starts[pattern + 1]):
            column, position = column + self.patterns.gap[s], position + self.patterns.skip[s]
            for _ in range(self.patterns.length[s]):
                columns.append(column)
                positions.append(position)
                column, position = column + 1, position + 1
        return np.array(columns, np.int64), np.array(positions, np.int64)


def smallest(table: Integers) -> npt.NDArray[Any]:
    """The numbers, none negative, as unsigned ones of 8, 16, 32 or 64 bits."""
    return table.astype(np.min_scalar_type(int(table.max(initial=0))))


def varying(tables: Mapping[str, Integers]) -> dict[str, npt.NDArray[Any]]:
    """What is stored of the tables: one whose entries are all the same is a literal of the code."""
    return {key: smallest(table) for key, table in tables.items() if literal(table) is None}


def literal(table: Integers) -> int | None:
    """The one number of which the table consists; 0 for an empty one."""
    if not len(table):
        return 0
    return int(table[0]) if (table == table[0]).all() else None


def shared_rows(numbers: Numbers) -> SharedRows | None:
    """The matrix by kernels, patterns and strips; None where too few of its numbers are equal."""
    unit, column = np.nonzero(numbers)
    distinct, value = np.unique(numbers[unit, column], return_inverse=True)
    if not len(value) or len(value) < StorageEffort.least_sharing * len(distinct):
        return None
    ends = np.searchsorted(unit, np.arange(len(numbers) + 1))
    pieces = list(zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True))
    rows = _DistinctRows(value.astype(np.int64), column, pieces)
    if rows.entries > StorageEffort.entries:
        return None
    found = kernels_of(rows.rows)
    begins = np.cumsum([0] + [len(kernel) for kernel in found.kernels])
    patterns = _PatternsFound()
    described = []  # per unit: pattern, kernel, first column
    for which, (start, end) in zip(rows.which, pieces, strict=True):
        if start == end:
            described.append((patterns.number(_NONE, _NONE), -1, 0))
            continue
        reading, first = found.readings[which], int(column[start])
        number = patterns.number(column[start:end] - first, reading.positions)
        described.append((number, int(begins[reading.kernel]), first))
    order = np.concatenate(found.kernels)
    shape = (numbers.shape[0], numbers.shape[1])
    return SharedRows(shape, distinct[order], patterns.table(), _strips(described))


_NONE: Integers = np.zeros(0, dtype=np.int64)


class _DistinctRows:
    """The rows that are not empty by their values: each once, and which one each unit has."""

    def __init__(
        self, values: Integers, columns: Integers, pieces: Sequence[tuple[int, int]]
    ) -> None:
        self.rows: list[Row] = []
        self.which: list[int] = []
        self.entries = 0
        known: dict[bytes, int] = {}
        for start, end in pieces:
            own = values[start:end]
            number = known.setdefault(own.tobytes(), len(known)) if len(own) else -1
            self.which.append(number)
            if number == len(self.rows):
                self.rows.append(Row(own, columns[start:end] - columns[start]))
                self.entries += end - start


class _PatternsFound:
    """Patterns by their columns and values, numbered as they are met."""

    def __init__(self) -> None:
        self._known: dict[tuple[bytes, bytes], int] = {}
        self._segments: list[tuple[Integers, Integers, Integers]] = []

    def number(self, columns: Integers, positions: Integers) -> int:
        key = columns.tobytes(), positions.tobytes()
        if key not in self._known:
            self._known[key] = len(self._segments)
            self._segments.append(_segments(columns, positions))
        return self._known[key]

    def table(self) -> Patterns:
        gap, skip, length = (
            np.concatenate([_NONE, *parts]) for parts in zip(*self._segments, strict=True)
        )
        counts = [len(own) for own, _, _ in self._segments]
        return Patterns(np.cumsum([0, *counts]), gap, skip, length)


def _segments(columns: Integers, positions: Integers) -> tuple[Integers, Integers, Integers]:
    """Gap, skip and length of each segment: a cut where column or value does not go on by one."""
    gap, skip = (np.diff(table, prepend=-1) - 1 for table in (columns, positions))
    cut = (gap != 0) | (skip != 0)
    cut[:1] = True
    starts = np.flatnonzero(cut)
    return gap[cut], skip[cut], np.diff(starts, append=len(columns))


def _strips(described: Sequence[tuple[int, int, int]]) -> Strips:
    """Neighbours of one pattern and one kernel; a unit that reads nothing goes with any kernel."""
    strips: list[list[int]] = []  # units, pattern, value, column, step
    for pattern, value, column in described:
        last = strips[-1] if strips else None
        if last is not None and last[1] == pattern and last[2] == max(value, 0):
            step = column - last[3] if last[0] == 1 else last[4]
            if step >= 0 and column == last[3] + last[0] * step:
                last[0], last[4] = last[0] + 1, step
                continue
        strips.append([1, pattern, max(value, 0), column, 0])
    units, patterns, values, columns, steps = np.array(strips, np.int64).T
    several = np.unique(steps[units > 1])
    if len(several) == 1:
        steps = np.full(len(steps), several[0])  # of a single unit it says nothing
    return Strips(units, patterns, values, columns, steps)
