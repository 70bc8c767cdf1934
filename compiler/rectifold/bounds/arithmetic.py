"""The arithmetics that code computes in: the floats it stores, and those it computes with.

    "float32"   float32 throughout          "mixed"   weights and biases float32, the rest double
    "float64"   double throughout

IEEE 754, rounded to nearest. Values below the smallest normal number may be kept or replaced by 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from rectifold.exact.conversion import Floats
from rectifold.exact.numerals import nearest_float


@dataclass(frozen=True)
class FloatFormat:
    """A float format: unit roundoff, smallest normal and largest number, NumPy's name of it."""

    unit: float
    smallest: float
    largest: float
    name: str


_SINGLE = FloatFormat(2.0**-24, 2.0**-126, float(np.finfo(np.float32).max), "float32")
_DOUBLE = FloatFormat(2.0**-53, 2.0**-1022, float(np.finfo(np.float64).max), "float64")


@dataclass(frozen=True)
class Arithmetic:
    """Weights and biases are stored in one format; all that is computed is in the other."""

    stored: FloatFormat
    computed: FloatFormat

    @property
    def unit(self) -> float:
        """Unit roundoff of what is computed."""
        return self.computed.unit

    @property
    def smallest(self) -> float:
        """The smallest normal number of what is computed."""
        return self.computed.smallest

    @property
    def largest(self) -> float:
        """The largest number of what is computed."""
        return self.computed.largest

    def rates(self, terms: Floats) -> Floats:
        """n u / (1 - n u) for each n = `terms` and unit roundoff u, rounded up.

        Infinite where the format says nothing about so long a sum.
        """
        part = terms * self.unit * (1.0 + 2.0**-40)
        rate = part / np.maximum(1.0 - part, 0.5) * (1.0 + 2.0**-40)
        return np.where(part < 0.5, rate, np.inf)

    def storing(self, weight: Floats, radius: Floats | None) -> Floats:
        """What weights within `radius` of these floats may lose when they are stored and read.

        Nothing is lost of a number of the format, but if it may count as 0. Infinite beyond the
        range.
        """
        with np.errstate(over="ignore", under="ignore"):
            stored = weight.astype(self.stored.name).astype(np.float64)
            lost = np.abs(weight - stored)
        lost = np.where(np.abs(weight) < 2.0 * self.stored.smallest, np.abs(weight), lost)
        return lost if radius is None else lost + radius

    def nearest(self, end: Fraction) -> Fraction | None:
        """The number that is nearest to the end of a range; None beyond the range.

        As a user's program would round it: to a double first.
        """
        with np.errstate(over="ignore"):
            near = float(np.dtype(self.computed.name).type(nearest_float(end)))
        return Fraction(near) if np.isfinite(near) else None


ARITHMETICS = {
    "float32": Arithmetic(_SINGLE, _SINGLE),
    "mixed": Arithmetic(_SINGLE, _DOUBLE),
    "float64": Arithmetic(_DOUBLE, _DOUBLE),
}
