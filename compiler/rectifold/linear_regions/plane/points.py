"""The signs of all units of a block at many points of the plane, certain ones.

Derivation: docs/mathematics.md#polygons.

    corners of polygons → pre-activations in floats, and by how much they may be off → signs
                          where that decides nothing → pre-activations in integers → signs

A network is continuous, so a pre-activation at a point is one number, whichever polygon the point
is a corner of. Floats decide a sign only where they exceed their error.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from rectifold.effort.geometry import REGION_EFFORT
from rectifold.exact.conversion import Floats
from rectifold.exact.numerals import nearest_float
from rectifold.linear_regions.blocks import INPUT, Block, Blocks
from rectifold.linear_regions.polytope import ROUNDOFF, UNDERFLOW, SignTable, Vertex


@dataclass(frozen=True, eq=False)
class PointValues:
    """Pre-activations of a block at points: floats, off by at most `errors` of each point.

    `signs` are exact; where one is 0, so is the float.
    """

    floats: Floats
    errors: Floats
    signs: SignTable


@dataclass(frozen=True, eq=False)
class _Activations:
    """What blocks read at points: values, and by how much each point's may be off."""

    floats: Floats
    errors: Floats


class PointSigns:
    """Evaluates the blocks of one network at points."""

    def __init__(self, blocks: Blocks) -> None:
        self.blocks = blocks
        self.needed = _needed(blocks)
        self.tables = [_float_table(blocks, block) for block in blocks.blocks]

    def of(self, number: int, points: Sequence[Vertex]) -> PointValues:
        """The pre-activations of a block at points of the free inputs."""
        with np.errstate(all="ignore"):  # what overflows is undecided, and decided exactly
            read = {INPUT: self._inputs(points)}
            for k in self.needed[number]:
                floats, errors = self._block(k, read)
                read[k] = _Activations(np.maximum(floats, 0.0), errors)
            floats, errors = self._block(number, read)
            above, below = floats > errors[:, None], floats < -errors[:, None]
        signs: SignTable = above.view(np.int8) - below.view(np.int8)
        unknown = np.nonzero(~(above | below).all(axis=1))[0].tolist()
        size = max(1, REGION_EFFORT.plane_entries // max(1, self.blocks.widest))
        for start in range(0, len(unknown), size):
            some = unknown[start : start + size]
            exact = self._exact(number, [points[k] for k in some])
            signs[some] = exact
            floats[some] = np.where(exact == 0, 0.0, floats[some])
        return PointValues(floats, errors, signs)

    # ---- in floats ------------------------------------------------------------------------------

    def _inputs(self, points: Sequence[Vertex]) -> _Activations:
        """The network's inputs: a fixed one is a number, a free one is rounded once."""
        coordinates = np.array([[x / v[-1] for x in v[:-1]] + [1.0] for v in points])
        forms, den = self.blocks.inputs
        rows = np.array([[nearest_float(Fraction(v, den)) for v in form] for form in forms])
        floats = coordinates.reshape(len(points), -1) @ rows.T
        return _Activations(floats, 4 * ROUNDOFF * _largest(floats))

    def _block(self, number: int, read: dict[int, _Activations]) -> tuple[Floats, Floats]:
        """Pre-activations of a block, and an error for each point."""
        weights, bias, row_sum = self.tables[number]
        sources = [read[s] for s in self.blocks.blocks[number].sources]
        points = len(read[INPUT].floats)
        values = np.concatenate([np.zeros((points, 0)), *(s.floats for s in sources)], axis=1)
        given = np.max([np.zeros(points), *(s.errors for s in sources)], axis=0)
        roundoff = 2 * (weights.shape[1] + 4) * ROUNDOFF
        size = _largest(values)
        errors = roundoff * (row_sum * size + _largest(bias[None, :]))
        errors += (1 + roundoff) * row_sum * given + UNDERFLOW * (1 + row_sum) * (1 + size)
        return values @ weights.T + bias, errors

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


def _largest(values: Floats) -> Floats:
    """The largest size in each row."""
    sizes: Floats = np.abs(values).max(axis=1, initial=0.0)
    return sizes


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
