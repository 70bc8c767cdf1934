"""Planes above the units of a layer that reads the inputs alone, chosen by a search.

Unit j has weights w on the inputs x and a bias b. For any shares S_i in [0, 1] of its inputs, and
the q that they need, relu(w·x + b) ≤ Σ S_i w_i x_i + q. Here good shares are looked for, in the
precision of the search (docs/mathematics.md#planes-above-the-first-layer).

A row of the search has its own planes, as levels: p_j of each of m units, then `plus` and `minus`
of each of n inputs, r_i being the one of its weight's sign: one array, rows × (m + 2n). The best
shares are clip(p_j − r_i, 0, 1), up to ties. Where r = 0 and p is the slope of the unit's line, the
plane is that line: a descent starts there.

Everything is a sum over units of arrays rows × inputs, so the loops go over units.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np

from rectifold.bounds.agreed import HULL_UNITS, MOST_LEVEL
from rectifold.facts.trees import Hull
from rectifold.search.phases.skeleton import Hints, Skeleton


class FirstLayer:
    """The unstable units of a layer that reads the inputs alone."""

    def __init__(self, skeleton: Skeleton, part: slice) -> None:
        self.part = part
        self.weights = skeleton.outer[part]
        self.bias = skeleton.bias[part]
        low, high = self.weights * skeleton.low, self.weights * skeleton.high
        self.upper, self.lower = np.maximum(low, high), np.minimum(low, high)
        self.up = (self.weights > 0).astype(self.weights.dtype)
        self.slope = skeleton.slope[part]

    def lines(self) -> Hints:
        """The levels at which every plane is the unit's line."""
        return np.concatenate(
            [self.slope, np.zeros(2 * self.weights.shape[1], dtype=self.slope.dtype)]
        )

    def rounded(self, levels: Hints) -> Hints:
        """As a proof can write them."""
        limit = MOST_LEVEL / HULL_UNITS
        units = levels.dtype.type(HULL_UNITS)
        return cast(Hints, np.round(np.clip(levels, -limit, limit) * units) / units)

    def hull(self, levels: Hints) -> Hull:
        """The planes of one row."""
        m, n = self.weights.shape
        own = levels.astype(np.float64)
        return Hull(own[:m], own[m : m + n], own[m + n :])

    def above(self, under: Hints, levels: Hints) -> Above:
        """The planes of units with coefficients `under` ≥ 0 (k×m)."""
        total = np.zeros((len(under), self.weights.shape[1]), dtype=under.dtype)
        needs = np.zeros((2, *under.shape), dtype=under.dtype)
        spread = self._spread(levels)
        for j in range(under.shape[1]):
            rows = _used(under[:, j])
            if rows is None:
                continue
            shares = self._raw(j, rows, levels, spread).clip(0, 1)
            needs[0, rows, j] = self.upper[j].sum() + self.bias[j] - shares @ self.upper[j]
            needs[1, rows, j] = -(shares @ self.lower[j])
            total[rows] += shares * (under[rows, j, None] * self.weights[j])
        return Above(self, under, levels, total, needs.max(axis=0), needs[0] > needs[1])

    def _raw(self, j: int, rows: np.ndarray | slice, levels: Hints, spread: Hints) -> Hints:
        """p − r of a unit, before it is cut to [0, 1]; `spread` is minus − plus."""
        m, n = self.weights.shape
        result = spread[rows] * self.up[j]
        result -= levels[rows, m + n :]
        result += levels[rows, j, None]
        return cast(Hints, result)

    def _spread(self, levels: Hints) -> Hints:
        m, n = self.weights.shape
        return cast(Hints, levels[:, m + n :] - levels[:, m : m + n])


@dataclass(eq=False)
class Above:
    """Σ under·relu(z) ≤ coefficients·x + constants, for coefficients `under` ≥ 0 of the units.

    `offsets` are the planes' own, and `is_for_z` says whether z, and not 0, needs that much.
    """

    first: FirstLayer
    under: Hints
    levels: Hints
    coefficients: Hints
    offsets: Hints
    is_for_z: np.ndarray

    @property
    def constants(self) -> Hints:
        return cast(Hints, np.einsum("kj,kj->k", self.under, self.offsets))

    def at(self, points: Hints) -> Heights:
        """The planes at points[k], and the bound's gradient by the levels if that corner attains
        it.

        A share at 0 or 1 moves only inward.
        """
        first = self.first
        m, n = first.weights.shape
        heights, result = self.offsets.copy(), np.zeros_like(self.levels)
        big, spread = np.finfo(result.dtype).max, first._spread(self.levels)
        plus, minus = result[:, m : m + n], result[:, m + n :]
        for j in range(m):
            rows = _used(self.under[:, j])
            if rows is None:
                continue
            raw = first._raw(j, rows, self.levels, spread)
            slopes = points[rows] * first.weights[j]
            heights[rows, j] += np.einsum("kn,kn->k", raw.clip(0, 1), slopes)
            slopes -= np.where(self.is_for_z[rows, j, None], first.upper[j], first.lower[j])
            slopes *= self.under[rows, j, None]
            np.minimum(slopes, (raw > 0) * big, out=slopes)
            np.maximum(slopes, (raw < 1) * -big, out=slopes)
            result[rows, j] = slopes.sum(axis=1)
            minus[rows] -= slopes
            slopes *= first.up[j]
            plus[rows] -= slopes
            minus[rows] += slopes
        return Heights(self.under > 0, heights, result)


@dataclass(eq=False)
class Heights:
    """Where there are planes, how high they are at one point per row, and a gradient."""

    used: np.ndarray
    values: Hints
    gradient: Hints


def _used(under: Hints) -> np.ndarray | slice | None:
    """Rows in which a unit has a plane; all of them as a slice."""
    used = under > 0
    if used.all():
        return slice(None)
    return np.nonzero(used)[0] if used.any() else None
