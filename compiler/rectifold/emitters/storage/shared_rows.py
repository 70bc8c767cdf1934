"""Rows that share their values: each kernel in one piece, and the strips of units that read it.

    units 0..29: pattern A, kernel 0 at columns 0, 1, 2, ...;  unit 30: pattern B at 29

A strip is a range of units of one pattern whose kernels and first columns step evenly: a line of a
channel, or the channels of a place where those come last. Units that were removed cut strips into
more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rectifold.emitters.storage.index_tables import Numbers, varying
from rectifold.emitters.storage.kernels import Integers
from rectifold.emitters.storage.sharing import Patterns, Reader, Sharing


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
        reads = self.patterns.reads()
        unit = 0
        for units, pattern, value, value_step, column, column_step in self.strips.rows():
            columns, positions = reads[pattern]
            rows = np.arange(units)[:, None]
            result[unit + rows, column + rows * column_step + columns] = self.values[
                value + rows * value_step + positions
            ]
            unit += units
        return result


def shared_rows(sharing: Sharing) -> SharedRows:
    """The kernels in one piece each."""
    begins = np.cumsum([0] + [len(kernel) for kernel in sharing.kernels])
    values = np.concatenate(sharing.kernels)
    strips = _strips(sharing.readers, begins)
    return SharedRows(sharing.shape, values, sharing.patterns, strips)


def _strips(readers: Sequence[Reader], begins: Integers) -> Strips:
    """Neighbours of one pattern; a unit that reads nothing has any kernel."""
    strips: list[list[int]] = []
    for reader in readers:
        value = int(begins[max(reader.kernel, 0)])
        if not strips or not _goes_on(strips[-1], reader.pattern, value, reader.column):
            strips.append([1, reader.pattern, value, 0, reader.column, 0])
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
