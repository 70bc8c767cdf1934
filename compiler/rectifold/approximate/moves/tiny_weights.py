"""Tiny weights become 0, and the bias gets the middle of what they carried.

    z = 2 x + 0.0001 y,  y in [0, 1]      becomes      z = 2 x + 0.00005

The pre-activation changes by at most half of |w| (u − l), for a value in [l, u]. The weights of a
unit are dropped in bands of about equal cost, so that few edits say a lot.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rectifold.approximate.edits import BiasShift, Edit, Entries, Shift
from rectifold.approximate.known import Known
from rectifold.bounds.rounding import TINY
from rectifold.effort.approximate import ApproximateEffort
from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.ir.network import Network

KIND = "tiny weights"


def tiny_weights(network: Network, known: Known) -> Iterator[Edit]:
    """Edits of every row of every layer."""
    for layer in network.layers:
        for source, weight in known.bounds.floats[layer.name].weights.items():
            own = known.range_of(source)
            middle, half = own.centre, (own.upper - own.lower) / 2
            if not np.isfinite(half).all():
                continue
            for unit in range(layer.size):
                yield from _of_row(layer.name, source, unit, weight[unit], middle, half)


def _of_row(
    layer: str, source: str, unit: int, row: Floats, middle: Floats, half: Floats
) -> Iterator[Edit]:
    """One edit for each band of costs."""
    used = np.nonzero(row)[0]
    costs = np.abs(row[used]) * half[used]
    bands = np.floor(ApproximateEffort.bands_per_octave * np.log2(np.maximum(costs, TINY)))
    order = np.argsort(bands, kind="stable")
    starts = np.nonzero(np.diff(bands[order], prepend=np.nan))[0]
    for group in np.split(order, starts[1:]):
        if len(group):
            columns = used[group]
            cost = float(costs[group].sum())
            yield _edit(layer, source, unit, columns, float(row[columns] @ middle[columns]), cost)


def _edit(
    layer: str, source: str, unit: int, columns: Indices, carried: float, cost: float
) -> Edit:
    units = np.array([unit])
    shift = Shift(layer, units, np.array([-cost]), np.array([cost]))
    dropped = Entries(layer, source, np.full(len(columns), unit), columns)
    moved = BiasShift(layer, units, np.array([carried]))
    return Edit(KIND, len(columns), (shift,), (dropped,), (moved,))
