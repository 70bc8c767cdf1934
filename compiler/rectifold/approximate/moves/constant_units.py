"""A unit becomes the middle of its range.

    a = relu(z) in [2, 2.0001],  y = 3 a      becomes      y = 6.00015

What the unit gives changes by at most half of its range, for an unstable unit half of its upper
bound. It takes its row along, and its column in every layer that reads it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rectifold.approximate.edits import Edit, Shift
from rectifold.approximate.known import Known
from rectifold.approximate.moves.around_unit import (
    has_ends,
    readers,
    row_counts,
    short_near,
    varying,
    zero_row,
)
from rectifold.ir.network import Network

KIND = "constant units"


def constant_units(network: Network, known: Known, layer: str) -> Iterator[Edit]:
    """An edit for each hidden unit that varies and is read."""
    if not has_ends(known, layer):
        return
    own, counts = known.range_of(layer), row_counts(known, layer)
    for unit in varying(known, layer).tolist():
        ends = float(own.lower[unit]), float(own.upper[unit])
        yield from _constant(network, known, layer, unit, ends, int(counts[unit]))


def _constant(
    network: Network,
    known: Known,
    layer: str,
    unit: int,
    ends: tuple[float, float],
    count: int,
) -> Iterator[Edit]:
    low, high = ends
    value = short_near((low + high) / 2, (high - low) / 2)
    reached = readers(network, known, layer, unit)
    if not reached:
        return
    yield Edit(
        KIND,
        count + sum(len(r.rows) for r in reached),
        (Shift(layer, np.array([unit]), np.array([value - high]), np.array([value - low])),),
        tuple(r.scaled(0.0) for r in reached),
        tuple(r.offset(value) for r in reached),
        (zero_row(layer, unit),),
        units=1,
    )
