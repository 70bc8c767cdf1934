"""Rows that share their values, place by place: the kernels side by side, as dense rows lie.

    kernels 5 7 and 6 8     values 5 6, 7 8: the first of every kernel, the second of every kernel
    place 0: pattern A at column 0 for units 0 and 100;  place 1: pattern A at column 1 for 1, 101

A place is a pattern at a column, where one unit of each kernel reads: all channels of a place of a
convolution. One number of the input then meets the values of all channels, so their sums are
computed at once; a place that lacks a unit that was removed says so. Kernels that are shorter than
the longest are filled with zeros.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rectifold.effort.writing import StorageEffort
from rectifold.emitters.storage.index_tables import Numbers, varying
from rectifold.emitters.storage.kernels import Integers
from rectifold.emitters.storage.sharing import Patterns, Sharing


@dataclass(frozen=True, eq=False)
class Places:
    """What is read, and the units: places × kernels, or the number of units where there is none."""

    pattern: Integers
    column: Integers
    units: Integers

    @property
    def unit_step(self) -> int | None:
        """From the unit of a kernel to that of the next, where that is the same everywhere."""
        steps = np.unique(np.diff(self.units))
        return int(steps[0]) if len(steps) == 1 and steps[0] > 0 else None


@dataclass(frozen=True, eq=False)
class PlacedRows:
    """`values`: places of the longest kernel × kernels."""

    shape: tuple[int, int]
    values: Numbers
    patterns: Patterns
    places: Places

    @property
    def tables(self) -> dict[str, npt.NDArray[Any]]:
        units = self.places.units
        held = units.ravel() if self.places.unit_step is None else units[:, 0]
        own = {"pattern": self.places.pattern, "column": self.places.column, "units": held}
        return {"values": self.values.ravel()} | varying(vars(self.patterns) | own)

    @property
    def products(self) -> int:
        """Those of a unit that is not there are computed too."""
        per_kernel = int(self.patterns.sizes[self.places.pattern].sum())
        return per_kernel * len(self.values.T)

    def matrix(self) -> Numbers:
        """The stored numbers, units × inputs."""
        result: Numbers = np.zeros(self.shape, self.values.dtype)
        reads = self.patterns.reads()
        for pattern, column, units in zip(
            self.places.pattern, self.places.column, self.places.units, strict=True
        ):
            columns, positions = reads[pattern]
            there = np.flatnonzero(units < self.shape[0])
            result[units[there][:, None], column + columns] = self.values[positions][:, there].T
        return result


def placed_rows(sharing: Sharing) -> PlacedRows | None:
    """The kernels side by side; None where there are few of them, or few units at a place.

    A unit that reads nothing is at no place.
    """
    size, kernels = sharing.shape[0], len(sharing.kernels)
    if kernels < StorageEffort.least_kernels:
        return None
    places: dict[tuple[int, int], list[int]] = {}
    for unit, reader in enumerate(sharing.readers):
        if reader.kernel >= 0:
            units = places.setdefault((reader.pattern, reader.column), [size] * kernels)
            if units[reader.kernel] != size:
                return None  # two equal rows
            units[reader.kernel] = unit
    if len(places) * kernels > StorageEffort.most_empty * size:
        return None
    pattern, column = np.array(list(places), np.int64).T
    found = Places(pattern, column, np.array(list(places.values()), np.int64))
    return PlacedRows(sharing.shape, _side_by_side(sharing.kernels), sharing.patterns, found)


def _side_by_side(kernels: Sequence[Numbers]) -> Numbers:
    values: Numbers = np.zeros((max(map(len, kernels)), len(kernels)), kernels[0].dtype)
    for k, kernel in enumerate(kernels):
        values[: len(kernel), k] = kernel
    return values
