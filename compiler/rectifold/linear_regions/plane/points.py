"""The signs of all units of a block at many points of the plane, certain ones.

Derivation: docs/mathematics.md#polygons.

    corners of polygons → pre-activations in floats, and by how much they may be off → signs
                          where that decides nothing → pre-activations in integers → signs

A network is continuous, so a pre-activation at a point is one number, whichever polygon the point
is a corner of. Floats decide a sign only where they exceed their error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from rectifold.effort.geometry import REGION_EFFORT
from rectifold.exact.conversion import UNDERFLOW, Floats
from rectifold.exact.numerals import nearest_float
from rectifold.linear_regions.blocks import INPUT, Block, Blocks
from rectifold.linear_regions.polytope import ROUNDOFF, SignTable, Vertex


@dataclass(frozen=True, eq=False)
class PointValues:
    """Pre-activations of a block at points: floats, off by at most `errors` of each point.

    `signs` are exact; where one is 0, so is the float.
    """

    floats: Floats
    errors: Floats
    signs: SignTable


@dataclass(frozen=True, eq=False)
class _Unit:
    """What a block's values are at some points, over the features that these points have so far.

    `rows` has the coefficients of the pre-activations. A unit of `active` is its pre-activation at
    all points, one of `kinked` is the feature from number `first` on, the others are 0. The rows
    are off by at most `error` at the points, and the sizes of their terms add up to at most `size`.
    """

    rows: Floats
    active: npt.NDArray[np.bool_]
    kinked: npt.NDArray[np.bool_]
    first: int
    error: float
    size: float


class PointSigns:
    """Evaluates the blocks of one network at points."""

    def __init__(self, blocks: Blocks) -> None:
        self.blocks = blocks
        self.needed = _needed(blocks)
        self.tables = [_float_table(blocks, block) for block in blocks.blocks]

    def of(self, number: int, points: Sequence[Vertex]) -> PointValues:
        """The pre-activations of a block at points of the free inputs."""
        with np.errstate(all="ignore"):  # what overflows is undecided, and decided exactly
            floats, error = self._evaluate(number, points)
            above, below = floats > error, floats < -error
        signs: SignTable = above.view(np.int8) - below.view(np.int8)
        unknown = np.nonzero(~(above | below).all(axis=1))[0].tolist()
        size = max(1, REGION_EFFORT.plane_entries // max(1, self.blocks.widest))
        for start in range(0, len(unknown), size):
            some = unknown[start : start + size]
            exact = self._exact(number, [points[k] for k in some])
            signs[some] = exact
            floats[some] = np.where(exact == 0, 0.0, floats[some])
        return PointValues(floats, np.full(len(points), error), signs)

    # ---- in floats ------------------------------------------------------------------------------

    def _evaluate(self, number: int, points: Sequence[Vertex]) -> tuple[Floats, float]:
        """A block's pre-activations, and by how much they may be off.

        The features are the coordinates and 1, then the units that are not sure to keep their
        phase at these points, which are few where the points are near each other.
        """
        features = np.array([[x / v[-1] for x in v[:-1]] + [1.0] for v in points])
        features = features.reshape(len(points), -1)
        read = {INPUT: self._inputs(features)}
        for k in self.needed[number]:
            rows, error, size = self._rows(k, read, features.shape[1])
            values = features @ rows.T
            active = np.all(values > error, axis=0)
            kinked = ~active & ~np.all(values < -error, axis=0)
            read[k] = _Unit(rows, active, kinked, features.shape[1], error, size)
            features = np.concatenate([features, np.maximum(values[:, kinked], 0.0)], axis=1)
        rows, error, _ = self._rows(number, read, features.shape[1])
        return features @ rows.T, error

    def _inputs(self, features: Floats) -> _Unit:
        """The network's inputs: a fixed one is a number, a free one is rounded once."""
        forms, den = self.blocks.inputs
        rows = np.array([[nearest_float(Fraction(v, den)) for v in form] for form in forms])
        size = _largest(np.abs(rows) @ np.abs(features).max(axis=0))
        every = np.ones(len(rows), dtype=bool)
        return _Unit(rows, every, ~every, 0, 4 * ROUNDOFF * size, (1 + 16 * ROUNDOFF) * size)

    def _rows(
        self, number: int, read: Mapping[int, _Unit], features: int
    ) -> tuple[Floats, float, float]:
        """A block's pre-activations over the features: coefficients, their error, their size."""
        weights, bias, row_sum = self.tables[number]
        rows = np.zeros((len(weights), features))
        rows[:, self.blocks.columns - 1] = bias
        start, given, size = 0, 0.0, 0.0
        for source in self.blocks.blocks[number].sources:
            unit = read[source]
            own = weights[:, start : start + len(unit.rows)]
            start += len(unit.rows)
            rows[:, : unit.rows.shape[1]] += own[:, unit.active] @ unit.rows[unit.active]
            rows[:, unit.first : unit.first + int(unit.kinked.sum())] += own[:, unit.kinked]
            given, size = max(given, unit.error), max(size, unit.size)
        roundoff = 2 * (weights.shape[1] + features + 8) * ROUNDOFF
        whole = (1 + roundoff) * (row_sum * size + _largest(bias))
        error = roundoff * whole + (1 + roundoff) * row_sum * given
        error += UNDERFLOW * (1 + row_sum) * (1 + size)
        return rows, error if np.isfinite(error) else np.inf, whole

    # ---- in integers ----------------------------------------------------------------------------

    def _exact(self, number: int, points: Sequence[Vertex]) -> SignTable:
        """The signs of a block's pre-activations, from integers over positive denominators."""
        forms, _ = self.blocks.inputs
        read = {INPUT: [[sum(map(int.__mul__, form, v)) for v in points] for form in forms]}
        scales = [v[-1] for v in points]
        for k in (*self.needed[number], number):
            block = self.blocks.blocks[k]
            values = [row for s in block.sources for row in read[s]]
            rows = block.sum.table.times(values, len(points))
            for row, constant in zip(rows, block.sum.bias, strict=True):
                row[:] = [v + constant * w for v, w in zip(row, scales, strict=True)]
            read[k] = [[max(v, 0) for v in row] for row in rows] if k != number else rows
        table = [[(v > 0) - (v < 0) for v in row] for row in read[number]]
        return np.array(table, dtype=np.int8).reshape(-1, len(points)).T


@lru_cache(maxsize=1)
def signs_of(blocks: Blocks) -> PointSigns:
    """Made once for all that ask about these blocks one after the other."""
    return PointSigns(blocks)


def _largest(values: Floats) -> float:
    """The largest size of all; infinite where one is no number."""
    size = float(np.abs(values).max(initial=0.0))
    return size if size == size else np.inf


def _needed(blocks: Blocks) -> list[list[int]]:
    """For each block, the blocks before it that it depends on."""
    closed: list[set[int]] = []
    for block in blocks.blocks:
        own = {s for s in block.sources if s != INPUT}
        closed.append(own.union(*(closed[s] for s in own)))
    return [sorted(found) for found in closed]


def _float_table(blocks: Blocks, block: Block) -> tuple[Floats, Floats, float]:
    """Weights and bias, correctly rounded, and an upper bound of the sums of a row's sizes."""
    total = block.sum
    weights = np.zeros((block.size, total.width))
    dens = [den for s in block.sources for width, den in [blocks.width(s)] for _ in range(width)]
    for j, (column, den) in enumerate(zip(total.columns, dens, strict=True)):
        for i, weight in column:
            weights[i, j] = nearest_float(Fraction(weight * den, total.den))
    bias = np.array([nearest_float(Fraction(b, total.den)) for b in total.bias])
    sums = np.abs(weights).sum(axis=1)
    roundoff = 2 * (total.width + 4) * ROUNDOFF
    return weights, bias, float(sums.max(initial=0.0)) * (1 + roundoff)
