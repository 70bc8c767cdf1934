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

    def gamma(self, terms: int) -> float:
        """n u / (1 - n u) for n = `terms` and unit roundoff u, rounded up.

        Infinite where the format says nothing about so long a sum.
        """
        return _gamma(self.unit, terms)

    def storing(self, weight: Floats) -> Floats:
        """What a weight of this absolute value may lose when it is stored and read."""
        tiny = weight < 2.0 * self.stored.smallest
        lost = np.where(tiny, weight, _gamma(self.stored.unit, 1) * weight)
        beyond = weight > self.stored.largest * (1.0 + 0.5 * self.stored.unit)
        return np.where(beyond, np.inf, lost)

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


def _gamma(unit: float, terms: int) -> float:
    part = terms * unit * (1.0 + 2.0**-40)
    return part / (1.0 - part) * (1.0 + 2.0**-40) if part < 0.5 else np.inf
