"""Relaxations of two paired units together: a = relu(x), b = relu(y), where x and y are close.

What is bounded is c·a + k·b. Where c and k have opposite signs, the common part is a multiple E of e = a − b and the rest of one of them
remains: c a + k b = E e + R_a a + R_b b. For e there are two planes above and two below, with s, t the lines of `relaxation` for
x on [lx, ux], y on [ly, uy], d = x − y on [ld, ud]:

    each by itself      e ≤ s_x x + t_x − α_y y           e ≥ α_x x − s_y y − t_y
    the difference      e ≤ relu(d) ≤ s_d d + t_d         e ≥ −relu(−d) ≥ s_−d d − t_−d        (relu is subadditive)

Any of them is true, so the one that is better at the centre of the box is taken (the second one if it is better by 1/1021 of the range of d: the checker
chooses again, with other rounding, and must choose alike). The lines of stable units are exact, and with them every
case of docs/mathematics.md#two-networks-at-once (both active: e = d; one inactive: e = x or −y; …) is the first kind.
Rounding: slopes are at most 1 in size and taken as exact numbers, so each product and sum adds at most 8 u (|E| + |R|) of what it multiplies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from rectifold.bounds.agreed import PLANE_GAIN
from rectifold.bounds.boxes import Boxes
from rectifold.bounds.relaxation import Lines, PairPlanes, relaxation
from rectifold.bounds.rounding import TINY, UNIT, gamma
from rectifold.bounds.state import Bounds
from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices


@dataclass(frozen=True, eq=False)
class DifferencePlanes:
    """e ≤ above·(x, y, 1) and e ≥ below·(x, y, 1), and the lines of a and b: boxes × units each."""

    above: tuple[Floats, Floats, Floats]
    below: tuple[Floats, Floats, Floats]
    first: Lines
    second: Lines


@dataclass(frozen=True, eq=False)
class PairBoxes(Boxes):
    """Boxes with proven ends of the differences x − y of paired layers, by the first layer's name."""

    pairs: Mapping[str, str] = field(default_factory=dict)
    difference_lower: Mapping[str, Floats] = field(default_factory=dict)
    difference_upper: Mapping[str, Floats] = field(default_factory=dict)
    reach: Mapping[str, Floats] = field(default_factory=dict)  # |pre-activation| on the domain
    planes: dict[str, DifferencePlanes] = field(
        default_factory=dict
    )  # made when a layer is first passed: its ends are final then

    def pair_planes(
        self, first: str, second: str, live: Indices, c: Floats, k: Floats
    ) -> PairPlanes | None:
        if first not in self.planes:
            self.planes[first] = self._planes(first, second, live)
        own, at = self.planes[first], self.index
        common = common_part(c, k)
        up = np.maximum(common, 0.0)
        down = common - up
        x, y, shift = (up * a[at] + down * b[at] for a, b in zip(own.above, own.below, strict=True))
        on_first, shift_first = _by_itself(c - common, own.first, at)
        on_second, shift_second = _by_itself(k + common, own.second, at)
        constants = shift.sum(axis=1) + shift_first + shift_second
        size = np.abs(common)
        reach_first, reach_second = self.reach[first][live], self.reach[second][live]
        error = (size + np.abs(c)) @ (8 * UNIT * reach_first) + (size + np.abs(k)) @ (
            8 * UNIT * reach_second
        )
        error += gamma(4 * c.shape[1] + 8) * (
            np.abs(shift).sum(axis=1) + shift_first + shift_second
        )
        error += (4 * c.shape[1] + 8) * TINY * (1.0 + reach_first.sum() + reach_second.sum())
        return PairPlanes(x + on_first, y + on_second, constants, error)

    def _planes(self, first: str, second: str, live: Indices) -> DifferencePlanes:
        lx, ux = self.lower[first][:, live], self.upper[first][:, live]
        ly, uy = self.lower[second][:, live], self.upper[second][:, live]
        ld, ud = self.difference_lower[first][:, live], self.difference_upper[first][:, live]
        of_x, of_y, of_d, of_minus_d = (
            relaxation(lx, ux),
            relaxation(ly, uy),
            relaxation(ld, ud),
            relaxation(-ud, -ld),
        )
        x, y, d = _centre(lx, ux, ly, uy, ld, ud)
        unstable = ((lx < 0) & (ux > 0)) | (
            (ly < 0) & (uy > 0)
        )  # else the lines of x and y are exact
        enough = (ud - ld) / PLANE_GAIN
        alone = (of_x[0], -of_y[2], of_x[1])
        apart = (of_d[0], -of_d[0], of_d[1])
        gain = of_x[0] * x + of_x[1] - of_y[2] * y - (of_d[0] * d + of_d[1])
        above = _chosen(unstable & (gain > enough), apart, alone)
        alone = (of_x[2], -of_y[0], -of_y[1])
        apart = (of_minus_d[0], -of_minus_d[0], -of_minus_d[1])
        gain = of_minus_d[0] * d - of_minus_d[1] - (of_x[2] * x - of_y[0] * y - of_y[1])
        below = _chosen(unstable & (gain > enough), apart, alone)
        return DifferencePlanes(above, below, of_x, of_y)

    def of(self, index: Indices) -> PairBoxes:
        return replace(self, index=index)


def common_part(c: Floats, k: Floats) -> Floats:
    """E: what c·a + k·b has in common with a multiple of a − b; 0 where the signs agree."""
    return np.where(c > 0, np.minimum(c, np.maximum(-k, 0.0)), np.maximum(c, np.minimum(-k, 0.0)))


def planes_gap(boxes: Boxes, first: str, live: Indices) -> Floats:
    """How far the planes of e are apart at the centre of each box: boxes × live units. 0 where there are none."""
    shape = (len(boxes.low), len(live))
    if not isinstance(boxes, PairBoxes) or first not in boxes.planes:
        return np.zeros(shape)
    second, planes = boxes.pairs[first], boxes.planes[first]
    lx, ux = boxes.lower[first][:, live], boxes.upper[first][:, live]
    ly, uy = boxes.lower[second][:, live], boxes.upper[second][:, live]
    x, y, _ = _centre(
        lx,
        ux,
        ly,
        uy,
        boxes.difference_lower[first][:, live],
        boxes.difference_upper[first][:, live],
    )
    above, below = (p[0] * x + p[1] * y + p[2] for p in (planes.above, planes.below))
    return np.asarray(np.maximum(above - below, 0.0))


def _centre(
    lx: Floats, ux: Floats, ly: Floats, uy: Floats, ld: Floats, ud: Floats
) -> tuple[Floats, Floats, Floats]:
    """Middles of x, y and x − y. The ends of stable units may be old and wide: their middle follows from the other two."""
    x, y, d = 0.5 * (lx + ux), 0.5 * (ly + uy), 0.5 * (ld + ud)
    is_x, is_y = (lx < 0) & (ux > 0), (ly < 0) & (uy > 0)
    return np.where(is_y & ~is_x, y + d, x), np.where(is_x & ~is_y, x - d, y), d


def _chosen(
    which: np.ndarray, one: tuple[Floats, Floats, Floats], other: tuple[Floats, Floats, Floats]
) -> tuple[Floats, Floats, Floats]:
    x, y, constant = (np.where(which, p, q) for p, q in zip(one, other, strict=True))
    return x, y, constant


def _by_itself(c: Floats, lines: Lines, at: Indices) -> tuple[Floats, Floats]:
    slope, offset, lower_slope = lines
    positive = np.maximum(c, 0.0)
    return positive * slope[at] + (c - positive) * lower_slope[at], (positive * offset[at]).sum(
        axis=1
    )


def reach_of(bounds: Bounds) -> dict[str, Floats]:
    """|pre-activation| ≤ reach on the domain, per layer."""
    return {
        name: np.maximum(np.abs(low), np.abs(bounds.upper[name]))
        for name, low in bounds.lower.items()
    }
