"""Rows that share their values, as those of a convolution do: a kernel once, and who reads it.

    unit 0:  5 x0 + 7 x1            values 5 7 9;  pattern A: columns +0 +1, values +0 +1
    unit 1:  5 x1 + 7 x2                           pattern B: column +0,     value +2
    unit 2:  9 x2                   units 0..1: pattern A at columns 0, 1;  unit 2: pattern B at 2

A pattern is a list of segments (columns next to each other, read with values next to each other),
and says nothing of numbers: all channels of a convolution have the same few patterns, and the
units at the border read a part of the values that the others read. A strip is a range of units of
one pattern whose kernels and first columns step evenly. Units that were removed, of this layer or
of the one before, cut strips and patterns into more, and no value is stored twice for them.

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
    """Where the kernel of the first unit begins in the values."""
    value_step: Integers
    """From there to the kernel of the next unit: 0 along a line of a channel."""
    column: Integers
    """The first column that the first unit reads."""
    column_step: Integers
    """From there to the first column of the next unit: 0 from channel to channel of a place."""

    def rows(self) -> list[list[int]]:
        """The strips, each with its entries in the order of the tables."""
        rows: list[list[int]] = np.stack(list(vars(self).values()), axis=1).tolist()
        return rows


@dataclass(frozen=True, eq=False)
class Patterns:
    """Segments of pattern p: those from starts[p] to starts[p + 1]."""

    starts: Integers
    gap: Integers
    """Columns left out before the segment, since the segment before."""
    skip: Integers
    """Values of the kernel left out before the segment."""
    length: Integers

    @property
    def sizes(self) -> Integers:
        """How many values a unit of each pattern reads."""
        return np.diff(np.append(0, np.cumsum(self.length))[self.starts])


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
        return int((self.patterns.sizes[self.strips.pattern] * self.strips.units).sum())

    def matrix(self) -> Numbers:
        """The stored numbers, units × inputs."""
        result: Numbers = np.zeros(self.shape, self.values.dtype)
        reads = [self._reads(p) for p in range(len(self.patterns.starts) - 1)]
        unit = 0
        for units, pattern, value, value_step, column, column_step in self.strips.rows():
            columns, positions = reads[pattern]
            rows = np.arange(units)[:, None]
            result[unit + rows, column + rows * column_step + columns] = self.values[
                value + rows * value_step + positions
            ]
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
    """Neighbours of one pattern; a unit that reads nothing has any kernel."""
    strips: list[list[int]] = []
    for pattern, value, column in described:
        if not strips or not _goes_on(strips[-1], pattern, max(value, 0), column):
            strips.append([1, pattern, max(value, 0), 0, column, 0])
    units, patterns, values, value_steps, columns, column_steps = np.array(strips, np.int64).T
    several = units > 1
    return Strips(
        units,
        patterns,
        values,
        _one_step(value_steps, several),
        columns,
        _one_step(column_steps, several),
    )


def _goes_on(strip: list[int], pattern: int, value: int, column: int) -> bool:
    """Whether the unit is the strip's next one, which it then is."""
    units, own, first_value, value_step, first_column, column_step = strip
    if units == 1:
        value_step, column_step = value - first_value, column - first_column
    goes_on = (
        pattern == own
        and min(value_step, column_step) >= 0
        and (units == 1 or value == first_value + units * value_step)
        and (units == 1 or column == first_column + units * column_step)
    )
    if goes_on:
        strip[0], strip[3], strip[5] = units + 1, value_step, column_step
    return goes_on


def _one_step(steps: Integers, several: npt.NDArray[np.bool_]) -> Integers:
    """The steps, the same everywhere if those are that count: of a single unit none does."""
    counting = np.unique(steps[several])
    return np.full(len(steps), counting[0]) if len(counting) == 1 else steps
