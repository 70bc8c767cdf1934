"""What a relu unit is read by, and edits of how it is read.

    y = 3 a + 1      a gone, in [0, 2]      becomes      y = 0 a + 4

A unit that is taken out gets zeros for a row: it is 0, and an exact compile drops it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rectifold.approximate.edits import BiasShift, Entries, Rows
from rectifold.approximate.known import Known
from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.exact.matrix import Matrix
from rectifold.ir.network import Network


@dataclass(frozen=True, eq=False)
class Reader:
    """The weights (not 0) with which a layer reads one unit: `weights[k]` in row `rows[k]`."""

    target: str
    source: str
    unit: int
    rows: Indices
    weights: Floats

    @property
    def _columns(self) -> Indices:
        return np.full(len(self.rows), self.unit)

    def scaled(self, factor: float) -> Entries:
        """The weights times a factor."""
        values = None if factor == 0.0 else factor * self.weights
        return Entries(self.target, self.source, self.rows, self._columns, values)

    def offset(self, value: float) -> BiasShift:
        """The biases, as if the unit gave so much more."""
        return BiasShift(self.target, self.rows, value * self.weights)


def readers(network: Network, known: Known, layer: str, unit: int) -> tuple[Reader, ...]:
    """Every layer that reads the unit with a weight other than 0."""
    found = []
    for target in network.successors(layer):
        column = known.bounds.floats[target].weights[layer][:, unit]
        rows = np.nonzero(column)[0]
        if len(rows):
            found.append(Reader(target, layer, unit, rows, column[rows]))
    return tuple(found)


def zero_row(layer: str, unit: int) -> Rows:
    """The unit without weights and bias."""
    return Rows(layer, np.array([unit]), Matrix.zeros(1, 1), {})


def has_ends(known: Known, layer: str) -> bool:
    """Do all units of the layer have proved ends?"""
    own = known.pre_activations(layer)
    return bool(np.isfinite(own.lower).all() and np.isfinite(own.upper).all())


def varying(known: Known, layer: str) -> Indices:
    """The units that have a weight, and are not 0 on the whole domain."""
    own = known.range_of(layer)
    if not known.bounds.floats[layer].weights:
        return np.zeros(0, dtype=np.int64)
    reads = [np.any(w != 0, axis=1) for w in known.bounds.floats[layer].weights.values()]
    return np.nonzero(np.any(reads, axis=0) & (own.upper > own.lower))[0]


def row_counts(known: Known, layer: str) -> Indices:
    """How many weights and biases other than 0 each unit of the layer has."""
    own = known.bounds.floats[layer]
    counts = (own.bias != 0).astype(np.int64)
    for weight in own.weights.values():
        counts = counts + np.count_nonzero(weight, axis=1)
    return np.asarray(counts)


def short_near(value: float, room: float) -> float:
    """A number of few bits that differs from `value` by at most a 128th of `room` > 0."""
    step = 2.0 ** (np.floor(np.log2(room)) - 6)
    return float(np.round(value / step) * step) if step > 0 else value
