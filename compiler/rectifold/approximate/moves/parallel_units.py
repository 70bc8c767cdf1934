"""A unit becomes a multiple of a nearly parallel one of its layer.

    a = relu(x + 2 y),  a' = relu(3 x + 6.01 y)      becomes      relu(3 x + 6 y) + 0.005

With z' = s z + δ, δ in [l, u], relu(z') − s relu(z) lies between min(l, 0) and max(u, 0), as relu
grows by at most what its argument grows; half of that is the change, its middle goes into the
biases of the readers. The scale s is the weighted median that makes δ least. The rows stay
multiples, so an exact compile merges the units.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rectifold.approximate.edits import Edit, Shift, Tie
from rectifold.approximate.known import Known
from rectifold.approximate.moves.around_unit import (
    has_ends,
    readers,
    row_counts,
    short_near,
)
from rectifold.effort.approximate import ApproximateEffort
from rectifold.exact.conversion import Floats
from rectifold.ir.network import Network

KIND = "parallel units"


@dataclass(frozen=True, eq=False)
class _Rows:
    """Pre-activations over the middle of what is read: z = centre + Σ spread_j t_j, |t_j| ≤ 1."""

    spreads: Floats  # units × values read
    centres: Floats

    @staticmethod
    def of(known: Known, layer: str) -> _Rows:
        own = known.bounds.floats[layer]
        parts, centres = [], own.bias.copy()
        for source, weight in own.weights.items():
            read = known.range_of(source)
            parts.append(weight * ((read.upper - read.lower) / 2))
            centres = centres + weight @ read.centre
        return _Rows(np.hstack(parts) if parts else np.zeros((len(centres), 0)), centres)


def parallel_units(network: Network, known: Known, layer: str) -> Iterator[Edit]:
    """For each unit of the layer, an edit into each of the few others that are near to it."""
    if not has_ends(known, layer):
        return
    rows, counts = _Rows.of(known, layer), row_counts(known, layer)
    own = known.range_of(layer)
    halves = (own.upper - own.lower) / 2
    for unit, others in _candidates(rows, halves):
        for fit in (_fit(rows, unit, other) for other in others):
            if 0 < fit.half < halves[unit]:
                yield from _merged(network, known, layer, unit, fit, int(counts[unit]))


def _candidates(rows: _Rows, halves: Floats) -> Iterator[tuple[int, list[int]]]:
    """Units that vary, each with the others whose directions are nearest to its own."""
    sizes = np.sqrt((rows.spreads**2).sum(axis=1))
    varying = np.nonzero((sizes > 0) & np.isfinite(sizes) & (halves > 0))[0]
    directions = rows.spreads[varying] / sizes[varying, None]
    cosines = directions @ directions.T
    np.fill_diagonal(cosines, -1.0)
    for place, unit in enumerate(varying.tolist()):
        nearest = np.argsort(-cosines[place], kind="stable")[: ApproximateEffort.near_units]
        others = [int(varying[k]) for k in nearest if cosines[place, k] > 0]
        if others:
            yield unit, others


@dataclass(frozen=True)
class _Fit:
    """relu(z) is scale · relu(z of `other`) + offset, but for at most `half`."""

    other: int
    scale: float
    offset: float
    half: float


def _fit(rows: _Rows, unit: int, other: int) -> _Fit:
    """The best fit; half is 0 where the two are parallel already, as far as floats tell."""
    own, base = rows.spreads[unit], rows.spreads[other]
    scale = max(_weighted_median(own, base), 0.0)
    centres = float(rows.centres[unit]), float(rows.centres[other])
    off = float(np.abs(own - scale * base).sum()) + abs(centres[0] - scale * centres[1])
    if scale == 0 or off <= ApproximateEffort.parallel * float(np.abs(own).sum()):
        return _Fit(other, scale, 0.0, 0.0)
    scale = short_near(scale, scale / ApproximateEffort.scale_room)
    spread = float(np.abs(own - scale * base).sum())
    centre = centres[0] - scale * centres[1]
    low, high = min(centre - spread, 0.0), max(centre + spread, 0.0)
    return _Fit(other, scale, (low + high) / 2, (high - low) / 2)


def _weighted_median(own: Floats, base: Floats) -> float:
    """The s that makes Σ |own − s · base| least."""
    used = np.nonzero(base)[0]
    ratios, weights = own[used] / base[used], np.abs(base[used])
    order = np.argsort(ratios, kind="stable")
    reached = np.cumsum(weights[order])
    return float(ratios[order[np.searchsorted(reached, reached[-1] / 2)]])


def _merged(
    network: Network, known: Known, layer: str, unit: int, fit: _Fit, count: int
) -> Iterator[Edit]:
    reached = readers(network, known, layer, unit)
    if not reached:
        return
    taken = {r.target: set(r.rows.tolist()) for r in readers(network, known, layer, fit.other)}
    read = sum(len(taken.get(r.target, set()).intersection(r.rows.tolist())) for r in reached)
    yield Edit(
        KIND,
        count + read,
        (Shift(layer, np.array([unit]), np.array([-fit.half]), np.array([fit.half])),),
        biases=tuple(r.offset(fit.offset) for r in reached),
        units=1,
        ties=(Tie(layer, unit, fit.other, fit.scale),),
    )
