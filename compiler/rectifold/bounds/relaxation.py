"""The two lines of a relu, and what a row of a backward pass may choose instead.

    z between proved bounds, l <= z <= u:      relu(z) <= s z + t,      relu(z) >= a z
    by default     s = u / (u - l),  t = max(-s l, u - s u),  a = 1 or 0

Sound for any s, t, a that satisfy these inequalities; see docs/mathematics.md#two-lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from rectifold.bounds.agreed import STEEP_LOWER, STEEP_UPPER
from rectifold.bounds.interval import Interval
from rectifold.bounds.rounding import TINY, UNIT
from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.facts.facts import Mask
from rectifold.facts.trees import Hull

Lines = tuple[Floats, Floats, Floats]
"""(s, t, a): upper slope, upper offset and lower slope of each unit."""


class RowRelaxation(Protocol):
    """What each row of a backward pass knows or chooses by itself: a case, or a box.

    `live` lists the units of a layer that may pass something on; arrays have a column for each.
    """

    def part(self, start: int, stop: int) -> RowRelaxation:
        """The rows from `start` to before `stop`."""
        ...

    def slopes(self, name: str, live: Indices, lines: Lines) -> Lines:
        """The lines per row. `lines` are those that hold on the whole domain."""
        ...

    def added(self, name: str, live: Indices) -> Floats | None:
        """What is added to the coefficients on z, as it is nonnegative where the row holds."""
        ...

    def multipliers(self) -> Floats | None:
        """Per row, one for each linear constraint of the domain."""
        ...

    def box(self) -> tuple[Floats, Floats] | None:
        """The ends of the inputs per row; None for those of the domain."""
        ...

    def upper_planes(self, name: str, live: Indices) -> PlaneChoice | None:
        """The planes above units of a layer that reads the inputs alone; None: lines, as usual."""
        ...

    def pair_planes(
        self, first: str, second: str, live: Indices, c: Floats, k: Floats
    ) -> PairPlanes | None:
        """c on activations of one layer and k on those of another, relaxed together.

        None: each layer by itself.
        """
        ...


@dataclass(frozen=True, eq=False)
class PlaneChoice:
    """Which units of a layer have planes above them, and which.

    `units` are their indices, `places` those among the live ones, `used` says in which row (a row
    for each) which of them is replaced, and `hulls` has the levels per row.
    """

    units: Indices
    places: Indices
    used: Mask
    hulls: Sequence[Hull | None]


@dataclass(frozen=True, eq=False)
class PairPlanes:
    """c relu(x) + k relu(y) <= on_first x + on_second y + shift, but for `error`.

    `error` is what the products that made them may be off by.
    """

    on_first: Floats
    on_second: Floats
    shift: Floats
    error: Floats


def relaxation(bounds: Interval) -> Lines:
    """The lines of every unit between its bounds; a stable unit is its own line.

    The lower slope of an unstable unit is 1 where STEEP_UPPER u > -STEEP_LOWER l, else 0: the
    checker finds some bounds again with other rounding, and must choose alike.
    """
    lower, upper = bounds
    unstable = bounds.straddles
    width = np.where(unstable, upper - lower, 1.0)
    slope = np.where(unstable, np.clip(upper / width, 0.0, 1.0), np.where(upper <= 0, 0.0, 1.0))
    with np.errstate(invalid="ignore"):
        offset = np.maximum(-slope * lower, upper - slope * upper)
        offset = offset + 8 * UNIT * np.maximum(np.abs(slope * lower), np.abs(upper)) + TINY
    offset = np.where(unstable, offset, 0.0)
    with np.errstate(over="ignore"):
        steep = float(STEEP_UPPER) * upper > -float(STEEP_LOWER) * lower
    lower_slope = np.where(unstable, steep.astype(np.float64), slope)
    return slope, offset, lower_slope
