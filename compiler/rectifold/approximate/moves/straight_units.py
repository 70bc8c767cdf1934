"""An unstable unit becomes a line, where its layer's linear part costs nothing more.

    relu(z), z in [-1, 3]      becomes      0.75 z + 0.375        written  0.75 relu(z + 1) − 0.375

relu(z) − s z lies between 0 and e = max(−s l, (1 − s) u) for z in [l, u], l < 0 < u, 0 ≤ s ≤ 1; so
the line s z + e / 2 is off by at most e / 2, least for s = u / (u − l). z + m is made active by its
bias, m a little above −l, and the readers take back what that adds; an exact compile then finds an
active unit, and carries it.

That saves a unit only where the layer has as many active units as its linear part can need: one for
each value that it reads, or that reads it. Below that, enough units are made lines together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rectifold.approximate.edits import BiasShift, Edit, Entries, Shift
from rectifold.approximate.known import Known
from rectifold.approximate.moves.around_unit import (
    has_ends,
    readers,
    row_counts,
    short_near,
)
from rectifold.effort.approximate import ApproximateEffort
from rectifold.exact.entries import Indices
from rectifold.ir.network import Network

KIND = "straight units"


@dataclass(frozen=True)
class _Line:
    """relu(z) is slope · z + offset but for at most `offset`; z + lift is active."""

    unit: int
    slope: float
    offset: float
    lift: float


@dataclass(frozen=True, eq=False)
class _Linear:
    """The linear part of a layer: its active units, and how many units can carry it."""

    active: Indices
    most: int
    columns: Indices  # per unit: weights with which it is read
    rows: Indices  # per unit: weights and biases
    support: int  # values that the layer reads
    readers: int  # rows that read the layer

    def saved_by(self, lines: Indices) -> int:
        """About how many weights fewer there are when these are lines too."""
        units = np.concatenate([self.active, lines])
        before = int(self.rows[units].sum() + self.columns[units].sum())
        return before - self.most - self.readers * (self.support + 1)


def straight_units(network: Network, known: Known, layer: str) -> Iterator[Edit]:
    """Edits of single units where the linear part is as large as it can be; else of several."""
    if not has_ends(known, layer):
        return
    own = known.pre_activations(layer)
    unstable = np.nonzero(own.straddles)[0].tolist()
    found = [_line(k, float(own.lower[k]), float(own.upper[k])) for k in unstable]
    lines = [line for line in found if line.slope > 0]
    linear = _linear_part(network, known, layer)
    missing = max(0, linear.most - len(linear.active))
    if not missing:
        yield from (_edit(network, known, layer, [one], _own(linear, one)) for one in lines)
    else:
        yield from _together(network, known, layer, lines, linear)


def _line(unit: int, low: float, high: float) -> _Line:
    slope = short_near(high / (high - low), 1.0)
    error = max(-slope * low, (1 - slope) * high)
    room = (high - low) / ApproximateEffort.lift_room
    return _Line(unit, slope, error / 2, short_near(-low + 2 * room, room))


def _linear_part(network: Network, known: Known, layer: str) -> _Linear:
    own = known.pre_activations(layer)
    active = np.nonzero((own.lower >= 0) & (own.upper > 0))[0]
    weights = known.bounds.floats[layer].weights.values()
    support = sum(int(np.any(w != 0, axis=0).sum()) for w in weights)
    columns = np.zeros(len(own.lower), dtype=np.int64)
    reading = 0
    for target in network.successors(layer):
        weight = known.bounds.floats[target].weights[layer]
        columns += np.count_nonzero(weight, axis=0)
        reading += int(np.any(weight != 0, axis=1).sum())
    rows = row_counts(known, layer)
    return _Linear(active, min(support, reading), columns, rows, support, reading)


def _own(linear: _Linear, line: _Line) -> int:
    return int(linear.rows[line.unit] + linear.columns[line.unit])


def _together(
    network: Network, known: Known, layer: str, lines: list[_Line], linear: _Linear
) -> Iterator[Edit]:
    """The cheapest lines, as many as fill the linear part and 1, 2, 4, ... more."""
    worst = (known.influence[layer] / known.tolerance[:, None]).max(axis=0)
    order = sorted(lines, key=lambda line: float(worst[line.unit]) * line.offset)
    filling, more = linear.most - len(linear.active), 1
    while filling + more <= len(order):
        chosen = order[: filling + more]
        saves = linear.saved_by(np.array([line.unit for line in chosen]))
        if saves > 0:
            yield _edit(network, known, layer, chosen, saves, more)
        more *= 2


def _edit(
    network: Network,
    known: Known,
    layer: str,
    lines: list[_Line],
    saves: int,
    fewer: int = 1,
) -> Edit:
    units = np.array([line.unit for line in lines])
    offsets = np.array([line.offset for line in lines])
    entries: list[Entries] = []
    biases = [BiasShift(layer, units, np.array([line.lift for line in lines]))]
    for line in lines:
        for reader in readers(network, known, layer, line.unit):
            entries.append(reader.scaled(line.slope))
            biases.append(reader.offset(line.offset - line.slope * line.lift))
    shift = Shift(layer, units, -offsets, offsets)
    return Edit(KIND, saves, (shift,), tuple(entries), tuple(biases), units=fewer)
