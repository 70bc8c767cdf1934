"""What the rows of a matrix share: kernels, patterns, and which unit reads what from where.

    unit 0:  5 x0 + 7 x1            values 5 7 9;  pattern A: columns +0 +1, values +0 +1
    unit 1:  5 x1 + 7 x2                           pattern B: column +0,     value +2
    unit 2:  9 x2                   units 0, 1: pattern A at columns 0, 1;  unit 2: pattern B at 2

A pattern is a list of segments (columns next to each other, read with values next to each other),
and says nothing of numbers: all channels of a convolution have the same few patterns, and the
units at the border read a part of the values that the others read. Units that were removed, of this
layer or of the one before, make more patterns, and no value is stored twice for them.

Any split into kernels and patterns gives back the same rows; which one is found (kernels.py)
decides the size alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rectifold.effort.writing import StorageEffort
from rectifold.emitters.storage.index_tables import Numbers
from rectifold.emitters.storage.kernels import Integers, Row, kernels_of


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

    def reads(self) -> list[tuple[Integers, Integers]]:
        """Per pattern the columns, from the first, and the values of the kernel."""
        return [self._reads(p) for p in range(len(self.starts) - 1)]

    def _reads(self, pattern: int) -> tuple[Integers, Integers]:
        columns, positions = [], []
        column = position = 0
        for s in range(self.starts[pattern], self.starts[pattern + 1]):
            column, position = column + self.gap[s], position + self.skip[s]
            for _ in range(self.length[s]):
                columns.append(column)
                positions.append(position)
                column, position = column + 1, position + 1
        return np.array(columns, np.int64), np.array(positions, np.int64)


@dataclass(frozen=True)
class Reader:
    """What a unit reads: its pattern, the number of its kernel (-1: nothing), the first column."""

    pattern: int
    kernel: int
    column: int


@dataclass(frozen=True, eq=False)
class Sharing:
    """A matrix units × inputs by its kernels and patterns; one reader for each unit."""

    shape: tuple[int, int]
    kernels: tuple[Numbers, ...]
    patterns: Patterns
    readers: tuple[Reader, ...]


def sharing_of(numbers: Numbers) -> Sharing | None:
    """What the rows share; None where too few of the numbers are equal."""
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
    patterns = _PatternsFound()
    readers = []
    for which, (start, end) in zip(rows.which, pieces, strict=True):
        if start == end:
            readers.append(Reader(patterns.number(_NONE, _NONE), -1, 0))
            continue
        reading, first = found.readings[which], int(column[start])
        number = patterns.number(column[start:end] - first, reading.positions)
        readers.append(Reader(number, reading.kernel, first))
    kernels = tuple(distinct[kernel] for kernel in found.kernels)
    return Sharing((len(numbers), numbers.shape[1]), kernels, patterns.table(), tuple(readers))


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
