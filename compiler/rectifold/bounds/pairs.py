"""Two paired units relaxed together: relu(x) and relu(y), where x and y are close.

With d = x - y and e = relu(x) - relu(y), each between its own bounds:

    each by itself       e <= s_x x + t_x - a_y y          e >= a_x x - s_y y - t_y
    by the difference    e <= relu(d) <= s d + t           e >= -relu(-d) >= s' d - t'

where (s, t, a) are the lines of `relaxation`, and s', t' those of -d. Of a row
c relu(x) + k relu(y), the part that c and k have in common is a multiple of e.

Sound because relu is subadditive (docs/mathematics.md#two-networks-at-once). Any choice is, so the
plane that is better at the centre is taken, by a margin, so that the checker chooses alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from rectifold.bounds.agreed import PLANE_GAIN
from rectifold.bounds.boxes import Boxes
from rectifold.bounds.interval import Interval
from rectifold.bounds.relaxation import Lines, PairPlanes, relaxation
from rectifold.bounds.rounding import TINY, UNIT, gamma
from rectifold.bounds.state import Bounds
from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.facts.facts import Mask

Plane = tuple[Floats, Floats, Floats]
"""(p, q, constant) of p x + q y + constant."""


@dataclass(frozen=True, eq=False)
class DifferencePlanes:
    """A plane above e and one below, and the lines of x and of y: boxes times units each."""

    above: Plane
    below: Plane
    first: Lines
    second: Lines


@dataclass(frozen=True, eq=False)
class _Pair:
    """Bounds of x, of y and of x - y: boxes times units each."""

    x: Interval
    y: Interval
    d: Interval

    @property
    def centres(self) -> tuple[Floats, Floats, Floats]:
        """The middles of x, y and d.

        Bounds of a stable unit may be old and wide: its middle follows from the other two.
        """
        x, y, d = self.x.centre, self.y.centre, self.d.centre
        is_x, is_y = self.x.straddles, self.y.straddles
        return np.where(is_y & ~is_x, y + d, x), np.where(is_x & ~is_y, x - d, y), d

    def planes(self) -> DifferencePlanes:
        """The better ones at the centre."""
        of_x, of_y, of_d = relaxation(self.x), relaxation(self.y), relaxation(self.d)
        of_minus_d = relaxation(Interval(-self.d.upper, -self.d.lower))
        x, y, d = self.centres
        unstable = self.x.straddles | self.y.straddles  # else the lines of x and y are exact
        enough = (self.d.upper - self.d.lower) / PLANE_GAIN
        alone = (of_x[0], -of_y[2], of_x[1])
        together = (of_d[0], -of_d[0], of_d[1])
        gain = of_x[0] * x + of_x[1] - of_y[2] * y - (of_d[0] * d + of_d[1])
        above = _chosen(unstable & (gain > enough), together, alone)
        alone = (of_x[2], -of_y[0], -of_y[1])
        together = (of_minus_d[0], -of_minus_d[0], -of_minus_d[1])
        gain = of_minus_d[0] * d - of_minus_d[1] - (of_x[2] * x - of_y[0] * y - of_y[1])
        below = _chosen(unstable & (gain > enough), together, alone)
        return DifferencePlanes(above, below, of_x, of_y)


@dataclass(frozen=True, eq=False)
class PairBoxes(Boxes):
    """Boxes with bounds of the differences x - y of paired layers.

    `pairs` maps a layer to its second one; what else there is per pair is by the first layer's
    name: bounds of the differences, the largest size of each layer's pre-activations on the domain,
    and the planes, made when a layer is first passed, since its bounds are final then.
    """

    pairs: Mapping[str, str] = field(default_factory=dict)
    difference_lower: Mapping[str, Floats] = field(default_factory=dict)
    difference_upper: Mapping[str, Floats] = field(default_factory=dict)
    magnitudes: Mapping[str, Floats] = field(default_factory=dict)
    planes: dict[str, DifferencePlanes] = field(default_factory=dict)

    def of(self, index: Indices) -> PairBoxes:
        """Other rows, in these boxes."""
        return replace(self, index=index)

    def pair(self, first: str, live: Indices) -> _Pair:
        """The bounds of a pair of layers, of these units."""
        difference = Interval(self.difference_lower[first], self.difference_upper[first])
        x, y = self.bounds(first), self.bounds(self.pairs[first])
        return _Pair(x.columns(live), y.columns(live), difference.columns(live))

    def pair_planes(
        self, first: str, second: str, live: Indices, c: Floats, k: Floats
    ) -> PairPlanes | None:
        """c relu(x) + k relu(y), the common part by planes and the rest by lines.

        Slopes are at most 1 and taken as exact numbers, so each product and sum is off by at most
        8 UNIT times what it multiplies.
        """
        if first not in self.planes:
            self.planes[first] = self.pair(first, live).planes()
        own, at = self.planes[first], self.index
        common = common_part(c, k)
        up = np.maximum(common, 0.0)
        down = common - up
        x, y, shift = (up * a[at] + down * b[at] for a, b in zip(own.above, own.below, strict=True))
        on_first, shift_first = _by_itself(c - common, own.first, at)
        on_second, shift_second = _by_itself(k + common, own.second, at)
        constants = shift.sum(axis=1) + shift_first + shift_second
        size = np.abs(common)
        of_first, of_second = self.magnitudes[first][live], self.magnitudes[second][live]
        error = (size + np.abs(c)) @ (8 * UNIT * of_first) + (size + np.abs(k)) @ (
            8 * UNIT * of_second
        )
        error += gamma(4 * c.shape[1] + 8) * (
            np.abs(shift).sum(axis=1) + shift_first + shift_second
        )
        error += (4 * c.shape[1] + 8) * TINY * (1.0 + of_first.sum() + of_second.sum())
        return PairPlanes(x + on_first, y + on_second, constants, error)


def common_part(c: Floats, k: Floats) -> Floats:
    """E, for which c relu(x) + k relu(y) = E e + (c - E) relu(x) + (k + E) relu(y).

    0 where c and k have one sign; else the one of c and -k that is nearer to 0.
    """
    return np.where(c > 0, np.minimum(c, np.maximum(-k, 0.0)), np.maximum(c, np.minimum(-k, 0.0)))


def planes_gap(boxes: Boxes, first: str, live: Indices) -> Floats:
    """How far the planes above and below e are apart at the centre: boxes times live units.

    0 where there are none.
    """
    if not isinstance(boxes, PairBoxes) or first not in boxes.planes:
        return np.zeros((len(boxes.low), len(live)))
    planes = boxes.planes[first]
    x, y, _ = boxes.pair(first, live).centres
    above, below = (p[0] * x + p[1] * y + p[2] for p in (planes.above, planes.below))
    return np.asarray(np.maximum(above - below, 0.0))


def magnitudes_of(bounds: Bounds) -> dict[str, Floats]:
    """Per layer, the largest size of each pre-activation on the domain."""
    return {name: bounds.of(name).magnitude for name in bounds.lower}


def _chosen(which: Mask, one: Plane, other: Plane) -> Plane:
    x, y, constant = (np.where(which, p, q) for p, q in zip(one, other, strict=True))
    return x, y, constant


def _by_itself(c: Floats, lines: Lines, at: Indices) -> tuple[Floats, Floats]:
    """Coefficients on z, and a constant, for c relu(z) by the lines of each row's box."""
    slope, offset, lower_slope = lines
    positive = np.maximum(c, 0.0)
    return positive * slope[at] + (c - positive) * lower_slope[at], (positive * offset[at]).sum(
        axis=1
    )
