"""The two lines of a relu, and what a row may say about its own.

    relu(z) ≤ s z + t,  relu(z) ≥ α z   on  l ≤ z ≤ u,   s = u/(u − l), t ≥ max(−s l, u − s u)

Any s, t, α that satisfy these inequalities give a true bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from rectifold.bounds.agreed import STEEP_LOWER, STEEP_UPPER
from rectifold.bounds.rounding import TINY, UNIT
from rectifold.exact.conversion import Floats
from rectifold.exact.entries import Indices
from rectifold.facts.trees import Hull

Lines = tuple[Floats, Floats, Floats]  # upper slope, upper offset, lower slope


class RowRelaxation(Protocol):
    """Rows that have their own relaxation, each in its own case."""

    def part(self, start: int, stop: int) -> RowRelaxation: ...

    def slopes(self, name: str, live: Indices, lines: Lines) -> Lines:
        """(upper slope, upper offset, lower slope) per row of the units `live`, where `lines` holds on the whole domain."""
        ...

    def added(self, name: str, live: Indices) -> Floats | None:
        """What is added to the coefficients on z, nonnegative in the row's case."""
        ...

    def multipliers(self) -> Floats | None:
        """Per row, of the domain's linear constraints."""
        ...

    def box(self) -> tuple[Floats, Floats] | None:
        """The ends of the inputs per row; None: the domain's."""
        ...

    def upper_planes(self, name: str, live: Indices) -> UpperPlanes | None:
        """Which units of a layer that reads the inputs alone have planes above them; None: each has its line."""
        ...

    def pair_planes(
        self, first: str, second: str, live: Indices, c: Floats, k: Floats
    ) -> PairPlanes | None:
        """Coefficients on the activations of two paired layers, relaxed together; None: each by itself."""
        ...


@dataclass(frozen=True, eq=False)
class UpperPlanes:
    """Units of a layer (places among the live ones), in which rows (k×m), and the levels per row."""

    units: Indices
    places: Indices
    used: np.ndarray
    hulls: Sequence[Hull | None]


@dataclass(frozen=True, eq=False)
class PairPlanes:
    """c·a + k·b ≤ on_first·x + on_second·y + shift, and what the products may be off by."""

    on_first: Floats
    on_second: Floats
    shift: Floats
    error: Floats


def relaxation(lower: Floats, upper: Floats) -> tuple[Floats, Floats, Floats]:
    """(s, t, α) per unit: relu(z) ≤ s z + t and relu(z) ≥ α z on [lower, upper]. Exact for stable units.

    α is 1 where 1024 u > −1021 l: the checker finds some ends again with other rounding, and must choose as we did. Ends with
    u = −l are common, ends at that odd ratio are not.
    """
    unstable = (lower < 0) & (upper > 0)
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
