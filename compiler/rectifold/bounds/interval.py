"""Lower and upper bounds of the same values, entry by entry.

    Interval(lower, upper)      lower <= values <= upper, arrays of one shape

A pair like any other, so `lower, upper = interval` reads it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rectifold.exact.conversion import Floats
from rectifold.facts.facts import Mask


class Interval(NamedTuple):
    """lower <= values <= upper."""

    lower: Floats
    upper: Floats

    @property
    def straddles(self) -> Mask:
        """Where both signs are possible: lower < 0 < upper."""
        return np.asarray((self.lower < 0) & (self.upper > 0))

    @property
    def magnitude(self) -> Floats:
        """M with |values| <= M."""
        return np.maximum(np.abs(self.lower), np.abs(self.upper))

    @property
    def centre(self) -> Floats:
        """The middle, where a choice between two sound bounds is made."""
        return 0.5 * (self.lower + self.upper)

    @property
    def is_finite(self) -> bool:
        """Has every value two finite ends?"""
        return bool(np.isfinite(self.lower).all() and np.isfinite(self.upper).all())

    def columns(self, which: np.ndarray) -> Interval:
        """Of some units, where a row stands for a box and a column for a unit."""
        return Interval(self.lower[:, which], self.upper[:, which])

    def intersect(self, other: Interval) -> Interval:
        """What both say together."""
        return Interval(np.maximum(self.lower, other.lower), np.minimum(self.upper, other.upper))

    def copy(self) -> Interval:
        """Arrays of its own."""
        return Interval(self.lower.copy(), self.upper.copy())
